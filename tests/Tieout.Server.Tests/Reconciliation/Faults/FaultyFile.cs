using Tieout.Core.Ledger;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Native;

namespace Tieout.Server.Tests.Reconciliation.Faults;

/// <summary>What a planted fault must be found as.</summary>
/// <param name="More">By how much all that is charged must be more, once it is corrected, than before it was planted.</param>
internal readonly record struct Planted(string Code, long? Difference, long More = 0);

/// <summary>A closed ledger's file in which faults are planted through SQL. Rows that a fault adds are one more commit.</summary>
internal sealed class FaultyFile : IDisposable
{
    private readonly Random _random;
    private readonly Dictionary<string, List<long>> _pools = [];
    private Sequences _last;

    private readonly HashSet<long> _taken;

    /// <param name="taken">Usage rows that have a fault already.</param>
    public FaultyFile(string database, Random random, HashSet<long> taken)
    {
        _taken = taken;
        (File, _random) = (RawConnection.Open(database), random);
        var last = Sealing.Rows(File, $"SELECT {RowReads.ChainColumns} FROM chain ORDER BY commit_no DESC LIMIT 1", s => RowReads.Chain(s, []))[0];
        (_last, RecordedAt) = (last.Last, last.RecordedAt.UnixMicros + 1);
        const string thisMonth = "SELECT u.seq FROM usage u JOIN attributions a ON a.no = u.attribution WHERE u.charge > 0 AND u.price > 0 AND u.basis IN (0, 3) AND u.effective_at >= unixepoch('now', 'start of month') * 1000000 AND ";
        Pool("gateway", thisMonth + "a.source = 0 AND a.org = 'acme' AND a.key = 'key-1' AND EXISTS (SELECT 1 FROM lineage l WHERE unhex(replace(l.id, '-', '')) = u.id)");
        Pool("reported", thisMonth + "a.source IN (3, 4)");
        Pool("runtime", thisMonth + "a.app_instance IS NOT NULL");
    }

    public RawConnection File { get; }

    public long RecordedAt { get; }

    /// <summary>A row of a kind that no other fault of the round has.</summary>
    public long Take(string pool)
    {
        var rows = _pools[pool];
        var at = _random.Next(rows.Count);
        var row = rows[at];
        rows.RemoveAt(at);
        _taken.Add(row);
        return row;
    }

    public int Next(int max) => _random.Next(max);

    public Guid NewId()
    {
        var bytes = new byte[16];
        _random.NextBytes(bytes);
        bytes[0] = 1;
        return new(bytes, bigEndian: true);
    }

    public long Number(string sql) => File.ReadInt64(sql);

    public string Text(string sql) => Sealing.Rows(File, sql, s => s.Text(0))[0];

    public void Execute(string sql) => File.Execute(sql);

    public long NewUsage()
    {
        _last = _last with { Usage = _last.Usage + 1 };
        _taken.Add(_last.Usage);
        return _last.Usage;
    }

    public long NewPosting() => (_last = _last with { Posting = _last.Posting + 1 }).Posting;

    public long NewHold() => (_last = _last with { Hold = _last.Hold + 1 }).Hold;

    public long NewLabels() => (_last = _last with { Labels = _last.Labels + 1 }).Labels;

    public long NewObject() => (_last = _last with { Object = _last.Object + 1 }).Object;

    public long Commit => _last.Commit + 1;

    /// <summary>A copy of a row with some columns changed.</summary>
    public void Copy(string table, string key, long from, params (string Column, string Value)[] changes)
    {
        var columns = Sealing.Rows(File, $"SELECT name FROM pragma_table_info('{table}')", s => s.Text(0));
        var values = columns.Select(column => changes.FirstOrDefault(change => change.Column == column) is { Value: { } value } ? value : column);
        File.Execute($"INSERT INTO {table} ({string.Join(", ", columns)}) SELECT {string.Join(", ", values)} FROM {table} WHERE {key} = {from}");
    }

    /// <summary>The commit of what was added, and all sealed.</summary>
    public void Seal()
    {
        var l = _last with { Commit = Commit };
        File.Execute($"INSERT INTO chain VALUES ({l.Commit}, x'', {RecordedAt}, {l.Usage}, {l.Posting}, {l.Hold}, {l.Setting}, {l.Finding}, {l.Outbox}, {l.Labels}, {l.Price}, {l.Account}, {l.Budget}, {l.Object}, {l.Lineage})");
        Sealing.Seal(File);
    }

    public void Dispose() => File.Dispose();

    private void Pool(string name, string sql) => _pools[name] = [.. Sealing.Rows(File, sql, s => s.Int64(0)).Where(row => !_taken.Contains(row))];
}
