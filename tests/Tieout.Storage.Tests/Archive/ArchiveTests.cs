using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
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

/// <summary>That an archive has everything, proves itself, and cannot be changed unseen.</summary>
public sealed class ArchiveTests : IDisposable
{
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
    public async Task L4_L8_an_archive_of_months_proves_itself_and_is_the_ledgers()
    {
        await LiveAsync(SqliteLedger.Open(_data.Path, _clock), _clock, months: 3);
        var first = LedgerArchive.WriteSqlite(_data.Path, new Month(2026, 4), _archive.Path);
        Assert.Equal(["2026-03"], first.Select(segment => segment.Month));
        Assert.Empty(LedgerArchive.WriteSqlite(_data.Path, new Month(2026, 4), _archive.Path));
        var second = LedgerArchive.WriteSqlite(_data.Path, new Month(2026, 6), _archive.Path);
        Assert.Equal(["2026-04", "2026-05"], second.Select(segment => segment.Month));

        var report = await ArchiveVerification.RunAsync(_archive.Path, _data.Path);

        Assert.Equal("", Said(report));
        Assert.Equal(3 * 40, report.Checks.Single(check => check.Id == "M1").Checked);
    }

    [Fact]
    public async Task An_archive_reports_the_rows_of_all_months_that_it_lacks()
    {
        await LiveAsync(SqliteLedger.Open(_data.Path, _clock), _clock, months: 3);
        var (first, second) = (new Seen(), new Seen());
        LedgerArchive.WriteSqlite(_data.Path, new Month(2026, 4), _archive.Path, first);
        var added = LedgerArchive.WriteSqlite(_data.Path, new Month(2026, 6), _archive.Path, second);

        Assert.Equal(added.Sum(segment => segment.Rows), second.Last.Done);
        Assert.InRange(second.Last.Total, 2 * 80, second.Last.Done);
        Assert.InRange(first.Last.Total, 80, first.Last.Done);
    }

    [Fact]
    public async Task L8_a_figure_changed_in_an_archive_is_found_though_the_file_says_it_is_whole()
    {
        await LiveAsync(SqliteLedger.Open(_data.Path, _clock), _clock, months: 1);
        LedgerArchive.WriteSqlite(_data.Path, new Month(2026, 5), _archive.Path);
        Change(text => text.Replace("\"charge\":7,", "\"charge\":8,", StringComparison.Ordinal));
        var report = await ArchiveVerification.RunAsync(_archive.Path);
        Assert.Contains(report.Checks.Single(check => check.Id == "L8").Rows, row => row.Contains("usage", StringComparison.Ordinal));
        Assert.Equal(0, report.Checks.Single(check => check.Id == "archive").Broken);
    }

    [Theory]
    [InlineData("bytes")]
    [InlineData("row")]
    [InlineData("file")]
    public async Task What_is_missing_of_an_archive_is_found(string what)
    {
        await LiveAsync(SqliteLedger.Open(_data.Path, _clock), _clock, months: 2);
        LedgerArchive.WriteSqlite(_data.Path, new Month(2026, 5), _archive.Path);
        var file = Path.Combine(_archive.Path, "bucket-00", "2026-03.jsonl.gz");
        if (what == "bytes") await File.WriteAllBytesAsync(file, [.. (await File.ReadAllBytesAsync(file, Cancel)).SkipLast(100)], Cancel);
        if (what == "row") Change(text => text[(text.IndexOf('\n', StringComparison.Ordinal) + 1)..]);
        if (what == "file") File.Delete(file);
        Assert.False((await ArchiveVerification.RunAsync(_archive.Path)).Ok);
    }

    [Fact]
    public async Task An_archive_of_another_ledger_is_neither_continued_nor_taken_for_this_ones()
    {
        await LiveAsync(SqliteLedger.Open(_data.Path, _clock), _clock, months: 2);
        LedgerArchive.WriteSqlite(_data.Path, new Month(2026, 4), _archive.Path);
        using var other = new TemporaryFolder();
        var clock = new FakeClock();
        await LiveAsync(SqliteLedger.Open(other.Path, clock), clock, months: 2, amount: 9);
        Assert.Throws<StoreCorruptException>(() => LedgerArchive.WriteSqlite(other.Path, new Month(2026, 5), _archive.Path));
        var report = await ArchiveVerification.RunAsync(_archive.Path, other.Path);
        Assert.Equal(1, report.Checks.Single(check => check.Id == "archive").Broken);
    }

    [Fact]
    public async Task L8_buckets_of_a_database_are_archived_each_with_its_chain()
    {
        var store = PostgresServer.Instance.NewDatabase();
        await LiveAsync(await PostgresLedger.OpenAsync(store, buckets: 64, LedgerWriter.BatchMax, _clock), _clock, months: 2);
        var added = await LedgerArchive.WritePostgresAsync(store, new Month(2026, 5), _archive.Path, Cancel);
        Assert.True(added.Select(segment => segment.Bucket).Distinct().Count() >= 2);
        var report = await ArchiveVerification.RunAsync(_archive.Path, store: store);
        Assert.Equal("", Said(report));
        Assert.Equal(2 * 40, report.Checks.Single(check => check.Id == "M1").Checked);
    }

    // Goal: a column that the schema gets is a column of the archive. Method: both lists, table by table.
    [Fact]
    public async Task Every_column_of_every_chained_table_is_archived()
    {
        await using (SqliteLedger.Open(_data.Path, _clock))
        {
        }

        using var connection = RawConnection.Open(DataFolder.DatabaseIn(_data.Path), readOnly: true);
        foreach (var table in ArchiveTable.All)
        {
            var stored = new List<string>();
            using var rows = connection.Prepare($"SELECT name FROM pragma_table_info('{table.Name}')");
            while (rows.Step()) stored.Add(rows.Text(0));
            Assert.Equal(stored.Order(StringComparer.Ordinal), table.Columns.Select(column => column.Name).Order(StringComparer.Ordinal));
        }
    }

    /// <summary>Months from March on, each with 40 charges of two orgs, a hold that is released, an object and a message.</summary>
    private static async Task LiveAsync(ILedger ledger, FakeClock time, int months, int amount = 7)
    {
        await using var closing = ledger;
        var clock = new DateTimeOffset(2026, 3, 10, 12, 0, 0, TimeSpan.Zero);
        foreach (var command in (Command[])[Make.OpenOrg(), Make.OpenOrg("beta"), Make.TopUp(1_000_000), Make.TopUp(1_000_000, "b", "beta"),
            Make.Budget(900_000)])
        {
            await DoAsync(command);
        }

        for (var month = 0; month < months; month++)
        {
            time.Now = Core.Instant.From(clock.AddMonths(month));
            await ledger.SubmitAsync([.. Enumerable.Range(1, 40).Select(
                i => (Command)Make.Charge((month * 100) + i, amount, Make.Labels(i % 2 == 0 ? "acme" : "beta"), "u1", time.Now, fact: true))], Cancel);
            await DoAsync(new Command.PlaceHold(Make.Id((month * 100) + 90), Make.Labels(), null, "op", new(5), TimeSpan.FromHours(1)));
            await DoAsync(new Command.Release(Make.Id((month * 100) + 90)));
            await DoAsync(new Command.KeepObject(Make.Object($"resp_{month}")));
            await DoAsync(new Command.EndObject("acme", ObjectKind.Response, $"resp_{month}", "{}"));
            await DoAsync(new Command.Announce($"alert/{month}", "acme", "alert.test", "{}"));
            await DoAsync(new Command.AddRecord(RecordKind.Evidence, "acme", $"ev_{month}", "{}", Once: true));
        }

        async Task DoAsync(Command command) => Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(command, Cancel));
    }

    /// <summary>Changes what the first file says, and makes archive.json agree.</summary>
    private void Change(Func<string, string> change)
    {
        var manifest = ArchiveManifest.Read(_archive.Path);
        var segment = manifest.Segments[0];
        var file = Path.Combine(_archive.Path, segment.File);
        string text;
        using (var lines = new StreamReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress))) text = lines.ReadToEnd();
        var changed = change(text);
        Assert.NotEqual(text, changed);
        using (var written = new GZipStream(File.Create(file), CompressionLevel.Fastest)) written.Write(Encoding.UTF8.GetBytes(changed));
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)));
        (manifest with { Segments = [segment with { Sha256 = sha256, Rows = changed.Count(c => c == '\n') }, .. manifest.Segments.Skip(1)] }).Write(
            _archive.Path);
    }

    /// <summary>What is broken, but for M3: these charges are what a test likes.</summary>
    private static string Said(VerificationReport report) =>
        string.Join('\n', report.Checks.Where(check => check.Id != "M3").SelectMany(check => check.Rows.Select(row => $"{check.Id}: {row}")));

    private sealed class Seen : IProgress<RowProgress>
    {
        public RowProgress Last { get; private set; }

        public void Report(RowProgress value) => Last = value;
    }
}
