using Tieout.Core.Attribution;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;
using Tieout.Server.Attribution;
using Tieout.Server.Tests.Attribution;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Sqlite.Rows;
using Tieout.Storage.Sqlite.Verification;
using Tieout.Storage.Verification;

namespace Tieout.Server.Tests.Reconciliation.Faults;

/// <summary>What a planted fault must be found as.</summary>
/// <param name="More">By how much all that is charged must be more, once it is corrected, than before it was planted.</param>
internal readonly record struct Planted(string Code, long? Difference, long More = 0);

/// <summary>A closed ledger's file in which faults are planted through SQL. Rows that a fault adds are one more commit.</summary>
internal sealed class FaultyFile : IPlanting, IDisposable
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
        const string thisMonth =
            "SELECT u.seq FROM usage u JOIN attributions a ON a.no = u.attribution WHERE u.charge > 0 AND u.price > 0 AND u.basis IN (0, 3) AND u.effective_at >= unixepoch('now', 'start of month') * 1000000 AND ";
        Pool("gateway",
            thisMonth + "a.source = 0 AND a.org = 'acme' AND a.key = 'key-1' AND EXISTS (SELECT 1 FROM lineage l WHERE unhex(replace(l.id, '-', '')) = u.id)");
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

    public IReadOnlyList<(long Budget, long Start, string Each)> Windows(string where) =>
        Sealing.Rows(
            File, $"SELECT budget, start_at, each FROM windows WHERE {where} ORDER BY start_at DESC, budget, each", s => (s.Int64(0), s.Int64(1), s.Text(2)));

    /// <summary>One more step under an envelope of acme's, rightly linked: an attempt that nothing else tells of.</summary>
    public void AddAttempt()
    {
        var tail = Sealing.Rows(
            File, $"SELECT {RowReads.LineageColumns} FROM lineage l WHERE org = 'acme' AND kind = 1 AND no = (SELECT max(no) FROM lineage m WHERE m.operation_id = l.operation_id AND m.org = l.org AND m.issuance_id = l.issuance_id)",
            RowReads.Lineage)[0];
        var key = LineageCheck.Keys(new SqliteTables(File), EnvelopeSecretFile.Parse(EnvelopeWorld.SecretText))!.Find(tail.KeyId)!.Lineage;
        var step = new LineageStep(LineageKind.Attempt, NewId().ToString(), tail.Row.Step.AttemptNo + 1, "key-1", tail.Row.Step.Target, new(RecordedAt));
        var row = Lineage.Append(key, tail.Row.Issuance, tail.Row.Link, tail.Row.No + 1, step);
        Execute($"""
            INSERT INTO lineage VALUES ({NewLineage()}, '{tail.Org}', '{tail.OperationId}', '{row.Issuance}', {row.No}, '{tail.KeyId}', x'{Convert.ToHexString(tail.TokenSha256)}', 1, '{step.Id}', {step.AttemptNo},
            '{step.Executor}', '{step.Target}', {step.At.UnixMicros}, x'{Convert.ToHexString(row.Link)}', 0)
            """);
    }

    public string Text(string sql) => Sealing.Rows(File, sql, s => s.Text(0))[0];

    public void Execute(string sql) => File.Execute(sql);

    public long NewUsage()
    {
        _last = _last with { Usage = _last.Usage + 1 };
        _taken.Add(_last.Usage);
        return _last.Usage;
    }

    public long NewLineage() => (_last = _last with { Lineage = _last.Lineage + 1 }).Lineage;

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
        var link = new ChainRow(Commit, [], [], new(RecordedAt), _last with { Commit = Commit });
        using (var chain = new RowInsert<ChainTable, ChainRow>(File)) chain.Write(link);
        Sealing.Seal(File);
    }

    public void Dispose() => File.Dispose();

    private void Pool(string name, string sql) => _pools[name] = [.. Sealing.Rows(File, sql, s => s.Int64(0)).Where(row => !_taken.Contains(row))];
}
