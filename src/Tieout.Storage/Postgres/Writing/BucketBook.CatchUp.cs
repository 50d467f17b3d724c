using Npgsql;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite;

namespace Tieout.Storage.Postgres.Writing;

/// <summary>Catching up with what other nodes wrote.</summary>
internal sealed partial class BucketBook
{
    private static readonly string OpenHoldsAfter = $"""
        SELECT {RowReads.HoldColumns} FROM holds h
        WHERE h.bucket = $1 AND h.seq > $2 AND NOT EXISTS (SELECT 1 FROM hold_ends e WHERE e.bucket = $1 AND e.hold = h.seq) ORDER BY h.seq
        """;

    /// <summary>The newest record of rows that left the bucket for an archive.</summary>
    public const string NewestDetachment = "SELECT body FROM records WHERE bucket = $1 AND kind = $2 AND org = '' AND name = $3 ORDER BY seq DESC LIMIT 1";

    private const string EndedHoldsAfter =
        "SELECT h.id FROM hold_ends e JOIN holds h ON h.bucket = $1 AND h.seq = e.hold WHERE e.bucket = $1 AND e.commit_no > $2 AND e.hold <= $3";

    /// <summary>Reads what came after the commit it stands at, up to <paramref name="head"/>; from nothing, all that must be in memory.</summary>
    /// <remarks>Where nodes take turns it comes before every commit, so only what can have moved is asked for: the numbers of rows, which have no gaps,
    /// tell.</remarks>
    /// <param name="connection">In a transaction in which the bucket stays as it is.</param>
    /// <returns>False, and nothing is taken in: the commit it stands at is not in the chain. It cannot be brought up, only read anew.</returns>
    public async Task<bool> CatchUpAsync(NpgsqlConnection connection, Head head, Instant now)
    {
        var (last, to) = (Book.Last, head.Chain.Last);
        var isNew = last.Commit == 0;
        if (isNew) Book.WindowsFrom = now - StoredBook.WindowsKept;
        var (holdsCame, usageCame, recordsCame, holdsMayHaveEnded) = (to.Hold > last.Hold, to.Usage > last.Usage, to.Record > last.Record,
            !isNew && Book.Attempts.Count > 0);
        var windows = isNew ? "(end_at > $2 OR held <> 0)" : "commit_no > $2";
        await using var batch = new NpgsqlBatch(connection);
        Ask(!isNew, "SELECT hash FROM chain WHERE bucket = $1 AND commit_no = $2", last.Commit);
        Ask(isNew, $"SELECT {RowReads.ChainColumns} FROM chain WHERE bucket = $1 AND commit_no = $2", to.Commit);
        Ask(to.Setting > last.Setting, $"SELECT {RowReads.SettingColumns} FROM settings WHERE bucket = $1 AND seq > $2 ORDER BY seq", last.Setting);
        Ask(to.Labels > last.Labels, $"SELECT {RowReads.LabelsColumns} FROM attributions WHERE bucket = $1 AND no > $2 ORDER BY no", last.Labels);
        Ask(to.Price > last.Price, $"SELECT {RowReads.PriceColumns} FROM prices WHERE bucket = $1 AND no > $2 ORDER BY no", last.Price);
        Ask(true, "SELECT no, debits, credits, held, version, grants FROM accounts WHERE bucket = $1 AND commit_no > $2", last.Commit);
        Ask(true, $"SELECT {RowReads.WindowColumns} FROM windows WHERE bucket = $1 AND {windows}", isNew ? Book.WindowsFrom.UnixMicros : last.Commit);
        Ask(holdsCame, OpenHoldsAfter, Math.Max(last.Hold, head.FirstOpenHold - 1));
        Ask(holdsMayHaveEnded, EndedHoldsAfter, last.Commit, last.Hold);
        Ask(recordsCame, "SELECT count(*) FROM records WHERE bucket = $1 AND kind = $2 AND seq > $3", (int)RecordKind.Quarantine, last.Record);
        Ask(recordsCame, NewestDetachment, (int)Detachment.Key.Kind, Detachment.Key.Name);
        Ask(holdsCame, "SELECT id FROM holds WHERE bucket = $1 ORDER BY id DESC LIMIT 1");
        Ask(usageCame, "SELECT id FROM usage_ids WHERE bucket = $1 ORDER BY id DESC LIMIT 1");
        Ask(isNew, "SELECT id FROM detached_ids WHERE bucket = $1 ORDER BY id DESC LIMIT 1");

        await using var reader = await batch.ExecuteReaderAsync();
        if (!isNew && (await reader.ListAsync(row => row.Bytes(0).SequenceEqual(Book.ChainHash))) is not [true]) return false;
        if (isNew) CheckHead(head.Chain, await TakeAsync(true, "chain", row => RowReads.Chain(row, [])));
        using var checksums = new RowChecksums();
        var settings = await TakeAsync(to.Setting > last.Setting, "settings", row => checksums.Check(RowReads.Setting(row)), to.Setting - last.Setting);
        var labels = await TakeAsync(to.Labels > last.Labels, "attributions", row => checksums.Check(RowReads.Labels(row)), to.Labels - last.Labels);
        foreach (var row in labels) Number(row);
        var prices = await TakeAsync(to.Price > last.Price, "prices", row => checksums.Check(RowReads.Price(row)), to.Price - last.Price);
        var accounts = await TakeAsync(true, "accounts", StoredAccount.Read);
        var moved = await TakeAsync(true, "windows", RowReads.Window);
        var holds = await TakeAsync(holdsCame, "holds", row => checksums.Check(RowReads.Hold(row, Labels)).Hold);
        var ended = await TakeAsync(holdsMayHaveEnded, "hold_ends", row => new AttemptId(row.Guid(0)));
        var quarantined = await TakeAsync(recordsCame, "records", row => (int)row.Int64(0));
        var detached = await TakeAsync(recordsCame, "records", row => Detachment.Parse(row.Text(0)));
        List<Guid> newest = [.. await TakeAsync(holdsCame, "holds", row => row.Guid(0)), .. await TakeAsync(usageCame, "usage_ids", row => row.Guid(0)),
            .. await TakeAsync(isNew, "detached_ids", row => row.Guid(0))];
        lock (_gate)
        {
            foreach (var row in settings) TakeIn("settings", row.Seq, row, Book.Recall);
            foreach (var row in labels) Book.Recall(row);
            foreach (var row in prices) TakeIn("prices", row.No, row, Book.Recall);
            foreach (var account in accounts) TakeIn("accounts", account.No, account, stored => Book.Recall(stored.Of(Book)));
            foreach (var window in moved) Book.Recall(window);
            foreach (var hold in holds) Book.Recall(hold.Id, new(hold, HoldState.Open, Usage: null));
            foreach (var id in ended) Book.Forget(id);
            foreach (var more in quarantined) Book.RecallQuarantined(more);
            foreach (var gone in detached) Book.Recall(gone);
            foreach (var id in newest) See(new(id));
            Book.Recall(to, head.Chain.Hash);
            LastRecordedAt = head.Chain.RecordedAt;
            _firstOpenHold = Math.Max(_firstOpenHold, head.FirstOpenHold);
        }

        return true;

        void Ask(bool wanted, string sql, params ReadOnlySpan<object> values)
        {
            if (wanted) batch.Add(sql, [bucket, .. values]);
        }

        async Task<List<T>> TakeAsync<T>(bool wanted, string table, Func<IRow, T> read, long? expected = null)
        {
            if (!wanted) return [];
            var rows = await reader.ListAsync(row => TryRead(table, row, read));
            if (expected is { } numbered && RowChecksums.Missing(table, rows.Count, numbered) is { } missing) Damaged($"Bucket {bucket}: {missing}");
            return [.. rows.Where(row => row.IsRead).Select(row => row.Value)];
        }
    }
}
