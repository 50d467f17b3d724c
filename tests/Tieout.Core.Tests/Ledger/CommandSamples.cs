using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Tests.Ledger;

/// <summary>One command of each kind. A kind that is missing here fails <c>FootprintTests</c>.</summary>
internal static class CommandSamples
{
    public static IReadOnlyList<Command> All { get; } = [.. Make()];

    /// <summary>Whether deciding it looks only at what a book always holds.</summary>
    public static bool LooksAtNothing(Command sample) =>
        sample is Command.OpenOrg or Command.SetBudget or Command.ClosePeriod or Command.Record or Command.ExpireGrant or Command.RecordAudit;

    /// <summary>As its sender sends it: by a person, where only persons do.</summary>
    public static Command Asked(Command sample) =>
        sample is Command.RecordAudit or Command.ApproveProposal or Command.RejectProposal ? Ledger.Make.Asked(sample) : sample;

    private static IEnumerable<Command> Make()
    {
        var top = (Command.TopUp)Ledger.Make.TopUp(1);
        var correct = new Command.Correct("c", "acme", 1, null, "why");
        yield return Ledger.Make.OpenOrg();
        yield return Ledger.Make.Budget(1);
        yield return new Command.ClosePeriod("acme", new Month(2026, 1));
        yield return new Command.Record(SettingKind.Team, "acme", "red", "{}", Once: true);
        yield return top;
        yield return new Command.Grant("g", "acme", new(1), 0, null);
        yield return new Command.ExpireGrant("acme", "g");
        yield return new Command.PlaceHold(
            Ledger.Make.Id(1), Ledger.Make.Labels(), null, "op", new(1), TimeSpan.FromMinutes(1))
        { Lineage = Ledger.Make.Step(previous: null) };
        yield return Ledger.Make.Settle(1, 1);
        yield return new Command.Release(Ledger.Make.Id(1));
        yield return new Command.ExpireHold(Ledger.Make.Id(1));
        yield return Ledger.Make.Charge(1, 1);
        yield return new Command.RecordHop("acme", "op", Ledger.Make.Step(previous: null));
        yield return new Command.KeepObject(Ledger.Make.Object("o"));
        yield return new Command.EndObject("acme", ObjectKind.File, "o", "{}");
        yield return new Command.ChargeRecorded("r", "acme", 1, "why");
        yield return correct;
        yield return new Command.Recharge("acme", [correct], []);
        yield return new Command.Together("acme", [top]);
        yield return new Command.ApproveProposal("acme", "p", "h", top);
        yield return new Command.RejectProposal("acme", "p", "h", "why");
        yield return new Command.RecordAudit("acme", "done");
        yield return new Command.AddRecord(RecordKind.Evidence, "acme", "e", "{}", Once: true)
        {
            Announcement = new(new("message", "thing.seen", """{"message":1}"""), new(new("thing", "low"), """{"finding":1}"""), "state"),
        };
        yield return new Command.Announce("a", "acme", "alert.test", "{}");
    }
}
