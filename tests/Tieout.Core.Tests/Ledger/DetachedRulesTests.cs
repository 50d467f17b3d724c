using Tieout.Core.Budgets;
using Tieout.Core.Ledger;

namespace Tieout.Core.Tests.Ledger;

/// <summary>That nothing is decided on rows that left the ledger, and that all else is decided as before.</summary>
public sealed class DetachedRulesTests
{
    private readonly MemoryLedger _ledger = new();

    public DetachedRulesTests()
    {
        Assert.IsType<Outcome.Done>(_ledger.Submit(Make.OpenOrg()));
        Assert.IsType<Outcome.Done>(_ledger.Submit(Make.TopUp(1_000)));
        _ledger.Book.Recall(Detached(usage: 90, posting: 90, _ledger.Now + TimeSpan.FromMinutes(1)));
        _ledger.Book.Recall(Make.Id(1), Attempt.Archived);
        _ledger.Now += TimeSpan.FromHours(1);
    }

    [Fact]
    public void L3_an_id_whose_rows_are_detached_is_taken()
    {
        foreach (var command in (Command[])[Make.Charge(1, 5, at: _ledger.Now), Make.Hold(_ledger, 1, 5), Make.Settle(1, 5, at: _ledger.Now),
            new Command.Release(Make.Id(1)), new Command.ExpireHold(Make.Id(1)), Make.Recharge([], Make.Charge(1, 5, at: _ledger.Now, fact: true))])
        {
            Refused(command);
        }

        Assert.IsType<Outcome.Done>(_ledger.Submit(Make.Charge(2, 5, at: _ledger.Now)));
    }

    [Fact]
    public void L7_a_detached_posting_is_not_corrected()
    {
        Refused(new Command.Correct("c1", "acme", 5, null, "late"));
        Refused(Make.Recharge([5]));
        Refused(new Command.ChargeRecorded("c2", "acme", 5, "late"));
        Assert.Equal(Refusal.PostingNotFound, Assert.IsType<Outcome.Refused>(_ledger.Submit(new Command.Correct("c3", "acme", 91, null, "late"))).Reason);
    }

    [Fact]
    public void B2_a_new_budget_whose_window_began_in_detached_months_is_refused_unless_the_org_is_younger()
    {
        Refused(Make.Budget(100, window: WindowUnit.Total));
        Assert.IsType<Outcome.Done>(_ledger.Submit(Make.OpenOrg("young")));
        Assert.IsType<Outcome.Done>(_ledger.Submit(Make.Budget(100, new BudgetScope("young"), WindowUnit.Total)));
        _ledger.Now += TimeSpan.FromDays(1);
        Assert.IsType<Outcome.Done>(_ledger.Submit(Make.Budget(100)));
    }

    [Fact]
    public void A_record_of_detached_rows_is_read_as_it_was_written()
    {
        var detached = Detached(7, 8, new(9));
        var read = Detachment.Parse(detached.Body);
        Assert.Equal(detached with { Files = [] }, read with { Files = [] });
        Assert.Equal(detached.Files, read.Files);
        Assert.Throws<FormatException>(() => Detachment.Parse("{}"));
        Assert.Throws<FormatException>(() => Detachment.Parse("no record"));
    }

    // What stays was listed up to a posting: a correction after it may name a row that is about to go.
    [Fact]
    public void L7_a_record_of_detached_rows_is_refused_when_a_correction_came_after_its_list()
    {
        Command Add(long listed) => new Command.AddRecord(
            RecordKind.Detachment, "", "ledger", (Detached(90, 90, _ledger.Now) with { Listed = listed }).Body, Once: false);
        _ledger.Book.RecallCorrection(95);
        Assert.True(Add(95).IsDecidedAlone);
        Assert.Equal(Refusal.RecordChanged, Assert.IsType<Outcome.Refused>(_ledger.Submit(Add(94))).Reason);
        Assert.IsType<Outcome.Done>(_ledger.Submit(Add(95)));
        Assert.Equal(95, _ledger.Book.Detached!.Listed);
    }

    [Fact]
    public void A_record_of_before_lists_had_an_end_is_read()
    {
        var body = Detached(7, 8, new(9)).Body;
        Assert.Equal(long.MaxValue, Detachment.Parse(body.Replace($",\"listed\":{long.MaxValue}", "", StringComparison.Ordinal)).Listed);
    }

    private void Refused(Command command)
    {
        var refused = Assert.IsType<Outcome.Refused>(_ledger.Submit(command));
        Assert.Equal((Refusal.RowsArchived, "/archive"), (refused.Reason, refused.Limit));
    }

    private static Detachment Detached(long usage, long posting, Instant at) => new(
        "plan", "/archive", new Sequences(1, usage, posting, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), "aa", at, new(1, 2, 3), "bb", "cc", 4, "dd", [("f", "ee")]);
}
