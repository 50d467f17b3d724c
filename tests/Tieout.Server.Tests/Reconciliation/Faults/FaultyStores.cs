using Tieout.Core.Attribution;
using Tieout.Storage;
using Tieout.Storage.Postgres;
using Tieout.Storage.Postgres.Moving;
using Tieout.Storage.Postgres.Verification;
using Tieout.Storage.Reconciliation;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Sqlite.Verification;
using Tieout.Storage.Tests.Postgres;

namespace Tieout.Server.Tests.Reconciliation.Faults;

/// <summary>A closed store in which something is planted after it was made: the same SQL on both.</summary>
internal interface IPlanting
{
    int Next(int max);

    long Take(string pool);

    long Number(string sql);

    void Execute(string sql);

    IReadOnlyList<(long Budget, long Start, string Each)> Windows(string where);
}

/// <summary>Where a round's faults are: in a file, or in a database that the file was moved to row by row.</summary>
internal interface IFaultyStore
{
    Task<ILedger> OpenAsync();

    /// <summary>What is planted in figures, and in rows after they were sealed.</summary>
    void Plant(Random random, HashSet<long> taken, Action<IPlanting> plant);

    /// <summary>Brings the row that was changed after it was sealed back to what it was.</summary>
    void RestoreDamage();

    /// <summary>All that orgs were charged, by the accounts of revenue.</summary>
    long Charged();

    Task<VerificationReport> VerifyAsync(EnvelopeSecret secret);
}

internal sealed class FaultyFolder(string folder) : IFaultyStore
{
    private readonly string _database = Path.Combine(folder, "tieout.db");
    private readonly string _backup = Path.Combine(folder, "backup.db");

    public Task<ILedger> OpenAsync() => Task.FromResult<ILedger>(SqliteLedger.Open(folder));

    public void Plant(Random random, HashSet<long> taken, Action<IPlanting> plant)
    {
        SqliteBackup.Write(folder, _backup);
        using var file = new FaultyFile(_database, random, taken);
        plant(file);
    }

    public void RestoreDamage()
    {
        string finding;
        using (var file = RawConnection.Open(_database, readOnly: true))
        {
            var tables = new SqliteTables(file);
            finding = Assert.Single(DamagedRows.Explain(new([], [], 0, 0, 0), DamagedRows.Find(tables), tables).Findings).Id;
        }

        RowRestore.Run(folder, finding, _backup, dryRun: false);
    }

    public long Charged()
    {
        using var file = RawConnection.Open(_database, readOnly: true);
        return file.ReadInt64("SELECT sum(credits - debits) FROM accounts WHERE kind = 1");
    }

    public Task<VerificationReport> VerifyAsync(EnvelopeSecret secret) => Task.FromResult(SqliteVerification.Run(folder, secret));
}

/// <summary>The same folder's rows in a database of their own.</summary>
internal sealed class FaultyDatabase : IFaultyStore
{
    private readonly string _folder;
    private readonly string _store;
    private readonly string _name;

    private FaultyDatabase(string folder, string store) => (_folder, _store, _name) = (folder, store, new Uri(store).AbsolutePath[1..]);

    public static async Task<FaultyDatabase> MoveAsync(string folder)
    {
        var store = PostgresServer.Instance.NewDatabase();
        await MoveFromSqlite.RunAsync(folder, store);
        return new(folder, store);
    }

    public async Task<ILedger> OpenAsync() => await PostgresLedger.OpenAsync(_store);

    public void Plant(Random random, HashSet<long> taken, Action<IPlanting> plant)
    {
        using var file = new FaultyFile(Path.Combine(_folder, "tieout.db"), random, taken);
        plant(new Planting(this, file));
    }

    // As from a backup: no command writes single rows back here.
    public void RestoreDamage() => Sql("UPDATE usage SET duration_ms = duration_ms - 1 WHERE seq = (SELECT damaged FROM planted)");

    public long Charged() =>
        long.Parse(Sql("SELECT sum(credits - debits)::bigint FROM accounts WHERE kind = 1"), System.Globalization.CultureInfo.InvariantCulture);

    public Task<VerificationReport> VerifyAsync(EnvelopeSecret secret) => PostgresVerification.RunAsync(_store, secret);

    private string Sql(string sql) => PostgresServer.Instance.Sql(_name, sql);

    /// <summary>What is chosen at random is chosen from the file, which has the same rows.</summary>
    private sealed class Planting(FaultyDatabase database, FaultyFile file) : IPlanting
    {
        public int Next(int max) => file.Next(max);

        public long Take(string pool)
        {
            var row = file.Take(pool);
            database.Sql($"CREATE TABLE planted AS SELECT {row}::bigint AS damaged");
            return row;
        }

        public long Number(string sql) => long.Parse(database.Sql(sql), System.Globalization.CultureInfo.InvariantCulture);

        public void Execute(string sql) => database.Sql(sql);

        public IReadOnlyList<(long Budget, long Start, string Each)> Windows(string where) => file.Windows(where);
    }
}
