using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;
using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Archive;
using Tieout.Storage.Postgres;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Tests.Postgres;
using Tieout.Storage.Writing;

using Outcome = Tieout.Core.Ledger.Outcome;

namespace Tieout.Storage.Tests.Archive;

/// <summary>That a month is free only when nothing needs its rows in the ledger, and that a plan says what does.</summary>
public sealed class ArchivePlanTests : IDisposable
{
    private static readonly DateTimeOffset March = new(2026, 3, 10, 12, 0, 0, TimeSpan.Zero);
    private static readonly Instant InMay = Instant.From(March.AddMonths(2));

    private readonly TemporaryFolder _data = new();
    private readonly TemporaryFolder _archive = new();
    private readonly FakeClock _clock = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _data.Dispose();
        _archive.Dispose();
    }

    [Fact]
    public async Task Months_that_are_archived_closed_and_counted_are_free_and_every_row_stays()
    {
        await LiveAsync(SqliteLedger.Open(_data.Path, _clock));
        Archive();
        var before = Rows();
        var plan = await PlanAsync();

        Assert.Equal("", Said(plan));
        Assert.True(plan.Ok);
        Assert.Equal(["2026-03", "2026-04"], plan.Months.Select(month => month.Month));
        Assert.Equal([20, 20], plan.Months.Select(month => month.Usage));
        Assert.Equal([1, 1], plan.Months.Select(month => month.Holds));
        Assert.All(plan.Months, month => Assert.Equal(["acme", "beta"], month.Orgs));
        Assert.Equal(before, Rows());
    }

    // Goal: each need is seen alone. Method: a ledger with nothing else, and the sentence of the need; the month before it is free where the need is April's.
    [Theory]
    [InlineData("hold", "2026-03: 1 holds of it are open")]
    [InlineData("period", "2026-04: acme has not closed 2026-04")]
    [InlineData("follower", "2026-03: The follower has counted nothing")]
    [InlineData("other follower", "2026-03: The follower is at commit")]
    [InlineData("finding", "2026-03: 1 open findings may need it")]
    [InlineData("proposal", "2026-03: The proposal prop_1 waits for a second person")]
    [InlineData("byte", "2026-03: bucket-00/2026-03.jsonl.gz is not byte for byte what the ledger has")]
    [InlineData("file", "2026-03: bucket-00/2026-03.jsonl.gz is missing")]
    [InlineData("month", "2026-04: Commits ")]
    [InlineData("end", "2026-04: 2026-04 is not over")]
    public async Task A_month_whose_rows_something_needs_is_not_free(string need, string sentence)
    {
        await LiveAsync(SqliteLedger.Open(_data.Path, _clock), need);
        Archive(need == "month" ? new Month(2026, 4) : new Month(2026, 5));
        if (need == "byte") Change("UPDATE usage SET operation_id = 'other' WHERE seq = 1");
        if (need == "other follower") Change("UPDATE follower SET hash = zeroblob(32)", "derived.db");
        if (need == "finding") Change("INSERT INTO findings SELECT 100, 'usage_conflict', 'warning', 'acme', id, '{}', recorded_at, 0 FROM usage WHERE seq = 1");
        if (need == "file") File.Delete(Path.Combine(_archive.Path, "bucket-00", "2026-03.jsonl.gz"));
        var plan = await PlanAsync(need == "end" ? Instant.From(March.AddMonths(1)) : InMay);

        Assert.False(plan.Ok);
        Assert.Contains(sentence, Said(plan), StringComparison.Ordinal);
        if (sentence.StartsWith("2026-04", StringComparison.Ordinal)) Assert.Empty(plan.Months[0].Obstacles);
        if (sentence.StartsWith("2026-03", StringComparison.Ordinal)) Assert.All(plan.Months, month => Assert.NotEmpty(month.Obstacles));
    }

    [Fact]
    public async Task A_finding_about_later_usage_needs_no_month_before_it()
    {
        await LiveAsync(SqliteLedger.Open(_data.Path, _clock));
        Archive();
        Change("INSERT INTO findings SELECT 100, 'usage_conflict', 'warning', 'acme', id, '{}', recorded_at, 0 FROM usage ORDER BY seq DESC LIMIT 1");
        Assert.Equal("", Said(await PlanAsync()));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("hold", "2026-03: 1 holds of it are open")]
    [InlineData("period", "2026-04: acme has not closed 2026-04")]
    [InlineData("proposal", "The proposal prop_1 waits")]
    [InlineData("follower", "The follower ")]
    public async Task Books_of_a_database_are_planned_each_by_itself(string need, string sentence)
    {
        var store = PostgresServer.Instance.NewDatabase();
        await LiveAsync(await PostgresLedger.OpenAsync(store, buckets: 64, LedgerWriter.BatchMax, _clock), need);
        await LedgerArchive.WritePostgresAsync(store, new Month(2026, 5), _archive.Path, Cancel);
        var plan = await ArchivePlan.OfPostgresAsync(store, new Month(2026, 5), _archive.Path, InMay, Cancel);

        Assert.True(plan.Months.Select(month => month.Bucket).Distinct().Count() >= 2);
        Assert.Equal(40, plan.Months.Sum(month => month.Usage));
        Assert.Equal(need.Length == 0, plan.Ok);
        if (need.Length == 0) Assert.Equal("", Said(plan));
        else Assert.Contains(sentence, Said(plan), StringComparison.Ordinal);
    }

    [Fact]
    public async Task L8_a_month_that_was_archived_before_its_end_goes_on_in_a_file_of_its_own()
    {
        await LiveAsync(SqliteLedger.Open(_data.Path, _clock));
        LedgerArchive.WriteSqlite(_data.Path, new Month(2026, 6), _archive.Path);
        await using (var ledger = SqliteLedger.Open(_data.Path, _clock))
        {
            _clock.Now = Instant.From(March.AddMonths(2).AddDays(1));
            Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(Make.TopUp(7, "late"), Cancel));
        }

        var added = LedgerArchive.WriteSqlite(_data.Path, new Month(2026, 6), _archive.Path);
        Assert.Equal(["bucket-00/2026-05.part-2.jsonl.gz"], added.Select(segment => segment.File));
        Assert.True((await ArchiveVerification.RunAsync(_archive.Path, _data.Path)).Ok);
    }

    /// <summary>March to May, each with 20 charges of two orgs and a hold that is released. All but <paramref name="need"/> is closed and counted.</summary>
    private async Task LiveAsync(ILedger ledger, string need = "")
    {
        await using var closing = ledger;
        _clock.Now = Instant.From(March);
        foreach (var command in (Command[])[Make.OpenOrg(), Make.OpenOrg("beta"), Make.TopUp(1_000_000), Make.TopUp(1_000_000, "b", "beta")]) await DoAsync(command);
        for (var month = 0; month < 3; month++)
        {
            _clock.Now = Instant.From(March.AddMonths(month));
            await ledger.SubmitAsync([.. Enumerable.Range(1, 20).Select(
                i => (Command)Make.Charge((month * 100) + i, 0, Make.Labels(i % 2 == 0 ? "acme" : "beta"), "u1", _clock.Now, fact: true))], Cancel);
            await DoAsync(new Command.PlaceHold(Make.Id((month * 100) + 90), Make.Labels(), null, "op", new(5), TimeSpan.FromHours(1)));
            if (need != "hold" || month > 0) await DoAsync(new Command.Release(Make.Id((month * 100) + 90)));
        }

        await DoAsync(new Command.ClosePeriod("acme", new Month(2026, need == "period" ? 3 : 4)));
        await DoAsync(new Command.ClosePeriod("beta", new Month(2026, 4)));
        if (need == "proposal") await ledger.SubmitAsync(Make.Asked(Make.TopUp(1_000, "second"), above: 1), Cancel);
        if (ledger is SqliteLedger embedded) await embedded.FlushAsync();
        if (need == "follower") return;
        while ((await ledger.Follower.StepAsync(Cancel)).Rows > 0)
        {
        }

        async Task DoAsync(Command command) => Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(command, Cancel));
    }

    private void Archive(Month? before = null) => LedgerArchive.WriteSqlite(_data.Path, before ?? new Month(2026, 5), _archive.Path);

    private Task<ArchivePlan> PlanAsync(Instant? now = null) => ArchivePlan.OfSqliteAsync(_data.Path, new Month(2026, 5), _archive.Path, now ?? InMay);

    private void Change(string sql, string file = "tieout.db")
    {
        using var connection = RawConnection.Open(Path.Combine(_data.Path, file));
        connection.Execute(sql);
    }

    private string Rows()
    {
        using var connection = RawConnection.Open(DataFolder.DatabaseIn(_data.Path), readOnly: true);
        return string.Join(' ', ArchiveTable.All.Select(table => connection.ReadInt64($"SELECT count(*) FROM {table.Name}")));
    }

    private static string Said(ArchivePlan plan) => string.Join('\n', plan.Months.SelectMany(month => month.Obstacles.Select(obstacle => $"{month.Month}: {obstacle}")));
}
