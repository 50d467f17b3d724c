using System.Security.Cryptography;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Storage.Archive;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Detaching;

/// <summary>Carries out one plan on all books of a store, or goes on with one that was interrupted.</summary>
internal sealed class DetachRun(IDetachableStore store, DetachOrder order, TimeProvider clock, IProgress<RowProgress>? progress)
{
    /// <summary>Corrections that come between the listing of what stays and the record are few: periods of the months are closed.</summary>
    private const int RecordTries = 10;

    private readonly string _archive = Path.GetFullPath(order.Archive);

    public async Task<DetachReport> RunAsync(CancellationToken cancellationToken)
    {
        var recorded = await RecordedAsync();

        // Also where the command goes on: nothing is removed that this command has not found in the archive.
        var now = Instant.From(clock.GetUtcNow());
        var plan = await store.PlanAsync(order.Before, _archive, now, progress, cancellationToken);
        var found = DetachPlan.Of(plan, _archive, recorded.ToDictionary(book => book.Key, book => book.Value.Last.Commit));
        if (recorded.Count == 0 && found.Id is null) throw Refused("Nothing can be detached: see tieout archive plan.");
        if (recorded.Count == 0 && found.Id != order.Plan)
        {
            throw Refused($"The plan {order.Plan} is not what the ledger and the archive come to now. Look at the new plan, {found.Id}.");
        }

        // Books that a command did not reach before it was interrupted; what has changed there since waits for a plan of its own.
        var missing = found.Id == order.Plan
            ? store.Books.Where(book => found.Cuts.ContainsKey(book.Bucket) && !recorded.ContainsKey(book.Bucket)).ToList() : [];
        if (missing.Count > 0)
        {
            var action = order.By(store.Orgs);
            await VerifyAsync(cancellationToken);
            foreach (var book in missing) recorded[book.Bucket] = await RecordAsync(book, found.Cuts[book.Bucket], action, cancellationToken);
        }

        Prove(recorded.Values, plan.Archive);

        // With the records and before a row goes: what the ledger will be without the rows verifies now.
        await VerifyAsync(cancellationToken);
        return await RemoveAsync(recorded, cancellationToken);
    }

    /// <summary>What the records of the plan say, by bucket.</summary>
    /// <exception cref="StoreUnavailableException">Another plan was interrupted.</exception>
    private async Task<Dictionary<int, Detachment>> RecordedAsync()
    {
        var (ofPlan, interrupted) = (new Dictionary<int, Detachment>(), (Detachment?)null);
        foreach (var book in store.Books)
        {
            if (await book.ReadAsync(tables => tables.Detached) is not { } detached) continue;
            if (detached.Plan == order.Plan) ofPlan[book.Bucket] = detached;
            else if (await book.LeftAsync(detached.Last) != default) interrupted ??= detached;
        }

        return interrupted is null ? ofPlan : throw Refused($"The detachment {interrupted.Plan} was interrupted. Run its command again first.");
    }

    /// <summary>Writes down what goes and what stays. It is durable before the first row goes.</summary>
    private async Task<Detachment> RecordAsync(IDetachableBook book, long cut, AuditAction action, CancellationToken cancellationToken)
    {
        var at = await book.ReadAsync(tables => Chain.At(tables, cut));
        await book.WriteAsync(cut, await book.FiguresAsync(cut));
        for (var tries = 1; ; tries++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var listed = await book.ListStayAsync(at.Last);
            await book.CopyIdsAsync(at.Last);
            var rows = await book.LeftAsync(at.Last);
            var detached = await book.ReadAsync(tables => Described(tables, at, rows, listed));
            var outcome = await book.SubmitAsync(
                new Command.AddRecord(Detachment.Key.Kind, Detachment.Key.Org, Detachment.Key.Name, detached.Body, Once: false) { Audit = action },
                cancellationToken);
            if (outcome is Outcome.Done) return detached;

            // A correction came meanwhile, and may name a row that is not among those that stay.
            if (outcome is Outcome.Refused { Reason: Refusal.RecordChanged } && tries < RecordTries) continue;
            throw Refused($"The ledger does not take the record of detached rows: {outcome}.");
        }
    }

    private Detachment Described(ILedgerTables tables, ChainRow at, DetachedRows rows, long listed)
    {
        ValidateCharges(tables, at.Last);
        var (ids, sha256) = DetachedTables.Ids(tables);
        return new(
            order.Plan, _archive, at.Last, Convert.ToHexStringLower(at.Hash), at.RecordedAt, rows, DetachedTables.Stay(tables, at.Commit, ArchivedRows.Unseen),
            FiguresAtCut.Digest(tables, at.Commit), ids, sha256,
            [.. DetachPlan.Segments(_archive, tables.Bucket, at.Commit).Select(segment => (segment.File, segment.Sha256))], listed);
    }

    private async Task<DetachReport> RemoveAsync(Dictionary<int, Detachment> recorded, CancellationToken cancellationToken)
    {
        var (books, total) = (store.Books.Where(book => recorded.ContainsKey(book.Bucket)).ToList(), 0L);
        foreach (var book in books) total += Count(await book.LeftAsync(recorded[book.Bucket].Last));
        var freed = await store.DropAsync(recorded, order.Before, cancellationToken);
        var left = 0L;
        foreach (var book in books) left += Count(await book.LeftAsync(recorded[book.Bucket].Last));
        var removed = new Removed(total - left, total, progress);
        foreach (var book in books) await book.RemoveAsync(recorded[book.Bucket], removed, cancellationToken);
        return new([.. books.Select(book => recorded[book.Bucket])], removed.Rows, freed + await store.ShrinkAsync());
    }

    private async Task VerifyAsync(CancellationToken cancellationToken)
    {
        if ((await store.VerifyAsync(cancellationToken)).Checks.FirstOrDefault(check => check.Broken > 0) is { } broken)
        {
            throw new StoreCorruptException($"The ledger is damaged, so no row is removed. {broken.Id}: {broken.Rows[0]} Run tieout verify.");
        }
    }

    /// <summary>A charge of usage that was recorded before the cut needs the usage.</summary>
    private static void ValidateCharges(ILedgerTables tables, Sequences last)
    {
        using var rows = tables.Select(
            "SELECT seq, usage_seq FROM postings WHERE seq > ? AND kind = 3 AND usage_seq BETWEEN 1 AND ? LIMIT 1", last.Posting, last.Usage);
        if (rows.Step()) throw Refused($"Posting {rows.Int64(0)} charges usage {rows.Int64(1)}, which was recorded in a month before: detach both together.");
    }

    /// <summary>The archive is right, and its files are those that the records name.</summary>
    private void Prove(IEnumerable<Detachment> recorded, VerificationReport verified)
    {
        if (verified.Checks.FirstOrDefault(check => check.Broken > 0) is { } broken)
        {
            throw new StoreCorruptException($"The archive {_archive} is damaged, so no row is removed. {broken.Id}: {broken.Rows[0]}");
        }

        foreach (var (name, sha256) in recorded.SelectMany(detached => detached.Files))
        {
            using var file = File.OpenRead(Path.Combine(_archive, name));
            if (Convert.ToHexStringLower(SHA256.HashData(file)) != sha256)
            {
                throw new StoreCorruptException($"{name} is not the file that the rows were compared with, so no row is removed.");
            }
        }
    }

    private static long Count(DetachedRows rows) => rows.Usage + rows.Postings + (2 * rows.Holds);

    private static StoreUnavailableException Refused(string sentence) => new(sentence, StoreEffect.None, StoreFault.NotWritable);

    private sealed class Removed(long rows, long total, IProgress<RowProgress>? progress) : IProgress<long>
    {
        public long Rows { get; private set; } = rows;

        public void Report(long value)
        {
            Rows += value;
            progress?.Report(new(Rows, total));
        }
    }
}
