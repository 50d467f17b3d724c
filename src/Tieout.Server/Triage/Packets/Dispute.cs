using Tieout.Core;
using Tieout.Core.Invoicing;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Storage;

namespace Tieout.Server.Triage.Packets;

/// <summary>What a tenant disputes, with all that the ledger wrote about it.</summary>
/// <param name="Id">As it was asked for.</param>
/// <param name="FoundAs">usage_id, operation_id or invoice_line.</param>
/// <param name="Attempts">One or more.</param>
/// <param name="Line">The line of an issued invoice; null: the dispute names none.</param>
/// <param name="LeftOut">Attempts of the dispute that the packet has no room for.</param>
internal sealed record Dispute(
    string Id, string FoundAs, OrgState Org, IReadOnlyList<DisputedAttempt> Attempts, DisputedLine? Line = null, long LeftOut = 0)
{
    public IReadOnlyList<string> Operations { get; } = [.. Attempts.Select(attempt => attempt.Operation).Distinct(StringComparer.Ordinal)];

    public IReadOnlyList<string> Workflows { get; } =
        [.. Attempts.Select(attempt => attempt.Usage?.Usage.WorkflowId).OfType<string>().Distinct(StringComparer.Ordinal)];

    /// <summary>Charges with their corrections.</summary>
    public Amount Charged => Amount.Sum(Attempts.Select(attempt => attempt.Charged));

    public Instant From => Attempts.Min(attempt => attempt.At);

    /// <summary>When the last attempt was made: policies and contracts are those in force then.</summary>
    public Instant Last => Attempts.Max(attempt => attempt.At);
}

/// <param name="Price">That the usage was charged at; null: its amount was stated, no price was known, or there is no usage.</param>
internal sealed record DisputedAttempt(Attempt Attempt, AttemptRecords Records, ResolvedPrice? Price)
{
    public UsageRow? Usage => Attempt.Usage;

    public string Id => (Usage?.Usage.Id ?? Attempt.Hold!.Id).ToString();

    public string Operation => Usage?.Usage.OperationId ?? Attempt.Hold!.OperationId;

    public Instant At => Usage?.Usage.OccurredAt ?? Attempt.Hold!.HeldAt;

    public Amount Charged => Amount.Sum(Records.Postings.Select(posting => Signed(posting.Row)));

    /// <summary>What the posting adds to what the org was charged.</summary>
    public static Amount Signed(in Posting posting) => posting.Kind == PostingKind.Reversal ? -posting.Amount : posting.Amount;

    /// <summary>The commits that have the attempt's rows.</summary>
    public IEnumerable<long> Commits => new[] { Records.Held, Records.Ended?.Commit, Records.Used }.OfType<CommitLink>()
        .Concat(Records.Postings.Select(posting => posting.Commit)).Select(link => link.Commit);
}

/// <param name="No">From 1, as the invoice shows it.</param>
internal sealed record DisputedLine(FinalInvoice Invoice, int No)
{
    public FinalLine Line => Invoice.Lines[No - 1];
}
