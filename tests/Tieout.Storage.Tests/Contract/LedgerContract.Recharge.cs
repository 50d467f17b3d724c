using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Tests.Ledger;

namespace Tieout.Storage.Tests.Contract;

/// <summary>Charges that are taken back and made anew in one.</summary>
public abstract partial class LedgerContract
{
    // Goal: a hold is never refused for a moment in which both the old and the new charge stand. Method: holds for all that is left, while charges are made
    // anew.
    [Fact]
    public async Task L2_while_charges_are_made_anew_nobody_is_refused_what_is_left()
    {
        await using (var ledger = Open(fresh: true))
        {
            await BeginAsync(ledger);
            var left = ledger.Read.Balance("acme")!.Balance.Nanos;
            await ledger.SubmitAsync([.. Enumerable.Range(1, 20).Select(i => Make.Charge(i, (left - 100) / 20, at: Clock.Now))], Cancel);
        }

        // Opened again, so that what is taken back must be read.
        await using (var ledger = Open(fresh: false))
        {
            var charged = (await ToListAsync(ledger.Read.PostingsAsync("acme", Instant.UnixEpoch, new(long.MaxValue), 0, Cancel))).Where(
                posting => posting.Kind == PostingKind.Charge).ToList();
            var free = ledger.Read.Balance("acme")!.Available!.Value;
            for (var i = 0; i < charged.Count; i++)
            {
                var (old, hold) = (charged[i], Make.Id(200 + i));
                var anew = Make.Recharge([old.Seq], Make.Charge(100 + i, old.Amount.Nanos, at: Clock.Now, fact: true));
                var both = new[]
                {
                    ledger.SubmitAsync(anew, Cancel).AsTask(),
                    ledger.SubmitAsync(new Command.PlaceHold(hold, Make.Labels(), null, "op", free, TimeSpan.FromMinutes(1)), Cancel).AsTask(),
                };
                Assert.All(await Task.WhenAll(both), outcome => Assert.IsType<Outcome.Done>(outcome));
                Assert.IsType<Outcome.Replayed>(await ledger.SubmitAsync(anew, Cancel));
                Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(new Command.Release(hold), Cancel));
            }

            Assert.Equal(free, ledger.Read.Balance("acme")!.Available!.Value);
            Assert.Empty(await ledger.Read.FindingsAsync("acme", 100, Cancel));
            var refused = Make.Recharge([charged[0].Seq], Make.Charge(300, 1, at: Clock.Now, fact: true), Make.Charge(301, -1, at: Clock.Now, fact: true));
            Assert.Equal(Refusal.AmountNotPositive, Assert.IsType<Outcome.Refused>(await ledger.SubmitAsync(refused, Cancel)).Reason);
            Assert.Null(await ledger.Read.AttemptAsync("acme", Make.Id(300), Cancel));

            // What it takes back may have been charged just before, in the same list.
            var next = (await ToListAsync(ledger.Read.PostingsAsync("acme", Instant.UnixEpoch, new(long.MaxValue), 0, Cancel)))[^1].Seq + 1;
            var list = await ledger.SubmitAsync(
                [Make.Charge(400, 5, at: Clock.Now), Make.Recharge([next], Make.Charge(401, 4, at: Clock.Now, fact: true))], Cancel);
            Assert.All(list, outcome => Assert.IsType<Outcome.Done>(outcome));
            Assert.Equal(free.Nanos - 4, ledger.Read.Balance("acme")!.Available!.Value.Nanos);
        }
    }
}
