using System.Diagnostics;
using Tieout.Core.Ledger;
using Tieout.Storage.Sqlite.Native;

namespace Tieout.Storage.Detaching;

/// <summary>Prepares and removes the rows of an embedded ledger that an archive has: in batches of bounded size, each a transaction of its own.</summary>
internal sealed class DetachedRemoval(RawConnection connection, RemovalPace pace)
{
    /// <summary>Pages that one step gives back to the file system.</summary>
    private const int VacuumPages = 1_000;

    /// <summary>Lists the rows up to a cut that later rows name. They stay. A table of the connection's own has them first, so that no writer waits.</summary>
    /// <returns>The last posting that was looked at.</returns>
    public long ListStay(Sequences last)
    {
        var listed = connection.ReadInt64("SELECT coalesce(max(seq), 0) FROM postings");
        connection.Execute($"""
            DROP TABLE IF EXISTS temp.stay;
            CREATE TEMP TABLE stay (of_table TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (of_table, seq)) WITHOUT ROWID;
            INSERT INTO temp.stay SELECT 'holds', h.seq FROM holds h LEFT JOIN hold_ends e ON e.hold = h.seq
              WHERE h.seq <= {last.Hold} AND (e.hold IS NULL OR e.commit_no > {last.Commit});
            INSERT INTO temp.stay SELECT DISTINCT 'usage', p.usage_seq FROM postings p WHERE p.seq > {last.Posting} AND p.usage_seq BETWEEN 1 AND {last.Usage};
            INSERT INTO temp.stay SELECT 'postings', p.seq FROM postings p WHERE p.seq <= {last.Posting}
              AND (p.usage_seq IN (SELECT seq FROM temp.stay WHERE of_table = 'usage')
                OR p.seq IN (SELECT q.reverses FROM postings q WHERE q.seq > {last.Posting} AND q.reverses > 0))
            """);
        InTransaction(() => connection.Execute($"""
            DELETE FROM detached_stay WHERE cut = {last.Commit};
            INSERT INTO detached_stay SELECT {last.Commit}, of_table, seq FROM temp.stay
            """));
        connection.Execute("DROP TABLE temp.stay");
        return listed;
    }

    /// <summary>Copies the ids of attempts whose rows go (L3).</summary>
    public void CopyIds(Sequences last)
    {
        var (usage, holds) = (Stays(last, "usage"), Stays(last, "holds"));
        Each(last.Usage, (from, to) => $"""
            INSERT OR IGNORE INTO detached_ids SELECT u.id, u.attribution, u.seq, h.seq FROM usage u LEFT JOIN holds h ON h.id = u.id
            WHERE u.seq > {from} AND u.seq <= {to} AND u.seq NOT IN ({usage})
            """);
        Each(last.Hold, (from, to) => $"""
            INSERT OR IGNORE INTO detached_ids SELECT h.id, h.attribution, NULL, h.seq FROM holds h
            WHERE h.seq > {from} AND h.seq <= {to} AND h.seq NOT IN ({holds}) AND NOT EXISTS (SELECT 1 FROM usage u WHERE u.id = h.id)
            """);
    }

    /// <summary>Stores what the rows up to a cut came to.</summary>
    public void Write(long cut, FiguresAtCut figures) => InTransaction(() => CutFigures.Write(connection, cut, figures));

    /// <summary>Rows that the record says are detached and that are still there.</summary>
    public DetachedRows Left(Sequences last) => new(Count(last, "usage", last.Usage), Count(last, "postings", last.Posting), Count(last, "holds", last.Hold));

    /// <summary>Removes what is left, oldest first.</summary>
    /// <param name="removed">Gets the rows of each transaction.</param>
    public void Remove(Sequences last, IProgress<long> removed, CancellationToken cancellationToken)
    {
        foreach (var (table, end) in (ReadOnlySpan<(string, long)>)[("postings", last.Posting), ("usage", last.Usage), ("holds", last.Hold)])
        {
            for (var first = First(last, table, end); first <= end; first += pace.BatchRows)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var upTo = Math.Min(end, first + pace.BatchRows - 1);
                var rows = $"BETWEEN {first} AND {upTo}";
                var stays = Stays(last, table);
                var (count, began) = (0L, Stopwatch.GetTimestamp());
                InTransaction(() =>
                {
                    if (table == "holds") count += Delete($"hold_ends WHERE hold {rows} AND hold NOT IN ({stays})");
                    count += Delete($"{table} WHERE seq {rows} AND seq NOT IN ({stays})");
                });
                removed.Report(count);
                pace.AfterBatch?.Invoke();
                pace.Rest(began);
            }
        }

        foreach (var table in FiguresAtCut.Tables.Select(table => table.Table).Append("detached_stay"))
        {
            InTransaction(() => Delete($"{table} WHERE cut < {last.Commit}"));
        }
    }

    /// <summary>Gives free pages back to the file system, where the file was made for it.</summary>
    /// <returns>Bytes by which the file shrank.</returns>
    public long Vacuum()
    {
        if (connection.ReadInt64("PRAGMA auto_vacuum") != 2) return 0;
        var before = connection.ReadInt64("PRAGMA page_count");
        while (connection.ReadInt64("PRAGMA freelist_count") is > 0 and var free)
        {
            var began = Stopwatch.GetTimestamp();
            connection.Execute($"PRAGMA incremental_vacuum({VacuumPages})");
            pace.Rest(began);
            if (connection.ReadInt64("PRAGMA freelist_count") >= free) break;
        }

        return (before - connection.ReadInt64("PRAGMA page_count")) * connection.ReadInt64("PRAGMA page_size");
    }

    private static string Stays(Sequences last, string table) => $"SELECT seq FROM detached_stay WHERE cut = {last.Commit} AND of_table = '{table}'";

    private long Count(Sequences last, string table, long end) =>
        connection.ReadInt64($"SELECT count(*) FROM {table} WHERE seq <= {end} AND seq NOT IN ({Stays(last, table)})");

    private long First(Sequences last, string table, long end) =>
        connection.ReadInt64($"SELECT coalesce(min(seq), {end} + 1) FROM {table} WHERE seq <= {end} AND seq NOT IN ({Stays(last, table)})");

    private long Delete(string from)
    {
        connection.Execute($"DELETE FROM {from}");
        return connection.ReadInt64("SELECT changes()");
    }

    private void Each(long last, Func<long, long, string> sql)
    {
        for (var from = 0L; from < last; from += pace.BatchRows)
        {
            var to = Math.Min(last, from + pace.BatchRows);
            var began = Stopwatch.GetTimestamp();
            InTransaction(() => connection.Execute(sql(from, to)));
            pace.Rest(began);
        }
    }

    private void InTransaction(Action write)
    {
        try
        {
            connection.Execute("BEGIN IMMEDIATE");
            write();
            connection.Execute("COMMIT");
        }
        finally
        {
            connection.RollBack();
        }
    }
}

/// <summary>How rows are removed.</summary>
/// <param name="BatchRows">Rows of one transaction: a writer beside it waits for some milliseconds.</param>
/// <param name="AfterBatch">For tests: called after each batch of rows that were removed.</param>
/// <param name="IsShared">Others write to the store meanwhile. They get as much time as the removal takes.</param>
internal sealed record RemovalPace(int BatchRows = 2_000, Action? AfterBatch = null, bool IsShared = false)
{
    /// <summary>For tests: called after the record of each book.</summary>
    public Action? AfterRecord { get; init; }

    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(200);

    /// <summary>Waits as long as a piece of work took that began then, where others wait.</summary>
    public void Rest(long began)
    {
        if (IsShared) Thread.Sleep(TimeFor(began));
    }

    /// <inheritdoc cref="Rest"/>
    public Task RestAsync(long began) => IsShared ? Task.Delay(TimeFor(began)) : Task.CompletedTask;

    private static TimeSpan TimeFor(long began) => Stopwatch.GetElapsedTime(began) is var took && took < Longest ? took : Longest;
}
