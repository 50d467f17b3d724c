using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Spool;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Verification;

namespace Tieout.Storage.Tests.Spool;

/// <summary>Finished spend through an outage of the real store.</summary>
public sealed class CommandSpoolTests : IDisposable
{
    private const int Settlements = 10_000;

    private readonly TemporaryFolder _folder = new();
    private readonly FakeClock _clock = new();
    private readonly List<string> _refused = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string SpoolFolder => _folder.File("spool");

    public void Dispose() => _folder.Dispose();

    // Goal: S1 whole. Method: 10,000 holds; while they are settled the file of the store may not grow any more, as on a full disk. What the
    // store does not take goes to the spool, 64 at once. Then the process "dies", the disk has room again, and the next start replays.
    [Fact]
    public async Task S1_ten_thousand_settlements_through_a_full_disk_and_a_crash_lose_nothing_and_count_once()
    {
        var appended = new List<AttemptId>();
        await using (var ledger = await LedgerWithHoldsAsync())
        {
            await using var spool = CommandSpool.Open(SpoolFolder);
            ledger.Store.Writes.Execute($"PRAGMA max_page_count = {ledger.Store.Writes.ReadInt64("PRAGMA page_count") + 2}");
            for (var from = 1; from <= Settlements; from += 64)
            {
                var batch = Enumerable.Range(from, Math.Min(64, Settlements + 1 - from)).Select(Settle).ToList();
                if (appended.Count == 0 && await TakenAsync(ledger, batch)) continue;
                appended.AddRange(batch.Select(settle => settle.Usage.Usage.Id));
                await Task.WhenAll(batch.Select(spool.AppendAsync));
            }

            Assert.InRange(appended.Count, 5_000, Settlements);
            await Assert.ThrowsAsync<StoreUnavailableException>(() => spool.ReplayAsync(ledger, Refused, Cancel));
            Assert.Equal(appended.Count, spool.Count);
        }

        var crashed = await File.ReadAllBytesAsync(Path.Combine(SpoolFolder, "spool.log"), Cancel);
        await using (var ledger = SqliteLedger.Open(_folder.File("data"), _clock))
        {
            await ReplayedAsync(ledger, done: appended.Count, already: 0);

            // The process dies after the replay and before the spool is cleared: everything comes again, and nothing of it counts.
            await File.WriteAllBytesAsync(Path.Combine(SpoolFolder, "spool.log"), crashed, Cancel);
            await ReplayedAsync(ledger, done: 0, already: appended.Count);
            await ReplayedAsync(ledger, done: 0, already: 0);

            Assert.Equal(1_000_000 - Settlements, ledger.Read.Balance("acme")!.Balance.Nanos);
            Assert.Empty(ledger.Read.OpenHolds("acme"));
            var rows = await UsageAsync(ledger);
            Assert.Equal(Settlements, rows.Count);
            Assert.Equal(appended, rows.Select(row => row.Usage.Id).SkipWhile(id => id != appended[0]));
        }

        Assert.Empty(_refused);
        Assert.DoesNotContain(SqliteVerification.Run(_folder.File("data")).Checks, check => check.Id != "M3" && check.Broken > 0);
    }

    [Fact]
    public async Task S1_a_settlement_whose_hold_the_store_lost_is_charged_all_the_same()
    {
        await using var ledger = await LedgerWithHoldsAsync(holds: 0);
        await using var spool = CommandSpool.Open(SpoolFolder);
        await spool.AppendAsync(Settle(7));
        Assert.Equal(new SpoolReplay(1, 0, 0), await spool.ReplayAsync(ledger, Refused, Cancel));
        Assert.Equal(1_000_000 - 1, ledger.Read.Balance("acme")!.Balance.Nanos);
    }

    [Fact]
    public async Task What_the_ledger_refuses_is_told_and_does_not_stop_the_rest()
    {
        await using var ledger = await LedgerWithHoldsAsync(holds: 2);
        await using var spool = CommandSpool.Open(SpoolFolder);
        await ledger.SubmitAsync(Make.Settle(1, 5, at: _clock.Now), Cancel);
        await spool.AppendAsync(Settle(1));
        await spool.AppendAsync(Settle(2));
        Assert.Equal(new SpoolReplay(1, 0, 1), await spool.ReplayAsync(ledger, Refused, Cancel));
        Assert.Equal(["Settle IdReused"], _refused);
    }

    // Every field differs from its default, so that one that is not kept is seen.
    [Fact]
    public void A_command_comes_back_from_its_bytes_as_it_was()
    {
        var labels = Make.FullLabels;
        var usage = new UsageRecord(
            new(Guid.CreateVersion7()), labels, "op", 3, "wf", "corr", "trace", "user", new Instant(123_456_789), 42, 502,
            new(100, 40, 7, 20, 5, """{"web_searches":2}"""), UsageBasis.Estimated, UsageFlags.CutShort | UsageFlags.TotalMismatch);
        var price = BuiltinPrices.Catalogue.Find("openai", "gpt-4o", new Instant(1_760_000_000_000_000))!;
        var priced = new PricedUsage(usage, price, new Amount(11), new Amount(13));
        foreach (var command in (Command[])[new Command.Settle(priced), new Command.Charge(priced with { Price = null }, Fact: true),
            new Command.Release(usage.Id)])
        {
            Assert.Equal(command, SpooledCommand.Parse(SpooledCommand.ToBytes(command)));
        }

        var whole = new Command.Settle(priced) { Inside = [priced with { Charge = new Amount(17) }, priced with { Price = null }] };
        var back = Assert.IsType<Command.Settle>(SpooledCommand.Parse(SpooledCommand.ToBytes(whole)));
        Assert.Equal(whole.Usage, back.Usage);
        Assert.Equal(whole.Inside.AsEnumerable(), back.Inside.AsEnumerable());
        foreach (var command in (Command[])[new Command.KeepObject(Make.Object("resp_1", attempt: usage.Id)),
            new Command.KeepObject(Make.Object("resp_2", isPending: false)), new Command.EndObject("o", ObjectKind.Batch, "b", "{}")])
        {
            Assert.Equal(command, SpooledCommand.Parse(SpooledCommand.ToBytes(command)));
        }

        Assert.Throws<ArgumentException>(() => SpooledCommand.ToBytes(Make.TopUp(1)));
        Assert.Throws<FormatException>(() => SpooledCommand.Parse("{\"kind\":\"gift\"}"u8));
    }

    private async Task<SqliteLedger> LedgerWithHoldsAsync(int holds = Settlements)
    {
        var ledger = SqliteLedger.Open(_folder.File("data"), _clock);
        await ledger.SubmitAsync(Make.OpenOrg(), Cancel);
        await ledger.SubmitAsync(Make.TopUp(1_000_000), Cancel);
        var lifetime = TimeSpan.FromHours(1);
        await ledger.SubmitAsync(
            [.. Enumerable.Range(1, holds).Select(id => new Command.PlaceHold(Make.Id(id), Make.Labels(), null, $"op{id}", new Amount(2), lifetime))], Cancel);
        return ledger;
    }

    private async Task ReplayedAsync(SqliteLedger ledger, int done, int already)
    {
        await using var spool = CommandSpool.Open(SpoolFolder);
        Assert.Empty(spool.Damages);
        Assert.Equal(new SpoolReplay(done, already, 0), await spool.ReplayAsync(ledger, Refused, Cancel));
        Assert.Equal((0, true), (spool.Count, spool.HasRoom));
    }

    private Command.Settle Settle(int id) => (Command.Settle)Make.Settle(id, 1, at: _clock.Now);

    private void Refused(Command command, Refusal refusal) => _refused.Add($"{command.GetType().Name} {refusal}");

    private static async Task<bool> TakenAsync(SqliteLedger ledger, IReadOnlyList<Command> batch)
    {
        try
        {
            Assert.All(await ledger.SubmitAsync(batch, Cancel), outcome => Assert.IsType<Outcome.Done>(outcome));
            return true;
        }
        catch (StoreUnavailableException)
        {
            return false;
        }
    }

    private static async Task<List<UsageRow>> UsageAsync(SqliteLedger ledger)
    {
        var rows = new List<UsageRow>();
        await foreach (var row in ledger.Read.UsageAsync(new("acme", Instant.UnixEpoch, new Instant(long.MaxValue)), Cancel)) rows.Add(row);
        return [.. rows.OrderBy(row => row.Seq)];
    }
}
