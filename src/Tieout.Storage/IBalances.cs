using Tieout.Core;
using Tieout.Core.Ledger;

namespace Tieout.Storage;

/// <summary>Balances of customer accounts, and the holds on them.</summary>
public interface IBalances
{
    /// <summary>How the org's customer account stands; null: no such org. Treat as read-only.</summary>
    /// <exception cref="StoreUnavailableException">The newest figures cannot be read now. So for budgets, today's spend and open holds.</exception>
    Account? Balance(string org);

    /// <summary>Open holds, of one org or of all.</summary>
    IReadOnlyList<Hold> OpenHolds(string? org);

    /// <summary>Holds of a state, newest first, of one org or of all.</summary>
    Task<IReadOnlyList<HeldAttempt>> HoldsAsync(string? org, HoldState state, int limit, CancellationToken cancellationToken);
}

public sealed record HeldAttempt(Hold Hold, HoldState State, Instant? EndedAt);
