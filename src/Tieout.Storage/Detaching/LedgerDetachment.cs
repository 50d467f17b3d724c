using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;
using Tieout.Storage.Archive;
using Tieout.Storage.Postgres;
using Tieout.Storage.Sqlite;

namespace Tieout.Storage.Detaching;

/// <summary>Takes months out of a ledger that an archive has, byte for byte, and that nothing needs any more. Money data leaves the ledger here, so
/// everything is checked by the command that removes it.</summary>
public static class LedgerDetachment
{
    /// <summary>What could go. It only reads.</summary>
    /// <inheritdoc cref="ArchivePlan.OfSqliteAsync"/>
    public static async Task<DetachPlan> PlanSqliteAsync(string folder, Month before, string archive, Instant now, IProgress<RowProgress>? progress = null)
    {
        var full = Path.GetFullPath(archive);
        return DetachPlan.Of(await ArchivePlan.OfSqliteAsync(folder, before, full, now, progress), full);
    }

    /// <summary>What could go. It only reads.</summary>
    /// <inheritdoc cref="ArchivePlan.OfPostgresAsync"/>
    public static async Task<DetachPlan> PlanPostgresAsync(
        string store, Month before, string archive, Instant now, CancellationToken cancellationToken, IProgress<RowProgress>? progress = null)
    {
        var full = Path.GetFullPath(archive);
        return DetachPlan.Of(await ArchivePlan.OfPostgresAsync(store, before, full, now, cancellationToken, progress), full);
    }

    /// <summary>Carries out a plan on a data folder, or goes on with one that was interrupted. No server may use the folder meanwhile.</summary>
    /// <exception cref="DataFolderInUseException">A server has the folder.</exception>
    /// <exception cref="StoreUnavailableException">The plan is not what the ledger and the archive come to now; nothing was removed.</exception>
    /// <exception cref="StoreCorruptException">The ledger or the archive is damaged; nothing was removed.</exception>
    public static Task<DetachReport> SqliteAsync(
        string folder, DetachOrder order, TimeProvider clock, IProgress<RowProgress>? progress = null, CancellationToken cancellationToken = default) =>
        SqliteAsync(folder, order, clock, new RemovalPace(), progress, cancellationToken);

    internal static async Task<DetachReport> SqliteAsync(
        string folder, DetachOrder order, TimeProvider clock, RemovalPace pace, IProgress<RowProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        if (!File.Exists(DataFolder.DatabaseIn(folder)))
        {
            throw new StoreUnavailableException($"There is no ledger in {folder}.", StoreEffect.None, StoreFault.NotWritable);
        }

        await using var ledger = SqliteLedger.Open(folder, clock);
        return await RunAsync(ledger, order, clock, pace, progress, cancellationToken);
    }

    /// <summary>Carries out a plan on a PostgreSQL store, or goes on with one that was interrupted. Servers may use the store meanwhile.</summary>
    /// <param name="store">The address of the store.</param>
    /// <inheritdoc cref="SqliteAsync(string, DetachOrder, TimeProvider, IProgress{RowProgress}?, CancellationToken)"/>
    public static async Task<DetachReport> PostgresAsync(
        string store, DetachOrder order, TimeProvider clock, IProgress<RowProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        await using var ledger = await PostgresLedger.OpenBesideAsync(store, clock);
        return await RunAsync(ledger, order, clock, new RemovalPace(), progress, cancellationToken);
    }

    /// <summary>Carries out a plan on a ledger that is open, beside whoever writes to it.</summary>
    internal static async Task<DetachReport> RunAsync(
        SqliteLedger ledger, DetachOrder order, TimeProvider clock, RemovalPace pace, IProgress<RowProgress>? progress, CancellationToken cancellationToken)
    {
        using var store = await SqliteDetachment.OpenAsync(ledger, pace);
        return await new DetachRun(store, order, clock, progress).RunAsync(cancellationToken);
    }

    /// <inheritdoc cref="RunAsync(SqliteLedger, DetachOrder, TimeProvider, RemovalPace, IProgress{RowProgress}?, CancellationToken)"/>
    internal static async Task<DetachReport> RunAsync(
        PostgresLedger ledger, DetachOrder order, TimeProvider clock, RemovalPace pace, IProgress<RowProgress>? progress, CancellationToken cancellationToken)
    {
        await using var store = await PostgresDetachment.OpenAsync(ledger, pace, cancellationToken);
        return await new DetachRun(store, order, clock, progress).RunAsync(cancellationToken);
    }
}

/// <summary>What is to be detached, and by whom.</summary>
/// <param name="Plan">The id of the plan: the ledger and the archive must still come to it.</param>
/// <param name="By">Names who does it, for the audit trail, or throws: asked before anything is written.</param>
public sealed record DetachOrder(Month Before, string Archive, string Plan, Func<IOrgs, AuditAction> By);
