using Tieout.Core.Ledger;
using Tieout.Core.Money;

using Outcome = Tieout.Core.Ledger.Outcome;

namespace Tieout.Core.Tests.Ledger;

/// <summary>A1: the steps of an issuance are one chain by one text of its envelope, whoever appends, and in whatever order they come.</summary>
public sealed class LineageAppendTests
{
    [Fact]
    public void A1_a_step_is_appended_to_the_last_one_only()
    {
        var ledger = Histories.Begin();
        var first = Make.Step(previous: null);
        var second = Make.Step(first.Row);
        var table = new (string What, LineageAppend Step, Refusal? Refused)[]
        {
            ("a second before the first", second, Refusal.LineageMoved),
            ("the first", first, null),
            ("another first", Make.Step(previous: null, id: "other"), Refusal.LineageMoved),
            ("one too far", Make.Step(second.Row), Refusal.LineageMoved),
            ("the right number on a wrong link", second with { Previous = new byte[32] }, Refusal.LineageMoved),
            ("another text of the envelope", Make.Step(first.Row, token: "a.b.d"), Refusal.EnvelopeDiffers),
            ("the second", second, null),
            ("the second again", second, Refusal.LineageMoved),
            ("another issuance", Make.Step(previous: null, issuance: "i-2"), null),
            ("the third", Make.Step(second.Row), null),
        };
        var id = 0;
        foreach (var (what, step, refused) in table)
        {
            var before = ledger.State();
            var outcome = ledger.Submit(Hold(ledger, ++id, step));
            Assert.Equal((what, refused), (what, (outcome as Outcome.Refused)?.Reason));
            if (refused is not null) Assert.Equal(before, ledger.State());
        }

        Assert.Equal(4, ledger.Book.Last.Lineage);
    }

    [Fact]
    public void A1_a_hop_is_appended_to_the_last_step_only_and_the_same_again_is_a_replay()
    {
        var ledger = Histories.Begin();
        var first = Make.Step(previous: null);
        var second = Make.Step(first.Row);
        Assert.IsType<Outcome.Done>(ledger.Submit(Hold(ledger, 1, first)));
        Assert.IsType<Outcome.Done>(ledger.Submit(new Command.RecordHop("acme", "op1", second)));
        var before = ledger.State();
        Assert.IsType<Outcome.Replayed>(ledger.Submit(new Command.RecordHop("acme", "op1", second)));
        Assert.Equal(Refusal.LineageMoved,
            Assert.IsType<Outcome.Refused>(ledger.Submit(new Command.RecordHop("acme", "op1", Make.Step(first.Row, id: "other")))).Reason);
        Assert.Equal(
            Refusal.OrgNotFound, Assert.IsType<Outcome.Refused>(ledger.Submit(new Command.RecordHop("nobody", "op1", Make.Step(previous: null)))).Reason);
        Assert.Equal(before, ledger.State());
        Assert.Equal(2, ledger.Book.Last.Lineage);
    }

    [Fact]
    public void A1_steps_of_one_batch_see_each_other()
    {
        var ledger = Histories.Begin();
        var first = Make.Step(previous: null);
        var outcomes = ledger.Submit([Hold(ledger, 1, first), Hold(ledger, 2, first), Hold(ledger, 3, Make.Step(first.Row))]);
        Assert.Equal([null, Refusal.LineageMoved, null], outcomes.Select(outcome => (outcome as Outcome.Refused)?.Reason));
    }

    [Fact]
    public void L6_a_step_whose_hold_is_refused_is_not_appended()
    {
        var ledger = Histories.Begin();
        Assert.IsType<Outcome.Refused>(ledger.Submit(Hold(ledger, 1, Make.Step(previous: null), amount: 5_000)));
        Assert.Equal(0, ledger.Book.Last.Lineage);
    }

    [Fact]
    public void A_charge_without_a_hold_bears_its_step()
    {
        var ledger = Histories.Begin();
        var charge = (Command.Charge)Make.Charge(1, 5, at: ledger.Now, fact: true);
        var first = Make.Step(previous: null);
        Assert.IsType<Outcome.Done>(ledger.Submit(charge with { Lineage = first }));
        Assert.IsType<Outcome.Replayed>(ledger.Submit(charge with { Lineage = first }));
        Assert.Equal(1, ledger.Book.Last.Lineage);
    }

    private static Command.PlaceHold Hold(MemoryLedger ledger, int id, LineageAppend step, long amount = 5) =>
        new Command.PlaceHold(Make.Id(id), Make.Labels(), null, "op1", new Amount(amount), TimeSpan.FromHours(1)) { Lineage = step };
}
