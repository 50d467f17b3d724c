using Tieout.Core.Budgets;
using Tieout.Core.Ledger;

namespace Tieout.Core.Tests.Ledger;

/// <summary>What an org may occupy in the ledger has limits: labels and end users beyond them become <c>other</c>, everything else is refused by
/// name.</summary>
public sealed class LedgerLimitTests
{
    private static MemoryLedger Ledger(LedgerLimits limits)
    {
        var ledger = new MemoryLedger { Book = { Limits = limits } };
        foreach (var org in (ReadOnlySpan<string>)["acme", "globex"])
        {
            Assert.IsType<Outcome.Done>(ledger.Submit(Make.OpenOrg(org)));
            Assert.IsType<Outcome.Done>(ledger.Submit(Make.TopUp(1_000_000, org: org)));
        }

        return ledger;
    }

    [Fact]
    public void Labels_beyond_the_limit_become_other_and_a_finding_opens_once()
    {
        var ledger = Ledger(new() { LabelSetsPerOrg = 10 });
        for (var i = 1; i <= 400; i++)
        {
            Assert.IsType<Outcome.Done>(ledger.Submit(Make.Charge(i, 1, Make.Labels(feature: $"f{i}", model: $"m{i}"), at: ledger.Now, fact: true)));
        }

        Assert.InRange(ledger.Book.LabelSetsOf("acme"), 10, 12);
        Assert.Single(ledger.Findings, finding => finding.Code == FindingCode.LabelSetsFull && finding.Org == "acme");
        Assert.Equal(400, ledger.Usage.Count);
        Assert.Equal(("other", "other"), (ledger.Usage[^1].Usage.Labels.Feature, ledger.Usage[^1].Usage.Labels.Model));
        Assert.Equal("f3", ledger.Usage[2].Usage.Labels.Feature);
        Assert.IsType<Outcome.Done>(ledger.Submit(Make.Charge(1_001, 1, Make.Labels("globex", feature: "mine"), at: ledger.Now)));
        Assert.Equal("mine", ledger.Usage[^1].Usage.Labels.Feature);
        AssertSame(ledger);
    }

    [Fact]
    public void Every_org_has_some_labels_however_many_others_have_taken()
    {
        var ledger = Ledger(new() { LabelSets = 20, LabelSetsReserved = 3 });
        for (var i = 1; i <= 50; i++) ledger.Submit(Make.Charge(i, 1, Make.Labels(feature: $"f{i}"), at: ledger.Now));
        for (var i = 51; i <= 60; i++) ledger.Submit(Make.Charge(i, 1, Make.Labels("globex", feature: $"f{i}"), at: ledger.Now));

        Assert.InRange(ledger.Book.LabelSets, 20, 25);
        Assert.Equal(
            ["f51", "f52", "f53", "other"], ledger.Usage.Where(row => row.Usage.Labels.Org == "globex").Select(row => row.Usage.Labels.Feature).Distinct());
    }

    [Fact]
    public void L3_a_replay_of_what_became_other_is_a_replay()
    {
        var ledger = Ledger(new() { LabelSetsPerOrg = 1, EndUsersPerBudget = 1 });
        ledger.Submit(Make.Budget(500_000, new BudgetScope("acme", User: BudgetScope.EachUser)));
        ledger.Submit(Make.Charge(1, 1, Make.Labels(feature: "first"), user: "u1", at: ledger.Now));

        var charge = Make.Charge(2, 5, Make.Labels(feature: "second"), user: "u2", at: ledger.Now);
        var hold = Make.Hold(ledger, 3, 7, Make.Labels(feature: "third"), user: "u3");
        var settle = Make.Settle(3, 6, Make.Labels(feature: "third", model: "m2"), user: "u3", at: ledger.Now);
        foreach (var command in (ReadOnlySpan<Command>)[charge, hold, settle]) Assert.IsType<Outcome.Done>(ledger.Submit(command));
        foreach (var command in (ReadOnlySpan<Command>)[charge, hold, settle]) Assert.IsType<Outcome.Replayed>(ledger.Submit(command));

        Assert.Equal(Refusal.IdReused,
            Assert.IsType<Outcome.Refused>(ledger.Submit(Make.Charge(2, 6, Make.Labels(feature: "second"), user: "u2", at: ledger.Now))).Reason);
        Assert.Equal(
            Refusal.IdReused, Assert.IsType<Outcome.Refused>(ledger.Submit(Make.Hold(ledger, 3, 8, Make.Labels(feature: "third"), user: "u3"))).Reason);
        Assert.Equal(Refusal.IdReused,
            Assert.IsType<Outcome.Refused>(ledger.Submit(Make.Charge(1, 1, Make.Labels(feature: "zero"), user: "u1", at: ledger.Now))).Reason);
        Assert.Equal(0, ledger.Book.OpenHoldsOf("acme"));
        AssertSame(ledger);
    }

    [Fact]
    public void B1_no_budget_is_evaded_by_using_up_the_labels()
    {
        var ledger = Ledger(new() { LabelSetsPerOrg = 2 });
        ledger.Submit(Make.Budget(100, new BudgetScope("acme", Feature: "dear")));
        for (var i = 1; i <= 10; i++) ledger.Submit(Make.Charge(i, 1, Make.Labels(feature: $"f{i}"), at: ledger.Now));

        Assert.IsType<Outcome.Done>(ledger.Submit(Make.Charge(11, 60, Make.Labels(feature: "dear"), at: ledger.Now)));
        Assert.Equal(Refusal.BudgetExhausted,
            Assert.IsType<Outcome.Refused>(ledger.Submit(Make.Charge(12, 60, Make.Labels(feature: "dear", model: "m2"), at: ledger.Now))).Reason);
        Assert.Equal(Refusal.BudgetInvalid, Assert.IsType<Outcome.Refused>(ledger.Submit(Make.Budget(100, new BudgetScope("acme", Feature: "other")))).Reason);
        Assert.Equal(Refusal.BudgetInvalid, Assert.IsType<Outcome.Refused>(ledger.Submit(Make.Budget(100, new BudgetScope("acme", User: "other")))).Reason);
    }

    [Fact]
    public void End_users_beyond_the_limit_share_a_window()
    {
        var ledger = Ledger(new() { EndUsersPerBudget = 5 });
        ledger.Submit(Make.Budget(100, new BudgetScope("acme", User: BudgetScope.EachUser)));
        var batch = Enumerable.Range(1, 50).Select(i => Make.Hold(ledger, i, 2, user: $"u{i}")).ToList();
        Assert.All(ledger.Submit(batch), outcome => Assert.IsType<Outcome.Done>(outcome));
        for (var i = 1; i <= 50; i++) Assert.IsType<Outcome.Done>(ledger.Submit(Make.Settle(i, 2, user: $"u{i}", at: ledger.Now)));

        Assert.Equal(["u1", "u2", "u3", "u4", "u5", "other"], ledger.Holds.Select(row => row.Hold.EndUser).Distinct());
        Assert.Equal(6, ledger.Book.Windows.Keys.Count(key => key.Each is not null));
        Assert.Single(ledger.Findings, finding => finding.Code == FindingCode.EndUsersFull);

        // The shared window is full: 45 times 2 of 100 are spent.
        Assert.Equal(Refusal.BudgetExhausted, Assert.IsType<Outcome.Refused>(ledger.Submit(Make.Hold(ledger, 99, 11, user: "u99"))).Reason);
        Assert.IsType<Outcome.Done>(ledger.Submit(Make.Hold(ledger, 100, 11, user: "u1")));
        AssertSame(ledger);
    }

    [Fact]
    public void Open_holds_have_a_limit_for_each_org()
    {
        var ledger = Ledger(new() { OpenHoldsPerOrg = 3 });
        var outcomes = ledger.Submit([.. Enumerable.Range(1, 4).Select(i => Make.Hold(ledger, i, 1))]);

        var refused = Assert.IsType<Outcome.Refused>(outcomes[3]);
        Assert.Equal((Refusal.TooManyOpenHolds, "3"), (refused.Reason, refused.Limit));
        Assert.IsType<Outcome.Replayed>(ledger.Submit(Make.Hold(ledger, 3, 1)));
        Assert.IsType<Outcome.Done>(ledger.Submit(Make.Hold(ledger, 5, 1, Make.Labels("globex"))));
        ledger.Submit(new Command.Release(Make.Id(1)));
        ledger.Submit(Make.Settle(2, 1, at: ledger.Now));
        Assert.Equal(1, ledger.Book.OpenHoldsOf("acme"));
        Assert.IsType<Outcome.Done>(ledger.Submit(Make.Hold(ledger, 4, 1)));
    }

    [Fact]
    public void Settings_of_a_kind_have_a_limit_for_each_org()
    {
        var ledger = Ledger(new() { SettingsPerKind = 2 });
        Command Team(string name, string body = "{}", string org = "acme") => new Command.Record(SettingKind.Team, org, name, body, Once: false);
        ledger.Submit(Team("a"));
        ledger.Submit(Team("b"));

        var refused = Assert.IsType<Outcome.Refused>(ledger.Submit(Team("c")));
        Assert.Equal((Refusal.TooManySettings, "2"), (refused.Reason, refused.Limit));
        Assert.IsType<Outcome.Done>(ledger.Submit(Team("a", "{\"x\":1}")));
        Assert.IsType<Outcome.Replayed>(ledger.Submit(Team("b")));
        Assert.IsType<Outcome.Done>(ledger.Submit(Team("c", org: "globex")));
        Assert.IsType<Outcome.Done>(ledger.Submit(new Command.Record(SettingKind.Project, "acme", "a", "{}", Once: false)));
        for (var i = 0; i < 5; i++) Assert.IsType<Outcome.Done>(ledger.Submit(new Command.AddRecord(RecordKind.Evidence, "acme", $"e{i}", "{}", Once: true)));

        // The org's own daily meter is no setting.
        Assert.IsType<Outcome.Done>(ledger.Submit(Make.Budget(100, new BudgetScope("acme", Team: "a"))));
        Assert.IsType<Outcome.Done>(ledger.Submit(Make.Budget(100, new BudgetScope("acme", Team: "b"))));
        Assert.Equal(Refusal.TooManySettings, Assert.IsType<Outcome.Refused>(ledger.Submit(Make.Budget(100, new BudgetScope("acme", Team: "c")))).Reason);
        Assert.IsType<Outcome.Done>(ledger.Submit(Make.Budget(200, new BudgetScope("acme", Team: "a"))));
    }

    [Fact]
    public void A_lineage_has_a_limit()
    {
        var ledger = Ledger(new() { LineageSteps = 3 });
        LineageRow? last = null;
        for (var no = 1; no <= 3; no++)
        {
            var step = Make.Step(last, id: $"s{no}");
            Assert.IsType<Outcome.Done>(ledger.Submit(new Command.RecordHop("acme", "op", step)));
            last = step.Row;
        }

        Assert.Equal(
            Refusal.TooManySteps, Assert.IsType<Outcome.Refused>(ledger.Submit(new Command.RecordHop("acme", "op", Make.Step(last, id: "s4")))).Reason);
        Assert.Equal(Refusal.TooManySteps,
            Assert.IsType<Outcome.Refused>(
                ledger.Submit((Command.PlaceHold)Make.Hold(ledger, 1, 1) with { OperationId = "op", Lineage = Make.Step(last) })).Reason);
        Assert.Equal(0, ledger.Book.OpenHoldsOf("acme"));
    }

    /// <summary>What is stored says all: recomputing needs no limits.</summary>
    private static void AssertSame(MemoryLedger ledger)
    {
        var again = ledger.Recompute();
        foreach (var (key, window) in ledger.Book.Windows) Assert.Equal(
            (window.Posted, window.Held), again.Windows.TryGetValue(key, out var same) ? (same.Posted, same.Held) : default);
        Assert.All(again.Windows.Keys, key => Assert.NotNull(ledger.Book.Window(key)));
    }
}
