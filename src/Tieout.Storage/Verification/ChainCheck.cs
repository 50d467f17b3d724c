using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;
using Tieout.Core.Metering;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Verification;

/// <summary>Goes through the whole ledger once, commit by commit: every row's CRC, every commit's hash (L8), and all else that rows must agree on.</summary>
/// <remarks>Memory stays flat: one row a table, what is recomputed (accounts, windows, cells), and nothing else.</remarks>
internal sealed class ChainCheck : IDisposable
{
    private readonly Findings _findings;
    private readonly RowBytes _bytes = new();
    private readonly IRows _chain;
    private readonly RowStream<SettingRow> _settings;
    private readonly RowStream<LabelsRow> _labels;
    private readonly RowStream<PriceRow> _prices;
    private readonly RowStream<CommandRow> _commands;
    private readonly RowStream<HoldRow> _holds;
    private readonly RowStream<StoredEnd> _ends;
    private readonly RowStream<UsageRow> _usage;
    private readonly RowStream<PostingRow> _postings;
    private readonly RowStream<FindingRow> _findingRows;
    private readonly RowStream<OutboxRow> _outbox;
    private readonly RowStream<ObjectRow> _objects;
    private readonly RowStream<StoredObjectEnd> _objectEnds;
    private readonly RowStream<LineageEntry> _lineage;
    private readonly RowStream<AuditRow> _audit;
    private readonly RowStream<RecordRow> _records;
    private readonly Standing _standing;
    private readonly ChainRow? _after;

    /// <param name="after">Begins after this commit, which was checked before; null: at the first.</param>
    public ChainCheck(ILedgerTables tables, Standing standing, Findings findings, ChainRow? after = null)
    {
        _findings = findings;
        _standing = standing;
        _after = after;
        var from = after?.Last ?? default;
        Func<int, UsageLabels> labels = standing.Labels;
        _chain = tables.Select($"SELECT {RowReads.ChainColumns} FROM chain WHERE commit_no > {from.Commit} ORDER BY commit_no");
        _settings = Stream<SettingsTable, SettingRow>(tables, RowReads.Setting, row => row.Seq, from.Setting);
        _labels = Stream<LabelsTable, LabelsRow>(tables, RowReads.Labels, row => row.No, from.Labels);
        _prices = Stream<PricesTable, PriceRow>(tables, RowReads.Price, row => row.No, from.Price);
        _commands = Stream<CommandsTable, CommandRow>(tables, RowReads.Command, row => row.Posting, from.Posting);
        _holds = Stream<HoldsTable, HoldRow>(tables, s => RowReads.Hold(s, labels), row => row.Hold.Seq, from.Hold);
        _ends = Stream(
            tables, "hold_ends of commit",
            $"SELECT e.commit_no, e.state, e.ended_at, e.crc, e.hold, {RowReads.HoldColumns}, u.seq FROM hold_ends e LEFT JOIN holds h ON h.seq = e.hold LEFT JOIN usage u ON u.id = h.id WHERE e.commit_no > {from.Commit} ORDER BY e.commit_no, e.hold",
            s => StoredEnd.Read(s, labels), row => row.Commit);
        _usage = Stream<UsageTable, UsageRow>(tables, s => RowReads.Usage(s, labels), row => row.Seq, from.Usage);
        _postings = Stream<PostingsTable, PostingRow>(tables, s => RowReads.Posting(s, standing.OrgOf), row => row.Posting.Seq, from.Posting);
        _findingRows = Stream<FindingsTable, FindingRow>(tables, RowReads.Finding, row => row.Seq, from.Finding);
        _outbox = Stream<OutboxTable, OutboxRow>(tables, RowReads.Outbox, row => row.Seq, from.Outbox);
        _objects = Stream<ObjectsTable, ObjectRow>(tables, s => RowReads.Object(s), row => row.Seq, from.Object);
        _objectEnds = Stream(
            tables, "object_ends of commit",
            $"SELECT e.commit_no, {RowReads.ObjectEndColumns}, e.object, {RowReads.ObjectColumns} FROM object_ends e LEFT JOIN objects o ON o.seq = e.object WHERE e.commit_no > {from.Commit} ORDER BY e.commit_no, e.object",
            StoredObjectEnd.Read, row => row.Commit);
        _lineage = Stream<LineageTable, LineageEntry>(tables, RowReads.Lineage, entry => entry.Seq, from.Lineage);
        _audit = Stream<AuditTable, AuditRow>(tables, RowReads.Audit, row => row.Seq, from.Audit);
        _records = Stream<RecordsTable, RecordRow>(tables, RowReads.Record, row => row.Seq, from.Record);
    }

    /// <param name="committed">Called after each commit.</param>
    public void Run(Action<ChainRow> committed)
    {
        var previous = _after?.Hash ?? new byte[32];
        var last = _after?.Commit ?? 0L;
        while (_chain.Step())
        {
            var commit = RowReads.Chain(_chain, previous);
            if (commit.Commit != last + 1) _findings.Broken("L8", $"chain {last + 1} is missing.");
            last = commit.Commit;
            var hash = Link(previous, commit);
            _findings.Check(
                "L8", hash.AsSpan().SequenceEqual(commit.Hash), $"chain {commit.Commit}: its hash is not that of its rows (recorded {commit.RecordedAt}).");
            _findings.Check(
                "L8", (commit.Last.Account, commit.Last.Budget) == _standing.Numbers,
                $"chain {commit.Commit} says that accounts end at {commit.Last.Account} and budgets at {commit.Last.Budget}; by its settings they end at {_standing.Numbers}.");
            previous = commit.Hash;
            _standing.EndCommit();
            committed(commit);
        }

        _settings.NothingLeft();
        _labels.NothingLeft();
        _prices.NothingLeft();
        _commands.NothingLeft();
        _holds.NothingLeft();
        _ends.NothingLeft();
        _usage.NothingLeft();
        _postings.NothingLeft();
        _findingRows.NothingLeft();
        _outbox.NothingLeft();
        _objects.NothingLeft();
        _objectEnds.NothingLeft();
        _lineage.NothingLeft();
        _audit.NothingLeft();
        _records.NothingLeft();
    }

    public void Dispose()
    {
        foreach (var resource in (ReadOnlySpan<IDisposable>)[_chain, _settings, _labels, _prices, _commands, _holds, _ends, _usage, _postings, _findingRows,
            _outbox, _objects, _objectEnds, _lineage, _audit, _records, _bytes])
        {
            resource.Dispose();
        }
    }

    private RowStream<TRow> Stream<TTable, TRow>(ILedgerTables tables, Func<IRow, TRow> read, Func<TRow, long> number, long after)
        where TTable : struct, IChainedTable<TRow>
        where TRow : class =>
        new(tables, TTable.Key is "posting" ? $"{TTable.Name}, posting" : TTable.Name, TableRows.Select<TTable, TRow>(after), read, number, _findings, after);

    private RowStream<T> Stream<T>(ILedgerTables tables, string table, string sql, Func<IRow, T> read, Func<T, long> number, long after = 0)
        where T : class => new(tables, table, sql, read, number, _findings, after);

    /// <summary>The hash of the commit's rows as they are now. The order of the tables is the order of the hash.</summary>
    private byte[] Link(byte[] previous, ChainRow commit)
    {
        var last = commit.Last;
        _bytes.Begin(previous, commit.Commit, commit.RecordedAt);
        foreach (var row in _settings.AllUpTo(last.Setting))
        {
            Same(_bytes.Add(row), row.Crc, $"settings {row.Seq} ({row.Kind} {row.Name})");
            _standing.Add(row);
        }

        foreach (var row in _labels.AllUpTo(last.Labels)) Same(_bytes.Add(row), row.Crc, $"attributions {row.No}");
        foreach (var row in _prices.AllUpTo(last.Price))
        {
            Same(_bytes.Add(row), row.Crc, $"prices {row.No}");
            _standing.Add(row);
        }

        foreach (var row in _commands.UpTo(last.Posting))
        {
            Same(_bytes.Add(row), row.Crc, $"commands {row.Org}/{row.Id}");
            _standing.Add(row);
        }

        foreach (var row in _holds.AllUpTo(last.Hold))
        {
            Same(_bytes.Add(row), row.Crc, $"holds {row.Hold.Seq} ({row.Hold.Id})");
            _standing.Add(row.Hold);
        }

        foreach (var row in _ends.UpTo(commit.Commit))
        {
            Same(_bytes.Add(row.End), row.End.Crc, $"hold_ends {row.End.Hold.Seq} ({row.End.Hold.Id})");
            _standing.End(row.End, row.HasUsage);
        }

        foreach (var row in _usage.AllUpTo(last.Usage))
        {
            Same(_bytes.Add(row), row.Crc, $"usage {row.Seq} ({row.Usage.Id})");
            _standing.Add(row);
        }

        foreach (var row in _postings.AllUpTo(last.Posting))
        {
            Same(_bytes.Add(row), row.Crc, $"postings {row.Posting.Seq}");
            _standing.Add(row.Posting);
        }

        foreach (var row in _findingRows.AllUpTo(last.Finding))
        {
            Same(_bytes.Add(row), row.Crc, $"findings {row.Seq}");
            _standing.Add(row);
        }

        foreach (var row in _outbox.AllUpTo(last.Outbox)) Same(_bytes.Add(row), row.Crc, $"outbox {row.Seq} ({row.Id})");
        foreach (var row in _objects.AllUpTo(last.Object)) Same(_bytes.Add(row), row.Crc, $"objects {row.Seq} ({row.Object.Kind} {row.Object.Id})");
        foreach (var row in _objectEnds.UpTo(commit.Commit))
        {
            Same(_bytes.Add(row.End), row.End.Crc, $"object_ends {row.End.Object.Seq} ({row.End.Object.Object.Id})");
        }

        foreach (var entry in _lineage.AllUpTo(last.Lineage))
        {
            Same(_bytes.Add(entry), entry.Crc, $"lineage {entry.Seq} (issuance {entry.Row.Issuance}, no. {entry.Row.No})");
        }

        foreach (var row in _audit.AllUpTo(last.Audit)) Same(_bytes.Add(row), row.Crc, $"audit {row.Seq} ({row.Action} by {row.Actor.Id})");
        foreach (var row in _records.AllUpTo(last.Record)) Same(_bytes.Add(row), row.Crc, $"records {row.Seq} ({row.Kind} {row.Name})");
        return _bytes.End();
    }

    private void Same(uint crc, uint stored, FormattableString row) =>
        _findings.Check("L8", crc == stored, $"{FormattableString.Invariant(row)} is not as it was written.");
}

/// <summary>The end of a hold, with the commit it is part of.</summary>
/// <param name="HasUsage">Whether its attempt has a usage record.</param>
internal sealed record StoredEnd(long Commit, HoldEnd End, bool HasUsage)
{
    public static StoredEnd Read(IRow s, Func<int, UsageLabels> labels)
    {
        if (s.IsNull(5)) throw new StoreCorruptException($"it ends hold {s.Int64(4)}, which does not exist");
        var hold = RowReads.Hold(s, labels, first: 5).Hold;
        return new(s.Int64(0), new(hold, (HoldState)s.Int64(1), RowReads.Time(s, 2), unchecked((uint)s.Int64(3))), HasUsage: !s.IsNull(14));
    }
}

/// <summary>The end of an object, with the commit it is part of.</summary>
internal sealed record StoredObjectEnd(long Commit, ObjectEnd End)
{
    public static StoredObjectEnd Read(IRow s)
    {
        if (s.IsNull(5)) throw new StoreCorruptException($"it ends object {s.Int64(4)}, which does not exist");
        return new(s.Int64(0), new(RowReads.Object(s, first: 5), s.Text(1), RowReads.Time(s, 2), unchecked((uint)s.Int64(3))));
    }
}
