using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Tests.Ledger;

/// <summary>A rule that broke a promise would stop the batch: each test writes to a draft what no rule may write.</summary>
public sealed class DraftInvariantTests
{
    private readonly MemoryLedger _ledger = new();

    public DraftInvariantTests()
    {
        foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(100), Make.Charge(1, 40, at: _ledger.Now)])
        {
            Assert.IsType<Outcome.Done>(_ledger.Submit(command));
        }
    }

    private OrgState Acme => _ledger.Book.Org("acme")!;

    [Fact]
    public void L3_an_id_is_not_written_twice()
    {
        Breaks("L3", draft => draft.Add("acme", "t1", "{}", posting: 1));
        Breaks("L3", draft =>
        {
            draft.Add((Command.PlaceHold)Make.Hold(_ledger, 2, 1));
            draft.Add((Command.PlaceHold)Make.Hold(_ledger, 2, 1));
        });
    }

    [Fact]
    public void L5_no_window_holds_less_than_nothing() => Breaks("L5", draft =>
    {
        draft.TouchWindow(draft.Budgets.Find(Acme.MeterBudget)!, endUser: null, draft.Now).Held -= new Amount(1);
        draft.Finish([]);
    });

    [Fact]
    public void L6_a_refused_command_that_wrote_or_touched_something_is_found()
    {
        Action<Draft>[] writes =
        [
            draft => draft.Add("acme", "t2", "{}", posting: 1),
            draft => draft.Add((Command.PlaceHold)Make.Hold(_ledger, 2, 1)),
            draft => draft.Touch(Acme, AccountKind.Customer),
            draft => draft.TouchWindow(draft.Budgets.Find(Acme.MeterBudget)!, endUser: null, draft.Now + TimeSpan.FromDays(2)),
            draft => draft.Tell("m", "acme", "alert.test", "{}"),
            draft => draft.LabelsNo(Make.Labels(team: "new")),
            draft => draft.Cell(draft.Now, 1),
        ];
        Assert.All(writes, write => Breaks("L6", draft =>
        {
            var before = draft.Extent;
            draft.HoldsUnchanged(before);
            write(draft);
            draft.HoldsUnchanged(before);
        }));
    }

    [Fact]
    public void L7_a_posting_is_taken_back_once_and_with_a_reason()
    {
        var charge = _ledger.Postings[^1].Posting;
        _ledger.Book.Recall(new PostedBefore(charge, _ledger.Usage[0], Reversed: false));
        void Reverse(Draft draft, long reverses, string? reason) => draft.Post(
            Acme, PostingKind.Reversal, AccountKind.Revenue, AccountKind.Customer, charge.Amount, draft.Now, charge.UsageSeq, "c1", reverses, reason);

        Breaks("L7", draft => Reverse(draft, charge.Seq, reason: null));
        Breaks("L7", draft => Reverse(draft, reverses: 0, "why"));
        Breaks("L7", draft =>
        {
            Reverse(draft, charge.Seq, "why");
            Reverse(draft, charge.Seq, "why");
        });
        Breaks("L7", draft => draft.Post(Acme, PostingKind.TopUp, AccountKind.Funding, AccountKind.Customer, new Amount(1), draft.Now, isPostingRepair: true));
    }

    [Fact]
    public void M1_an_attempt_has_one_usage_record_and_a_charge_is_of_usage()
    {
        Breaks("M1", draft => draft.Add(Make.Priced(1, 40), ChargeFlags.None, draft.Now));
        Breaks("M1", draft => draft.Post(Acme, PostingKind.Charge, AccountKind.Customer, AccountKind.Revenue, new Amount(1), draft.Now));
    }

    [Fact]
    public void I2_nothing_is_posted_into_a_closed_period()
    {
        Assert.IsType<Outcome.Done>(_ledger.Submit(new Command.ClosePeriod("acme", new Month(2026, 2))));
        Breaks("I2", draft => draft.Post(
            Acme, PostingKind.TopUp, AccountKind.Funding, AccountKind.Customer, new Amount(1), Acme.OpenFrom - TimeSpan.FromSeconds(1), commandId: "t2"));
    }

    private void Breaks(string rule, Action<Draft> act) =>
        Assert.Equal(rule, Assert.Throws<InvariantBrokenException>(() => act(new Draft(_ledger.Book, _ledger.Now, 1))).Rule);
}
