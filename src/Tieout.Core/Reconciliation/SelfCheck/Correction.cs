using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Reconciliation.SelfCheck;

/// <summary>What a person says where only a person knows.</summary>
/// <param name="Amount">What the usage should cost; null: not said.</param>
/// <param name="Accept">Let it stand as it is.</param>
public sealed record Decision(Amount? Amount = null, bool Accept = false)
{
    public static readonly Decision None = new();
}

/// <summary>The commands that repair a finding, in the order in which they must be submitted. Each has an id of its own, so doing it twice is doing it once
/// (L3).</summary>
/// <param name="Needs">Why nothing can be done yet, for people; null: it can.</param>
public sealed record Correction(IReadOnlyList<Command> Commands, string? Needs = null)
{
    /// <summary>Repairs that are postings. The others (figures, metering, credit notes, restoring) are their owners' work.</summary>
    /// <remarks>
    /// The commands first enter what is missing or right, and last take back what is wrong. One org's commands are one commit.
    /// Where another org is charged, its commit comes first: if the second does not follow, a run still finds the finding.
    /// The reason of every posting names the finding and its correlation id.
    /// </remarks>
    public static Correction Of(Finding finding, Decision decision)
    {
        var reason = finding.Scope.CorrelationId is { } correlation ? $"{finding.Id} correlation {correlation}" : finding.Id;
        var org = finding.Scope.Org;
        switch (finding.Repair)
        {
            case Repair.Reverse reverse:
                return new([Correct(finding, org, reverse.Posting, reverse.Anew, reason)]);
            case Repair.ChargeRecorded charge:
                return new([new Command.ChargeRecorded(finding.Id, org, charge.Usage, reason)]);
            case Repair.Relabel relabel:
                return new([new Command.Charge(relabel.Charge, Fact: true), Correct(finding, relabel.WrongOrg, relabel.Posting, anew: null, reason)]);
            case Repair.EndHold hold:
                return new([new Command.ExpireHold(hold.Hold)]);
            case Repair.RecordUsage record:
                if (decision.Amount is not { } used) return new([], finding.Repair.Proposed);
                return new([record.Held is null ? new Command.Charge(Recorded(record, used), Fact: true) : new Command.Settle(Recorded(record, used))]);
            case Repair.Decide { Posting: > 0 } decide when decision.Amount is { } amount:
                return new([Correct(finding, org, decide.Posting, amount, reason)]);
            default:
                return new([], finding.Repair.Proposed);
        }
    }

    private static Command.Correct Correct(Finding finding, string org, long posting, Amount? anew, string reason) =>
        new(finding.Id, org, posting, anew, reason) { IsPostingRepair = finding.Code.IsOfPostings };

    /// <summary>Usage that a person vouches for: its counts are not known, what it came to is.</summary>
    private static PricedUsage Recorded(Repair.RecordUsage lost, Amount amount)
    {
        var usage = new UsageRecord(
            lost.Id, lost.Labels, lost.OperationId, 1, null, null, null, lost.EndUser, lost.At, 0, 200, default, UsageBasis.Imported, UsageFlags.None);
        return new(usage, Price: null, amount, amount);
    }
}
