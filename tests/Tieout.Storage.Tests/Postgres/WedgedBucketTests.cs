using Tieout.Core.Ledger;
using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Postgres;

namespace Tieout.Storage.Tests.Postgres;

public sealed class WedgedBucketTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // Goal: no outage leaves a bucket that never commits again. Method: while the server is down, lists wait in which an alert, which is decided alone, stands
    // before charges; each fails half-way. Then the server is back.
    [Fact]
    public async Task S1_a_list_that_fails_half_way_in_an_outage_does_not_stay_at_the_head_of_the_queue()
    {
        using var server = new PostgresServer();
        var store = server.NewDatabase();
        var ledger = await PostgresLedger.OpenAsync(store, buckets: 1, Writing.LedgerWriter.BatchMax);
        foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(1_000)]) Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(command, Cancel));
        server.Kill();
        var waiting = Enumerable.Range(0, 3).Select(list => ledger.SubmitAsync(List(list), Cancel).AsTask()).ToList();
        foreach (var failed in waiting) await Assert.ThrowsAsync<StoreUnavailableException>(() => failed);
        Assert.False(ledger.Health.IsWritable);
        Assert.Equal(0, ledger.Health.QueueDepth);

        server.Start();
        for (var tries = 0; ; tries++)
        {
            try
            {
                for (var list = 0; list < 3; list++)
                {
                    Assert.All(await ledger.SubmitAsync(List(list), Cancel), outcome => Assert.IsNotType<Outcome.Refused>(outcome));
                }

                break;
            }
            catch (StoreUnavailableException) when (tries < 60)
            {
                await Task.Delay(500, Cancel);
            }
        }

        Assert.Equal(1_000 - 60, ledger.Read.Balance("acme")!.Balance.Nanos);
        await ledger.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10), Cancel);
        PostgresVerified.Clean(store);
    }

    private static List<Command> List(int list) =>
        [new Command.Announce($"alert{list}", "acme", "alert.test", "{}"), Make.Charge(list * 2 + 1, 10),
            new Command.Announce($"again{list}", "acme", "alert.test", "{}"), Make.Charge(list * 2 + 2, 10)];
}
