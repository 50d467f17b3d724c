using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Native;

namespace Tieout.Storage.Sqlite;

/// <summary>Finds single rows again by what names them. For the thread that decides; sees what is durable.</summary>
internal sealed class StoredRows(RawConnection connection) : IDisposable
{
    private readonly RawStatement _command = connection.Prepare($"SELECT {RowReads.CommandColumns} FROM commands WHERE org = ? AND id = ?");
    private readonly RawStatement _posting = connection.Prepare($"SELECT {RowReads.PostingColumns} FROM postings p WHERE p.seq = ?");
    private readonly RawStatement _usageOf = connection.Prepare($"SELECT {RowReads.UsageColumns} FROM usage u WHERE u.seq = ?");
    private readonly RawStatement _reversal = connection.Prepare("SELECT 1 FROM postings WHERE reverses = ? AND reverses > 0 LIMIT 1");
    private readonly RawStatement _window = connection.Prepare($"SELECT {RowReads.WindowColumns} FROM windows WHERE budget = ? AND start_at = ? AND each = ?");
    private readonly RawStatement _object = connection.Prepare(
        $"SELECT {RowReads.ObjectColumns}, {RowReads.ObjectEndColumns} FROM objects o LEFT JOIN object_ends e ON e.object = o.seq WHERE o.org = ? AND o.kind = ? AND o.id = ?");
    private readonly RawStatement _announced = connection.Prepare($"SELECT {RowReads.OutboxColumns} FROM outbox WHERE org = ? AND id = ? ORDER BY seq LIMIT 1");
    private readonly RawStatement _record = connection.Prepare(
        $"SELECT {RowReads.RecordColumns} FROM records WHERE kind = ? AND org = ? AND name = ? ORDER BY seq DESC LIMIT 1");
    private readonly RawStatement _lineageHead = connection.Prepare(
        "SELECT no, link, token_sha256 FROM lineage WHERE operation_id = ? AND org = ? AND issuance_id = ? ORDER BY no DESC LIMIT 1");
    private readonly RawStatement _correction = connection.Prepare(
        "SELECT coalesce(max(p.seq), 0) FROM commands c JOIN postings p ON p.seq = c.posting WHERE c.posting > ? AND p.kind >= 3");
    private readonly RawStatement _stays = connection.Prepare("SELECT 1 FROM detached_stay WHERE cut = ? AND of_table = ? AND seq = ?");
    private readonly List<UsageLabels?> _labels = [null];

    public CommandRow? Command(string org, string id)
    {
        _command.Bind(1, org);
        _command.Bind(2, id);
        using var commandRead = _command.Reading();
        var row = _command.Step() ? RowReads.Command(_command) : null;
        return row;
    }

    public PostedBefore? Posting(long seq, Func<int, string> orgOf)
    {
        _posting.Bind(1, seq);
        using var postingRead = _posting.Reading();
        Posting? posting = _posting.Step() ? RowReads.Posting(_posting, orgOf).Posting : null;
        if (posting is not { } found) return null;
        var usage = found.UsageSeq > 0 ? Usage(found.UsageSeq) : null;
        _reversal.Bind(1, seq);
        using var reversalRead = _reversal.Reading();
        var reversed = _reversal.Step();
        return new(found, usage, reversed);
    }

    /// <summary>A usage record by its number; null: there is none, though something may name it (a finding).</summary>
    public UsageRow? Usage(long seq)
    {
        _usageOf.Bind(1, seq);
        using var usageOfRead = _usageOf.Reading();
        var usage = _usageOf.Step() ? RowReads.Usage(_usageOf, Labels) : null;
        return usage;
    }

    /// <summary>How a window stood at the last checkpoint; null: nothing was ever spent in it.</summary>
    public BudgetWindow? Window(WindowKey key)
    {
        _window.Bind(1, key.Budget);
        _window.Bind(2, key.Start.UnixMicros);
        _window.Bind(3, key.Each ?? "");
        using var windowRead = _window.Reading();
        var window = _window.Step() ? RowReads.Window(_window) : null;
        return window;
    }

    public KeptObject? Object(string org, ObjectKind kind, string id)
    {
        _object.Bind(1, org);
        _object.Bind(2, (long)kind);
        _object.Bind(3, id);
        using var objectRead = _object.Reading();
        var kept = _object.Step() ? RowReads.Kept(_object) : null;
        return kept;
    }

    public OutboxRow? Announced(string org, string id)
    {
        _announced.Bind(1, org);
        _announced.Bind(2, id);
        using var announcedRead = _announced.Reading();
        var row = _announced.Step() ? RowReads.Outbox(_announced) : null;
        return row;
    }

    /// <summary>The newest record of a name; null: there is none.</summary>
    public RecordRow? Record(RecordKey key)
    {
        _record.Bind(1, (long)key.Kind);
        _record.Bind(2, key.Org);
        _record.Bind(3, key.Name);
        using var recordRead = _record.Reading();
        var row = _record.Step() ? RowReads.Record(_record) : null;
        return row;
    }

    /// <summary>Where the lineage of an issuance ends; null: nothing of it is stored.</summary>
    public LineageHead? LineageHead(string org, string operation, string issuance)
    {
        _lineageHead.Bind(1, operation);
        _lineageHead.Bind(2, org);
        _lineageHead.Bind(3, issuance);
        using var lineageHeadRead = _lineageHead.Reading();
        var head = _lineageHead.Step()
            ? new LineageHead(RowReads.Int32(_lineageHead, 0), _lineageHead.Bytes(1).ToArray(), _lineageHead.Bytes(2).ToArray()) : null;
        return head;
    }

    /// <summary>The last posting after one that names rows of earlier commits; 0: there is none.</summary>
    public long Correction(long after)
    {
        _correction.Bind(1, after);
        using var correctionRead = _correction.Reading();
        return _correction.Step() ? _correction.Int64(0) : 0;
    }

    /// <summary>Whether a row up to a cut stays, since later rows name it.</summary>
    public bool Stays(long cut, string table, long seq)
    {
        _stays.Bind(1, cut);
        _stays.Bind(2, table);
        _stays.Bind(3, seq);
        using var staysRead = _stays.Reading();
        return _stays.Step();
    }

    /// <exception cref="StoreCorruptException">No such labels were ever stored.</exception>
    public UsageLabels Labels(int no) =>
        no > 0 && no < _labels.Count && _labels[no] is { } labels
            ? labels : throw new StoreCorruptException($"A row names attribution {no}, which does not exist.");

    /// <summary>Labels that were numbered.</summary>
    public void Add(LabelsRow row)
    {
        while (_labels.Count <= row.No) _labels.Add(null);
        _labels[row.No] = row.Labels;
    }

    public void Dispose()
    {
        foreach (var statement in (ReadOnlySpan<RawStatement>)[_command, _posting, _usageOf, _reversal, _window, _object, _announced, _record, _lineageHead,
            _correction, _stays])
        {
            statement.Dispose();
        }
    }
}
