using System.Globalization;
using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Storage.Detaching;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Native;

namespace Tieout.Storage.Sqlite;

/// <summary>How it is put together at a start: from the checkpoint, and from the rows after it.</summary>
internal sealed partial class StoredBook
{
    /// <summary>Reads the checkpoint and replays what came after it; <paramref name="pending"/> then holds what the checkpoint lacks.</summary>
    /// <param name="connection">Stays the book's, to look things up.</param>
    /// <param name="writes">The committing thread's.</param>
    /// <remarks>A row that cannot be read or added up is left out, and <see cref="Damage"/> names it: the rest is there to be looked at, and nothing may be
    /// decided on it.</remarks>
    public static StoredBook Load(RawConnection connection, RawConnection writes, Pending pending, Instant now)
    {
        var stored = new StoredBook(new Book { Prefetched = new() }, new StoredRows(connection), connection, writes);
        try
        {
            connection.Execute("BEGIN");
            using var checksums = new RowChecksums();
            stored.LoadStanding(connection, now, checksums);
            stored.Replay(connection, pending, checksums);
            return stored;
        }
        catch
        {
            stored.Dispose();
            throw;
        }
        finally
        {
            connection.RollBack();
        }
    }

    /// <inheritdoc/>
    public string? Damage =>
        _damage is null ? null
            : $"{_damage}{(_damaged > 1 ? $" {_damaged - 1} more rows cannot be loaded." : "")} Run tieout verify, and restore a backup or repair the row.";

    private string? _damage;
    private int _damaged;

    private void LoadStanding(RawConnection connection, Instant now, RowChecksums checksums)
    {
        var settings = Each(
            connection, "settings", $"SELECT {RowReads.SettingColumns} FROM settings ORDER BY seq", s => Book.Recall(checksums.Check(RowReads.Setting(s))));
        var labels = Each(connection, "attributions", $"SELECT {RowReads.LabelsColumns} FROM attributions ORDER BY no", s =>
        {
            var row = checksums.Check(RowReads.Labels(s));
            Book.Recall(row);
            _rows.Add(row);
        });
        var prices = Each(
            connection, "prices", $"SELECT {RowReads.PriceColumns} FROM prices ORDER BY no", s => Book.Recall(checksums.Check(RowReads.Price(s))));
        Each(connection, "accounts", $"SELECT {CheckpointTables.AccountColumns} FROM accounts", s => CheckpointTables.RecallAccount(s, Book));
        Each(connection, "records", $"SELECT count(*) FROM records WHERE kind = {(int)RecordKind.Quarantine}", s => Book.RecallQuarantined((int)s.Int64(0)));
        Each(connection, "records", DetachedTables.NewestSql, s => Book.Recall(Detachment.Parse(s.Text(0))));
        Book.WindowsFrom = now - WindowsKept;
        foreach (var which in (ReadOnlySpan<string>)[$"end_at > {Book.WindowsFrom.UnixMicros}", "held <> 0"])
        {
            Each(connection, "windows", $"SELECT {RowReads.WindowColumns} FROM windows WHERE {which}", s =>
            {
                var window = RowReads.Window(s);
                window.Held = Amount.Zero;
                Book.Recall(window);
            });
        }

        Each(connection, "chain", $"SELECT {RowReads.ChainColumns} FROM chain ORDER BY commit_no DESC LIMIT 1", s =>
        {
            var chain = RowReads.Chain(s, []);
            Book.Recall(chain.Last, chain.Hash);
        });
        foreach (var (table, rows, expected) in (ReadOnlySpan<(string, long, long)>)[("settings", settings, Book.Last.Setting),
            ("attributions", labels, Book.Last.Labels), ("prices", prices, Book.Last.Price)])
        {
            if (RowChecksums.Missing(table, rows, expected) is { } missing) Damaged(missing);
        }

        foreach (var table in (ReadOnlySpan<string>)["usage", "holds", "detached_ids"])
        {
            Each(connection, table, $"SELECT id FROM {table} ORDER BY id DESC LIMIT 1", s => See(new(s.Guid(0))));
        }
    }

    private void RecallOldWindows(UsageLabels labels, string? endUser, Instant at)
    {
        var windows = new List<WindowKey>();
        Book.AddOldWindows(labels, endUser, at, windows);
        foreach (var key in windows) RecallWindow(key);
    }

    private void Replay(RawConnection connection, Pending pending, RowChecksums checksums)
    {
        var recomputed = new Recomputation(Book);
        var (after, firstOpenHold) = (0L, 0L);
        Each(connection, "checkpoint", "SELECT posting, first_open_hold FROM checkpoint", s => (after, firstOpenHold) = (s.Int64(0), s.Int64(1)));
        var postings = 0L;
        Each(connection, "postings",
            $"SELECT {RowReads.PostingColumns}, {RowReads.UsageColumns} FROM postings p LEFT JOIN usage u ON u.seq = p.usage_seq WHERE p.seq > {after} ORDER BY p.seq", s =>
        {
            var posting = checksums.Check(RowReads.Posting(s, OrgOf)).Posting;
            var usage = posting.UsageSeq > 0 && !s.IsNull(RowReads.PostingColumnCount)
                ? checksums.Check(RowReads.Usage(s, _rows.Labels, first: RowReads.PostingColumnCount)) : null;
            if (usage is not null) RecallOldWindows(usage.Usage.Labels, usage.Usage.EndUser, posting.EffectiveAt);
            var command = posting.Kind == PostingKind.Grant ? _rows.Command(posting.Org, posting.CommandId!) : null;
            recomputed.Add(posting, usage, command);
            postings++;
        });
        Each(connection, "holds",
            $"SELECT {RowReads.HoldColumns} FROM holds h LEFT JOIN hold_ends e ON e.hold = h.seq WHERE h.seq >= {firstOpenHold} AND e.hold IS NULL ORDER BY h.seq", s =>
        {
            var hold = checksums.Check(RowReads.Hold(s, _rows.Labels)).Hold;
            RecallOldWindows(hold.Scope, hold.EndUser, hold.HeldAt);
            Book.Recall(hold.Id, new(hold, HoldState.Open, Usage: null));
            recomputed.Add(hold);
        });
        foreach (var account in recomputed.Accounts.Values) Book.Recall(account);
        foreach (var window in recomputed.Windows.Values) Book.Recall(window);
        pending.Clear();
        pending.Begin(Book.Last);
        pending.Add(recomputed, postings);

        // Whatever the checkpoint says is held, also where no open hold is left: the next flush puts it right.
        Each(connection, "accounts", "SELECT no FROM accounts WHERE held <> 0",
            s => pending.Accounts[RowReads.Int32(s, 0)] = Book.Account(RowReads.Int32(s, 0)));
        Each(connection, "windows", $"SELECT {RowReads.WindowColumns} FROM windows WHERE held <> 0", s =>
        {
            var key = RowReads.Window(s).Key;
            pending.Windows[key] = Book.Window(key) ?? throw new StoreCorruptException("a window with holds could not be loaded.");
        });
    }

    /// <returns>How many rows there are, readable or not.</returns>
    private long Each(RawConnection connection, string table, string sql, Action<RawStatement> take)
    {
        var rows = 0L;
        try
        {
            using var statement = connection.Prepare(sql);
            while (statement.Step())
            {
                rows++;
                try
                {
                    take(statement);
                }
                catch (Exception broken) when (broken is not StoreUnavailableException)
                {
                    Damaged(table, statement, broken);
                }
            }
        }
        catch (StoreCorruptException unreadable)
        {
            Damaged($"The rows of table {table} cannot be read to their end: {unreadable.Message}");
        }

        return rows;
    }

    private void Damaged(string table, RawStatement row, Exception broken)
    {
        var name = row.Bytes(0).Length == 16 ? row.Guid(0).ToString() : row.Int64(0).ToString(CultureInfo.InvariantCulture);
        Damaged($"Row {name} of table {table} cannot be loaded: {broken.Message}");
    }

    private void Damaged(string what)
    {
        _damage ??= what;
        _damaged++;
    }
}
