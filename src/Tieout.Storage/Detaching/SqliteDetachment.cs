using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;
using Tieout.Storage.Archive;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Sqlite.Verification;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Detaching;

/// <summary>An embedded ledger, which is one book. Rows are removed with a connection of its own, in small transactions between the writer's.</summary>
internal sealed class SqliteDetachment : IDetachableStore, IDetachableBook, IDisposable
{
    private readonly SqliteLedger _ledger;
    private readonly RawConnection _connection;
    private readonly DetachedRemoval _removal;

    private SqliteDetachment(SqliteLedger ledger, RemovalPace pace)
    {
        _ledger = ledger;
        _connection = RawConnection.Open(ledger.Store.Database);
        _removal = new(_connection, pace);
    }

    public IReadOnlyList<IDetachableBook> Books => [this];

    public IOrgs Orgs => _ledger.Read;

    public int Bucket => 0;

    /// <summary>The figures of the file are then as of a later commit than any that leaves, so a start replays no row that has gone.</summary>
    public static async Task<SqliteDetachment> OpenAsync(SqliteLedger ledger, RemovalPace pace)
    {
        await ledger.FlushAsync();
        return new(ledger, pace);
    }

    public Task<ArchivePlan> PlanAsync(
        Month before, string archive, Instant now, IProgress<RowProgress>? progress, CancellationToken cancellationToken) =>
        ArchivePlan.OfSqliteAsync(_ledger.Store.Folder, before, archive, now, progress);

    public Task<VerificationReport> VerifyAsync(CancellationToken cancellationToken) =>
        Task.Run(() => SqliteVerification.Run(_ledger.Store.Folder, new SqliteVerificationRequest(MayMap: false)), cancellationToken);

    public Task<long> DropAsync(IReadOnlyDictionary<int, Detachment> detached, Month before, CancellationToken cancellationToken) => Task.FromResult(0L);

    public Task<long> ShrinkAsync() => Task.Run(_removal.Vacuum);

    public Task<T> ReadAsync<T>(Func<ILedgerTables, T> read) => Task.Run(() => read(new SqliteTables(_connection)));

    public Task<FiguresAtCut> FiguresAsync(long cut) => Task.Run(() =>
    {
        using var connection = RawConnection.Open(_ledger.Store.Database, readOnly: true);
        return CutFigures.Compute(new SqliteAsOf(_ledger.Store.Database, connection), cut);
    });

    public Task<long> ListStayAsync(Sequences last) => Task.Run(() => _removal.ListStay(last));

    public Task CopyIdsAsync(Sequences last) => Task.Run(() => _removal.CopyIds(last));

    public Task WriteAsync(long cut, FiguresAtCut figures) => Task.Run(() => _removal.Write(cut, figures));

    public Task<DetachedRows> LeftAsync(Sequences last) => Task.Run(() => _removal.Left(last));

    public ValueTask<Outcome> SubmitAsync(Command command, CancellationToken cancellationToken) => _ledger.SubmitAsync(command, cancellationToken);

    public Task RemoveAsync(Detachment detached, IProgress<long> removed, CancellationToken cancellationToken) =>
        Task.Run(() => _removal.Remove(detached.Last, removed, cancellationToken), cancellationToken);

    public void Dispose() => _connection.Dispose();
}
