using Tieout.Core.Invoicing;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Reconciliation.SelfCheck;

/// <summary>Findings about rows other than usage: postings of nothing, holds, issued invoices, damaged rows. Pure.</summary>
public static class RowRules
{
    /// <summary>A charge for usage that is not there.</summary>
    public static Finding ChargeOfNothing(in Posting posting) => new(
        FindingCode.LedgerMismatch, new(posting.Org, Posting: posting.Seq, At: posting.EffectiveAt), $"posting/{posting.Seq}", posting.Amount, Right: null,
        posting.UsageSeq == 0
            ? $"posting {posting.Seq} is a charge for no usage" : $"posting {posting.Seq} charges usage {posting.UsageSeq}, which does not exist",
        $"SELECT * FROM ledger_entries WHERE posting_id = {posting.Seq}", new Repair.Reverse(posting.Seq, posting.Amount, Anew: null));

    /// <summary>An open hold whose time was over by <paramref name="now"/>, and that nothing has expired.</summary>
    public static Finding OrphanHold(Hold hold, Instant now) => new(
        FindingCode.OrphanHold, Scope(hold), $"hold/{hold.Id}", hold.Amount, Amount.Zero, $"the hold was to end at {hold.ExpiresAt} and is still open at {now}",
        $"SELECT * FROM holds h LEFT JOIN hold_ends e ON e.hold = h.seq WHERE h.seq = {hold.Seq}", new Repair.EndHold(hold.Id));

    /// <summary>A hold that was settled, so the provider was reached, and no usage of it.</summary>
    public static Finding SettledWithoutUsage(Hold hold) => new(
        FindingCode.MissingUsage, Scope(hold), Finding.UsageKey(hold.Id), Left: null, hold.Amount,
        "the hold was settled and its usage record is missing: the right side is the most it can have cost",
        $"SELECT * FROM holds h LEFT JOIN hold_ends e ON e.hold = h.seq WHERE h.seq = {hold.Seq}",
        new Repair.RecordUsage(hold.Id, hold.Scope, hold.OperationId, hold.EndUser, hold.HeldAt, hold.Amount));

    /// <summary>An attempt that its envelope's lineage tells of, and no usage of it. Whether it was answered, the provider knows.</summary>
    /// <param name="expired">Its hold, which nothing ended before its time; null: there is none.</param>
    public static Finding SentWithoutUsage(LineageEntry entry, AttemptId id, Hold? expired)
    {
        var step = entry.Row.Step;
        var labels = expired?.Scope ?? Labels(entry);
        return new(
            FindingCode.MissingUsage, new(entry.Org, labels.Project, labels.Team, labels.Key, Usage: id, At: step.At), Finding.UsageKey(id), Left: null,
            Right: null,
            $"attempt {step.AttemptNo} of operation {entry.OperationId} went to {step.Target} at {step.At}, "
                + (expired is null ? "and it has neither a hold nor a usage record" : $"its hold of {expired.Amount} expired, and its usage record is missing"),
            $"SELECT * FROM lineage WHERE id = '{id}'",
            new Repair.RecordUsage(id, labels, entry.OperationId, expired?.EndUser, step.At, expired?.Amount));
    }

    /// <param name="charged">Σ postings that count in the invoice's period.</param>
    /// <param name="credited">Net of the credit notes that corrected it.</param>
    public static Finding? Invoice(FinalInvoice invoice, Amount charged, Func<string, Amount> credited)
    {
        var finding = new Finding(
            FindingCode.InvoiceMismatch, new(invoice.Org, At: Instant.From(invoice.From)), $"invoice/{invoice.Number}", invoice.Net,
            MinorUnit.Round(charged.ToDecimal(), invoice.Decimals),
            $"{invoice.Number} says {invoice.Net} for {invoice.Period}, its postings come to {charged}",
            $"SELECT sum(amount_nanos) FROM ledger_entries WHERE org_id = '{invoice.Org}' AND account = 'revenue' AND effective_at >= '{Instant.From(invoice.From)}' AND effective_at < '{Instant.From(invoice.To)}'",
            new Repair.Decide(0, "the invoice says less than was charged: bill the rest, or give it back"));
        finding = finding with { Left = invoice.Net - credited(finding.Id) };
        if (finding.Difference == Amount.Zero) return null;
        return finding.Difference > Amount.Zero
            ? finding with { Repair = new Repair.Credit(invoice.Number, finding.Difference!.Value, finding.Cause) } : finding;
    }

    /// <param name="row">Its number or name in the table.</param>
    public static Finding HashBreak(string table, string row, string problem, string? org) => new(
        FindingCode.HashBreak, new(org ?? ""), $"row/{table}/{row}", Left: null, Right: null, problem,
        $"SELECT * FROM {table} WHERE {(table == "chain" ? "commit_no" : table is "attributions" or "prices" ? "no" : table == "hold_ends" ? "hold" : "seq")} = {row}",
        new Repair.RestoreRow(table, row));

    /// <param name="waiting">Settlements that wait.</param>
    public static Finding SpoolBacklog(int waiting, Amount charge) => new(
        FindingCode.SpoolBacklog, new(""), "spool", Left: null, charge, $"{waiting} finished settlements wait in the spool, {charge} in all", "costs today",
        new Repair.ReplaySpool());

    /// <summary>As far as a step tells: who carried it out, and the provider and model it went to.</summary>
    private static UsageLabels Labels(LineageEntry entry)
    {
        var target = entry.Row.Step.Target.Split('/', 2);
        return new()
        {
            Org = entry.Org,
            Key = entry.Row.Step.Executor,
            Provider = target[0],
            Model = target.Length > 1
            ? target[1] : null,
            Source = UsageSource.Gateway
        };
    }

    private static FindingScope Scope(Hold hold) =>
        new(hold.Scope.Org, hold.Scope.Project, hold.Scope.Team, hold.Scope.Key, hold.Scope.Runtime?.AppInstance, hold.Id, At: hold.HeldAt);
}
