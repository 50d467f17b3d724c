using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Postgres;
using Tieout.Storage.Postgres.Moving;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Writing;

namespace Tieout.Storage.Tests.Postgres;

/// <summary>Usage lies by months, and nothing that the ledger promises is a month's.</summary>
public sealed class UsageMonthsTests
{
    private const string Parts =
        "SELECT string_agg(part || ':' || usage, ' ' ORDER BY part) FROM (SELECT tableoid::regclass::text AS part, count(*) AS usage FROM usage GROUP BY 1) parts";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // Goal: L3 for ever, not for a month. Method: usage in this month, the next ones and one that no part was made for; then all of it again, and with another
    // content.
    [Fact]
    public async Task L3_L4_an_id_counts_once_whatever_the_month_and_every_month_counts()
    {
        var store = PostgresServer.Instance.NewDatabase();
        var clock = new FakeClock { Now = MonthsFromNow(0) };
        await using (var ledger = await PostgresLedger.OpenAsync(store, buckets: 1, LedgerWriter.BatchMax, clock))
        {
            await DoAsync(ledger, Make.OpenOrg(), Make.TopUp(1_000));
            var charges = new List<Command>();
            foreach (var months in (int[])[0, 1, 3, 9])
            {
                clock.Now = MonthsFromNow(months);
                charges.Add(Make.Charge(100 + months, 10, at: clock.Now));
                await DoAsync(ledger, charges[^1]);
            }

            Assert.All(await ledger.SubmitAsync(charges, Cancel), outcome => Assert.IsType<Outcome.Replayed>(outcome));
            Assert.IsType<Outcome.Refused>(await ledger.SubmitAsync(Make.Charge(100, 11, at: MonthsFromNow(0)), Cancel));
            Assert.Equal(960, ledger.Read.Balance("acme")!.Balance.Nanos);
            await AssertFoundAsync(ledger);

            // Of a closed month, so it counts in the next: what is summed there lies in two months.
            var first = MonthsFromNow(0).ToDateTimeOffset();
            await DoAsync(ledger, new Command.ClosePeriod("acme", new(first.Year, first.Month)), new Command.Correct("c1", "acme", 2, new(4), "late"));
            var charged = Assert.Single(
                await ledger.Read.ChargesAsync("acme", Instant.From(first.AddDays(-14).AddHours(-12).AddMonths(1)), MonthsFromNow(10), Cancel));
            Assert.Equal((3, 24, -6, "m"), (charged.Attempts, charged.Charge.Nanos, charged.Corrections.Nanos, charged.Model));
        }

        Assert.Equal($"{Part(0)}:1 {Part(1)}:1 {Part(3)}:1 usage_rest:1", Sql(store, Parts));
        PostgresVerified.Clean(store);
    }

    [Fact]
    public async Task A_file_that_is_moved_has_its_months()
    {
        using var folder = new TemporaryFolder();
        var clock = new FakeClock { Now = MonthsFromNow(-14) };
        await using (var file = SqliteLedger.Open(folder.Path, clock))
        {
            await DoAsync(file, Make.OpenOrg(), Make.TopUp(1_000), Make.Charge(1, 10, at: clock.Now));
            clock.Now = MonthsFromNow(-2);
            await DoAsync(file, Make.Charge(2, 10, at: clock.Now));
        }

        var store = PostgresServer.Instance.NewDatabase();
        await MoveFromSqlite.RunAsync(folder.Path, store, cancellationToken: Cancel);
        Assert.Equal($"{Part(-14)}:1 {Part(-2)}:1", Sql(store, Parts));
        PostgresVerified.Clean(store);
    }

    // Goal: months are there before they begin, and making them neither fails nor loses anything: not twice, not where usage came first, and not while somebody
    // reads.
    [Fact]
    public async Task Months_are_made_ahead_beside_whatever_goes_on()
    {
        var store = PostgresServer.Instance.NewDatabase();
        var clock = new FakeClock { Now = MonthsFromNow(4) };
        await using (var ledger = await PostgresLedger.OpenAsync(store, buckets: 1, LedgerWriter.BatchMax, clock))
        {
            await DoAsync(ledger, Make.OpenOrg(), Make.TopUp(1_000), Make.Charge(1, 10, at: clock.Now));
        }

        const string later = "now() + interval '4 months'";
        await using var source = PostgresAddress.Source(store);
        Sql(store, "DROP TABLE " + Part(3));
        await using (var reading = await source.OpenConnectionAsync(Cancel))
        {
            await using var read = new Npgsql.NpgsqlCommand("BEGIN; SELECT count(*) FROM usage", reading);
            await read.ExecuteScalarAsync(Cancel);
            await using var making = await source.OpenConnectionAsync(Cancel);
            await UsageMonths.MakeAheadAsync(making, Cancel);
        }

        for (var times = 0; times < 2; times++) Sql(store, $"SELECT make_usage_parts({later})");
        Assert.Equal("usage_rest:1", Sql(store, Parts));
        Assert.Equal($"{Part(5)} {Part(6)} {Part(7)}",
            Sql(store, $"SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relkind = 'r' AND relispartition AND relname > '{Part(3)}' AND relname < 'usage_r'"));
        PostgresVerified.Clean(store);
    }

    private static async Task AssertFoundAsync(PostgresLedger ledger)
    {
        foreach (var months in (int[])[0, 1, 3, 9])
        {
            Assert.Equal(10, (await ledger.Read.AttemptAsync("acme", Make.Id(100 + months), Cancel))!.Usage!.Charge.Nanos);
            Assert.Equal(Make.Id(100 + months), Assert.Single(await ledger.Read.OperationAsync("acme", $"op{100 + months}", Cancel)).Usage!.Usage.Id);
        }
    }

    private static async Task DoAsync(ILedger ledger, params Command[] commands)
    {
        foreach (var command in commands) Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(command, Cancel));
    }

    /// <summary>The middle of a month, by the database's calendar.</summary>
    private static Instant MonthsFromNow(int months)
    {
        var now = DateTime.UtcNow;
        return Instant.From(new DateTimeOffset(now.Year, now.Month, 15, 12, 0, 0, TimeSpan.Zero).AddMonths(months));
    }

    private static string Part(int months) =>
        MonthsFromNow(months).ToDateTimeOffset().ToString("'usage_'yyyy_MM", System.Globalization.CultureInfo.InvariantCulture);

    private static string Sql(string store, string sql) => PostgresServer.Instance.Sql(new Uri(store).AbsolutePath[1..], sql);
}
