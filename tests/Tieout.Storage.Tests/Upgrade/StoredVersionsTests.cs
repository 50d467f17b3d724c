using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;
using Tieout.Core.Ledger;
using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Postgres;
using Tieout.Storage.Postgres.Verification;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Tests.Postgres;
using Tieout.Storage.Tests.Sqlite;
using Tieout.Storage.Writing;
using Tieout.Tests;

namespace Tieout.Storage.Tests.Upgrade;

/// <summary>A ledger that the program of each schema wrote, in <c>Upgrade/Stored</c>: this program opens it, brings it to its own schema, and reads the same
/// figures.</summary>
/// <remarks><c>TIEOUT_REGENERATE=1</c> stores the ledger of the newest schema anew. Those of older schemas are never written again.</remarks>
public sealed partial class StoredVersionsTests
{
    private static readonly string Folder = Path.Combine(Repo.Root, "tests", "Tieout.Storage.Tests", "Upgrade", "Stored");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<int> SqliteSchemas => [.. Enumerable.Range(1, Schema.Newest)];

    public static TheoryData<int> PostgresSchemas => [.. Enumerable.Range(1, PostgresSchema.Newest)];

    [Theory]
    [MemberData(nameof(SqliteSchemas))]
    public async Task L8_a_stored_data_folder_is_upgraded_and_says_the_same(int schema)
    {
        if (schema == Schema.Newest && Environment.GetEnvironmentVariable("TIEOUT_REGENERATE") == "1") await StoreFolderAsync();
        using var folder = new TemporaryFolder();
        await using (var stored = new GZipStream(File.OpenRead(Stored($"sqlite-{schema:0000}.db.gz")), CompressionMode.Decompress))
        await using (var file = File.Create(DataFolder.DatabaseIn(folder.Path)))
        {
            await stored.CopyToAsync(file, Cancel);
        }

        await using (var ledger = SqliteLedger.Open(folder.Path, new FakeClock { Now = StoredLedger.LastAt }))
        {
            Assert.Equal(Figures("sqlite", schema), await StoredLedger.FiguresAsync(ledger));
            await GoesOnAsync(ledger);
        }

        Verified.Clean(folder.Path);
    }

    [Theory]
    [MemberData(nameof(PostgresSchemas))]
    public async Task L8_a_dumped_database_is_upgraded_and_says_the_same(int schema)
    {
        if (schema == PostgresSchema.Newest && Environment.GetEnvironmentVariable("TIEOUT_REGENERATE") == "1") await StoreDumpAsync();
        var store = PostgresServer.Instance.NewDatabase();
        using (var dump = new StreamReader(new GZipStream(File.OpenRead(Stored($"postgres-{schema:0000}.sql.gz")), CompressionMode.Decompress)))
        {
            PostgresServer.Instance.Sql(Name(store), await dump.ReadToEndAsync(Cancel));
        }

        await using (var ledger = await PostgresLedger.OpenAsync(store, buckets: 1, LedgerWriter.BatchMax, new FakeClock { Now = StoredLedger.LastAt }))
        {
            Assert.Equal(Figures("postgres", schema), await StoredLedger.FiguresAsync(ledger));
            await GoesOnAsync(ledger);
        }

        PostgresVerified.Clean(store);
    }

    [Fact]
    public async Task L8_a_database_of_the_first_schema_is_verified_as_it_is()
    {
        var store = PostgresServer.Instance.NewDatabase();
        using (var dump = new StreamReader(new GZipStream(File.OpenRead(Stored("postgres-0001.sql.gz")), CompressionMode.Decompress)))
        {
            PostgresServer.Instance.Sql(Name(store), await dump.ReadToEndAsync(Cancel));
        }

        var report = await PostgresVerification.RunAsync(store, cancellationToken: Cancel);
        Assert.Equal(["schema"], report.Checks.Where(check => check.Broken > 0 && check.Id != "M3").Select(check => check.Id));
        Assert.True(report.Checks.Single(check => check.Id == "L8").Checked > 0);
    }

    /// <summary>What counted before still counts once, and new charges are accepted.</summary>
    private static async Task GoesOnAsync(ILedger ledger)
    {
        Assert.IsType<Outcome.Replayed>(await ledger.SubmitAsync(Make.TopUp(10_000, "t2", "beta"), Cancel));
        var labels = Make.Labels("beta");
        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(Make.Charge(9_000, 7, labels, at: StoredLedger.LastAt), Cancel));
        Assert.Equal(9_993, ledger.Read.Balance("beta")!.Balance.Nanos);
    }

    private static string Figures(string store, int schema) => File.ReadAllText(Stored($"{store}-{schema:0000}.txt"));

    private static string Stored(string name) => Path.Combine(Folder, name);

    private static string Name(string store) => new Uri(store).AbsolutePath[1..];

    private static async Task StoreFolderAsync()
    {
        Directory.CreateDirectory(Folder);
        using var folder = new TemporaryFolder();
        var clock = new FakeClock();
        await using (var ledger = SqliteLedger.Open(folder.Path, clock))
        {
            await StoredLedger.WriteAsync(ledger, clock);
            await File.WriteAllTextAsync(Stored($"sqlite-{Schema.Newest:0000}.txt"), await StoredLedger.FiguresAsync(ledger), Cancel);
        }

        await CompressAsync($"sqlite-{Schema.Newest:0000}.db.gz", await File.ReadAllBytesAsync(DataFolder.DatabaseIn(folder.Path), Cancel));
    }

    private static async Task StoreDumpAsync()
    {
        Directory.CreateDirectory(Folder);
        var store = PostgresServer.Instance.NewDatabase();
        var clock = new FakeClock();
        await using (var ledger = await PostgresLedger.OpenAsync(store, buckets: 1, LedgerWriter.BatchMax, clock))
        {
            await StoredLedger.WriteAsync(ledger, clock);
            await File.WriteAllTextAsync(Stored($"postgres-{PostgresSchema.Newest:0000}.txt"), await StoredLedger.FiguresAsync(ledger), Cancel);
        }

        // Without what only psql or a newer server understands.
        var dump = OnlyNewer().Replace(await PostgresServer.Instance.DumpAsync(Name(store)), "");
        await CompressAsync($"postgres-{PostgresSchema.Newest:0000}.sql.gz", Encoding.UTF8.GetBytes(dump));
    }

    private static async Task CompressAsync(string name, byte[] bytes)
    {
        await using var gzip = new GZipStream(File.Create(Stored(name)), CompressionLevel.SmallestSize);
        await gzip.WriteAsync(bytes, Cancel);
    }

    [GeneratedRegex(@"^(\\.*|SET transaction_timeout.*|--.*)$\n?", RegexOptions.Multiline)]
    private static partial Regex OnlyNewer();
}
