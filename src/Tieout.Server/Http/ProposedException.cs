using Tieout.Core.Ledger;

namespace Tieout.Server.Http;

/// <summary>The action was recorded as a proposal and waits for a second person. The gate answers 202 with the proposal.</summary>
internal sealed class ProposedException(Outcome.Proposed proposed) : Exception
{
    public Outcome.Proposed Proposed { get; } = proposed;
}
