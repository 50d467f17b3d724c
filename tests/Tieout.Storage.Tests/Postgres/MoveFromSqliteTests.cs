using Tieout.Core.Ledger;
using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Postgres;
using Tieout.Storage.Postgres.Moving;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Writing;

namespace Tieout.Storage.Tests.Postgres;

public sealed class MoveFromSqliteTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeClock _clock = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    // Goal: a moved ledger is the same ledger: chain, figures, ids known, holds open. Method: a life in the file, the move, and on with it in the database.
    [Fact]
    public async Task L3_L4_L8_a_moved_ledger_goes_on_where_the_file_ended()
    {
        string hash;
        await using (var file = SqliteLedger.Open(_folder.Path, _clock))
        {
            foreach (var command in (Command[])
                [
                    Make.OpenOrg(), Make.OpenOrg("beta"), Make.TopUp(10_000), Make.Budget(5_000), new Command.Grant("g1", "acme", new(50), 1, null),
                    new Command.KeepObject(Make.Object("resp_1")),
                    new Command.KeepObject(Make.Object("resp_2")), new Command.EndObject("acme", ObjectKind.Response, "resp_2", "{}"),
                    Make.Charge(9_001, 40, at: _clock.Now, fact: true),
                    new Command.AddRecord(RecordKind.Evidence, "acme", "ev_1", "{}", Once: true),
                ])
            {
                Assert.IsType<Outcome.Done>(await file.SubmitAsync(command, Cancel));
            }

            var lifetime = TimeSpan.FromHours(1);
            await file.SubmitAsync([.. Enumerable.Range(1, 300).Select(
                id => (Command)new Command.PlaceHold(Make.Id(id), Make.Labels(), "u1", $"op{id}", new(3), lifetime))], Cancel);
            await file.SubmitAsync([.. Enumerable.Range(1, 200).Select(id => Make.Settle(id, 2, user: "u1", at: _clock.Now))], Cancel);
            hash = file.ChainHash;
            Assert.Equal(2, await file.Deliveries.RouteAsync(() => [new("wh", null, [], default)], Cancel));
            var lane = (await file.Deliveries.ClaimAsync(TimeSpan.FromMinutes(1), 10, [], Cancel)).Single(lane => lane.Org == "beta");
            await file.Deliveries.RecordAsync(lane, new(2, DeliveryState.Delivered, _clock.Now, 5, 204, null), TimeSpan.FromMinutes(1), Cancel);
            await file.Deliveries.ReleaseAsync(lane, TimeSpan.Zero, Cancel);
            await file.KeyUses.StoreAsync([new("acme", "key_1", _clock.Now)], Cancel);
        }

        var store = PostgresServer.Instance.NewDatabase();
        var (_, moved) = await MoveFromSqlite.RunAsync(_folder.Path, store, cancellationToken: Cancel);
        Assert.Equal(hash, moved, ignoreCase: true);
        PostgresVerified.Clean(store);

        await using var ledger = await PostgresLedger.OpenAsync(store, buckets: 64, LedgerWriter.BatchMax, _clock);
        var account = ledger.Read.Balance("acme")!;
        Assert.Equal((10_050 - 40 - 400, 300), (account.Balance.Nanos, account.Held.Nanos));
        Assert.Equal(100, ledger.Read.OpenHolds("acme").Count);
        Assert.IsType<Outcome.Replayed>(await ledger.SubmitAsync(Make.Settle(7, 2, user: "u1", at: _clock.Now), Cancel));
        Assert.IsType<Outcome.Replayed>(await ledger.SubmitAsync(Make.TopUp(10_000), Cancel));
        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(Make.Settle(250, 2, user: "u1", at: _clock.Now), Cancel));
        PostgresVerified.Clean(store);

        Assert.Equal(new("key_1", _clock.Now), Assert.Single(await ledger.KeyUses.OfAsync("acme", Cancel)));
        var delivered = Assert.Single(await ledger.Deliveries.ListAsync(new(State: DeliveryState.Delivered), Cancel));
        Assert.Equal(("beta", 204, (string?)null, _clock.Now), (delivered.Org, delivered.Status, delivered.Error, delivered.LastAt));
        Assert.Equal("acme", Assert.Single(await ledger.Deliveries.ClaimAsync(TimeSpan.FromMinutes(1), 10, [], Cancel)).Org);

        Assert.Equal(_clock.Now, Assert.Single(await ledger.Read.RecordsAsync(RecordKind.Evidence, "acme", after: null, 10, Cancel)).RecordedAt);
        Assert.IsType<Outcome.Replayed>(await ledger.SubmitAsync(new Command.AddRecord(RecordKind.Evidence, "acme", "ev_1", "{}", Once: true), Cancel));

        var again = await Assert.ThrowsAsync<StoreUnavailableException>(() => MoveFromSqlite.RunAsync(_folder.Path, store, cancellationToken: Cancel));
        Assert.Contains("has a ledger already", again.Message, StringComparison.Ordinal);
    }
}
