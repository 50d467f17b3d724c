using System.Security.Cryptography;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;
using Tieout.Storage.Archive;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Sqlite.Verification;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Detaching;

/// <summary>Takes months out of an embedded ledger that an archive has, byte for byte, and that nothing needs any more. Money data leaves the ledger here, so
/// everything is checked by the command that removes it.</summary>
public static class LedgerDetachment
{
    /// <summary>What could go. It only reads.</summary>
    /// <inheritdoc cref="ArchivePlan.OfSqliteAsync"/>
    public static async Task<DetachPlan> PlanAsync(string folder, Month before, string archive, Instant now, IProgress<RowProgress>? progress = null)
    {
        var full = Path.GetFullPath(archive);
        return DetachPlan.Of(await ArchivePlan.OfSqliteAsync(folder, before, full, now, progress), full);
    }

    /// <summary>Carries out a plan, or goes on with one that was interrupted. No server may use the folder meanwhile.</summary>
    /// <exception cref="DataFolderInUseException">A server has the folder.</exception>
    /// <exception cref="StoreUnavailableException">The plan is not what the ledger and the archive come to now; nothing was removed.</exception>
    /// <exception cref="StoreCorruptException">The ledger or the archive is damaged; nothing was removed.</exception>
    public static Task<DetachReport> RunAsync(
        DetachOrder order, TimeProvider clock, IProgress<RowProgress>? progress = null, CancellationToken cancellationToken = default) =>
        RunAsync(order, clock, new RemovalPace(), progress, cancellationToken);

    internal static async Task<DetachReport> RunAsync(
        DetachOrder order, TimeProvider clock, RemovalPace pace, IProgress<RowProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        var (folder, before, archive, plan, _) = order;
        var (file, full) = (DataFolder.DatabaseIn(folder), Path.GetFullPath(archive));
        if (!File.Exists(file)) throw Refused($"There is no ledger in {folder}.");
        await using var ledger = SqliteLedger.Open(folder, clock);
        await ledger.FlushAsync();
        using var connection = RawConnection.Open(file);
        var removal = new DetachedRemoval(connection, pace);
        var tables = new SqliteTables(connection);
        var detached = tables.Detached;
        VerificationReport verified;
        if (detached is not null && (detached.Plan == plan || removal.Left(detached.Last) != default))
        {
            // Also where the command goes on: nothing is removed that this command has not found in the archive.
            verified = await ArchiveVerification.RunAsync(full, folder);
        }
        else
        {
            var found = await PlanAsync(folder, before, full, Instant.From(clock.GetUtcNow()), progress);
            (verified, detached) = (found.Plan.Archive, await RecordAsync(ledger, removal, tables, found, order with { Archive = full }));
        }

        Prove(full, folder, detached, plan, verified);

        // With the record and before a row goes: what the ledger will be without the rows verifies now.
        Verify(folder);
        var removed = removal.Remove(detached.Last, progress, cancellationToken);
        return new(detached, removed, removal.Vacuum());
    }

    /// <summary>Writes down what goes and what stays. It is durable before the first row goes.</summary>
    private static async Task<Detachment> RecordAsync(
        SqliteLedger ledger, DetachedRemoval removal, SqliteTables tables, DetachPlan found, DetachOrder order)
    {
        var (_, _, archive, plan, by) = order;
        if (found.Id is null) throw Refused("Nothing can be detached: see tieout archive plan.");
        if (found.Id != plan) throw Refused($"The plan {plan} is not what the ledger and the archive come to now. Look at the new plan, {found.Id}.");
        var action = by(ledger.Read);
        var cut = Chain.At(tables, found.Cut);
        ValidateCharges(tables, cut.Last);
        Verify(ledger.Store.Folder);
        var figures = CutFigures.Compute(ledger.Store.Database, found.Cut);
        removal.ListStay(cut.Last);
        removal.CopyIds(cut.Last);
        removal.Write(cut.Last.Commit, figures);
        var (ids, sha256) = DetachedTables.Ids(tables);
        var detached = new Detachment(
            plan, archive, cut.Last, Convert.ToHexStringLower(cut.Hash), cut.RecordedAt, removal.Left(cut.Last),
            DetachedTables.Stay(tables, found.Cut, ArchivedRows.Unseen), FiguresAtCut.Digest(tables, found.Cut), ids, sha256,
            [.. DetachPlan.Segments(archive, found.Cut).Select(segment => (segment.File, segment.Sha256))]);
        var outcome = await ledger.SubmitAsync(
            new Command.AddRecord(Detachment.Key.Kind, Detachment.Key.Org, Detachment.Key.Name, detached.Body, Once: false) { Audit = action });
        return outcome is Outcome.Done ? detached : throw Refused($"The ledger does not take the record of detached rows: {outcome}.");
    }

    private static void Verify(string folder)
    {
        if (SqliteVerification.Run(folder).Checks.FirstOrDefault(check => check.Broken > 0) is { } broken)
        {
            throw new StoreCorruptException($"The ledger is damaged, so no row is removed. {broken.Id}: {broken.Rows[0]} Run tieout verify.");
        }
    }

    /// <summary>A charge of usage that was recorded before the cut needs the usage.</summary>
    private static void ValidateCharges(SqliteTables tables, Sequences last)
    {
        using var rows = tables.Select(
            "SELECT seq, usage_seq FROM postings WHERE seq > ? AND kind = 3 AND usage_seq BETWEEN 1 AND ? LIMIT 1", last.Posting, last.Usage);
        if (rows.Step()) throw Refused($"Posting {rows.Int64(0)} charges usage {rows.Int64(1)}, which was recorded in a month before: detach both together.");
    }

    /// <summary>The archive is right, and its files are those that the record names.</summary>
    private static void Prove(string archive, string folder, Detachment detached, string plan, VerificationReport verified)
    {
        if (detached.Plan != plan) throw Refused($"The detachment {detached.Plan} was interrupted in {folder}. Run its command again first.");
        if (verified.Checks.FirstOrDefault(check => check.Broken > 0) is { } broken)
        {
            throw new StoreCorruptException($"The archive {archive} is damaged, so no row is removed. {broken.Id}: {broken.Rows[0]}");
        }

        foreach (var (name, sha256) in detached.Files)
        {
            using var file = File.OpenRead(Path.Combine(archive, name));
            if (Convert.ToHexStringLower(SHA256.HashData(file)) != sha256)
            {
                throw new StoreCorruptException($"{name} is not the file that the rows were compared with, so no row is removed.");
            }
        }
    }

    private static StoreUnavailableException Refused(string sentence) => new(sentence, StoreEffect.None, StoreFault.NotWritable);
}

/// <summary>What is to be detached, and by whom.</summary>
/// <param name="Plan">The id of the plan: the ledger and the archive must still come to it.</param>
/// <param name="By">Names who does it, for the audit trail, or throws: asked before anything is written.</param>
public sealed record DetachOrder(string Folder, Month Before, string Archive, string Plan, Func<IOrgs, AuditAction> By);
