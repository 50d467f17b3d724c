using System.Diagnostics;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Sqlite.Rows;

namespace Tieout.Bench.Ledger;

/// <summary>The limit: inserts the rows that the ledger has just written into a file of the same layout, with the same durability and batch size. No
/// rules.</summary>
internal sealed class PlainLoop : IDisposable
{
    private static readonly UsageLabels Nobody = new() { Org = "", Source = UsageSource.Gateway };

    private readonly RawConnection _connection;
    private readonly RawConnection _source;
    private readonly RawStatement _begin;
    private readonly RawStatement _commit;
    private readonly RowInserts _inserts;
    private readonly LogCopier _log;
    private long _commitNo;
    private (long Usage, long Posting, long Hold) _read;

    public PlainLoop(string file, string source)
    {
        _connection = RawConnection.Open(file);
        _connection.Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0");
        Schema.Migrate(_connection);
        _begin = _connection.Prepare("BEGIN IMMEDIATE");
        _commit = _connection.Prepare("COMMIT");
        _inserts = new(_connection);
        _log = new(file);
        _source = RawConnection.Open(source, readOnly: true);
    }

    /// <summary>Copies what is new. Reading it is not timed.</summary>
    /// <returns>Charges (or holds, where there are none) and the time their insertion took, in ticks.</returns>
    public (long Charges, long Ticks) Run(int batch)
    {
        var usage = Rows($"SELECT {RowReads.UsageColumns} FROM usage u WHERE u.seq > {_read.Usage} ORDER BY u.seq", s => RowReads.Usage(s, _ => Nobody));
        var postings = Rows($"SELECT {RowReads.PostingColumns} FROM postings p WHERE p.seq > {_read.Posting} AND p.usage_seq > 0 ORDER BY p.seq",
            s => RowReads.Posting(s, _ => ""));
        var holds = Rows($"SELECT {RowReads.HoldColumns} FROM holds h WHERE h.seq > {_read.Hold} ORDER BY h.seq", s => RowReads.Hold(s, _ => Nobody));
        var ends = holds.Count == 0 || usage.Count == 0
            ? [] : holds.ConvertAll(row => new HoldEnd(row.Hold, HoldState.Settled, row.Hold.HeldAt, Commit: 1, row.Crc));
        if (usage.Count > 0) _read.Usage = usage[^1].Seq;
        if (postings.Count > 0) _read.Posting = postings[^1].Posting.Seq;
        if (holds.Count > 0) _read.Hold = holds[^1].Hold.Seq;

        var count = Math.Max(usage.Count, holds.Count);
        var writes = new List<WriteSet>();
        for (var from = 0; from < count; from += batch)
        {
            if (holds.Count > 0) writes.Add(Set(Part(holds, from, batch), [], [], []));
            if (usage.Count > 0) writes.Add(Set([], Part(ends, from, batch), Part(usage, from, batch), Part(postings, from, batch)));
        }

        var start = Stopwatch.GetTimestamp();
        foreach (var set in writes)
        {
            _begin.Run();
            _inserts.Write(set);
            _connection.Commit(_commit);
            _log.Committed(_connection, set);
        }

        return (count, Stopwatch.GetTimestamp() - start);
    }

    public void Dispose()
    {
        _log.Dispose();
        foreach (var resource in (ReadOnlySpan<IDisposable>)[_inserts, _begin, _commit, _connection, _source]) resource.Dispose();
    }

    private static List<T> Part<T>(List<T> rows, int from, int count) => rows.Count == 0 ? [] : rows.GetRange(from, Math.Min(count, rows.Count - from));

    private List<T> Rows<T>(string sql, Func<RawStatement, T> row)
    {
        var rows = new List<T>();
        using var s = _source.Prepare(sql);
        while (s.Step()) rows.Add(row(s));
        return rows;
    }

    private WriteSet Set(List<HoldRow> holds, List<HoldEnd> ends, List<UsageRow> usage, List<PostingRow> postings) => new()
    {
        IsEmpty = false,
        Chain = new(++_commitNo, [], new byte[32], default, default),
        Outcomes = [],
        Holds = holds,
        HoldsEnded = ends,
        Usage = usage,
        Postings = postings,
        Accounts = [],
        Windows = [],
        Cells = [],
    };
}
