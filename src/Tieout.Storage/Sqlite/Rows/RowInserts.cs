using Tieout.Core.Ledger;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Native;

namespace Tieout.Storage.Sqlite.Rows;

/// <summary>Appends the rows of a write set, table by table: all of one table, then all of the next, is what the caches like.</summary>
internal sealed partial class RowInserts(RawConnection connection) : IDisposable
{
    private readonly RawStatement _setting = Insert(connection, "settings", 8);
    private readonly RawStatement _labels = Insert(connection, "attributions", 17);
    private readonly RawStatement _price = Insert(connection, "prices", 3);
    private readonly RawStatement _command = Insert(connection, "commands", 5);
    private readonly RawStatement _hold = Insert(connection, "holds", 9);
    private readonly RawStatement _holdEnd = Insert(connection, "hold_ends", 5);
    private readonly RawStatement _usage = Insert(connection, "usage", 27);
    private readonly RawStatement _correlation = Insert(connection, "correlations", 2);
    private readonly RawStatement _posting = Insert(connection, "postings", RowReads.PostingColumnCount);
    private readonly RawStatement _finding = Insert(connection, "findings", 8);
    private readonly RawStatement _outbox = Insert(connection, "outbox", 7);
    private readonly RawStatement _object = Insert(connection, "objects", 11);
    private readonly RawStatement _objectEnd = Insert(connection, "object_ends", 5);
    private readonly RawStatement _lineage = Insert(connection, "lineage", 15);
    private readonly RawStatement _chain = Insert(connection, "chain", 17);
    private readonly RawStatement _audit = Insert(connection, "audit", 14);
    private readonly RawStatement _record = Insert(connection, "records", 7);

    public void Write(WriteSet writes)
    {
        foreach (var row in writes.Settings) Write(row);
        foreach (var row in writes.Labels) Write(row);
        foreach (var row in writes.Prices) Write(row);
        foreach (var row in writes.Commands) Write(row);
        for (var i = 0; i < writes.Holds.Count; i++) Write(writes.Holds[i]);
        for (var i = 0; i < writes.HoldsEnded.Count; i++) Write(writes.HoldsEnded[i], writes.Chain.Commit);
        for (var i = 0; i < writes.Usage.Count; i++) Write(writes.Usage[i]);
        for (var i = 0; i < writes.Usage.Count; i++) WriteCorrelation(writes.Usage[i]);
        for (var i = 0; i < writes.Postings.Count; i++) Write(writes.Postings[i]);
        foreach (var row in writes.Findings) Write(row);
        foreach (var row in writes.Outbox) Write(row);
        foreach (var row in writes.Objects) Write(row);
        foreach (var end in writes.ObjectsEnded) Write(end, writes.Chain.Commit);
        foreach (var entry in writes.Lineage) Write(entry);
        foreach (var row in writes.Audit) Write(row);
        foreach (var row in writes.Records) Write(row);
        Write(writes.Chain);
    }

    public void Dispose()
    {
        foreach (var statement in (ReadOnlySpan<RawStatement>)[_setting, _labels, _price, _command, _hold, _holdEnd, _usage, _correlation, _posting, _finding, _outbox, _object, _objectEnd, _lineage, _audit, _record, _chain])
        {
            statement.Dispose();
        }
    }

    private static RawStatement Insert(RawConnection connection, string table, int columns) =>
        connection.Prepare($"INSERT INTO {table} VALUES ({string.Join(", ", Enumerable.Repeat("?", columns))})");

    private void Write(SettingRow row)
    {
        var s = _setting;
        s.Bind(1, row.Seq);
        s.Bind(2, (long)row.Kind);
        s.Bind(3, row.Org);
        s.Bind(4, row.Name);
        s.Bind(5, row.Body);
        s.Bind(6, row.AfterHold);
        s.Bind(7, row.RecordedAt.UnixMicros);
        s.Bind(8, row.Crc);
        s.Run();
    }

    private void Write(LabelsRow row)
    {
        var s = _labels;
        var labels = row.Labels;
        s.Bind(1, row.No);
        s.Bind(2, labels.Org);
        s.Bind(3, labels.Project);
        s.Bind(4, labels.Team);
        s.Bind(5, labels.Key);
        s.Bind(6, labels.Feature);
        s.Bind(7, labels.Provider);
        s.Bind(8, labels.Model);
        s.Bind(9, (long)labels.Source);
        s.Bind(10, labels.Trigger);
        s.Bind(11, row.Crc);
        var runtime = labels.Runtime;
        s.Bind(12, runtime?.AppInstance);
        s.Bind(13, runtime?.Component);
        if (runtime is null) s.BindNull(14);
        else s.Bind(14, runtime.IsControlPlane ? 1 : 0);
        s.Bind(15, runtime?.OperatingMode);
        s.Bind(16, runtime?.ControlPlaneScope);
        s.Bind(17, runtime?.Backend);
        s.Run();
    }

    private void Write(PriceRow row)
    {
        _price.Bind(1, row.No);
        _price.Bind(2, row.Json);
        _price.Bind(3, row.Crc);
        _price.Run();
    }

    private void Write(CommandRow row)
    {
        var s = _command;
        s.Bind(1, row.Org);
        s.Bind(2, row.Id);
        s.Bind(3, row.Content);
        s.Bind(4, row.Posting);
        s.Bind(5, row.Crc);
        s.Run();
    }

    private void Write(FindingRow row)
    {
        var s = _finding;
        s.Bind(1, row.Seq);
        s.Bind(2, row.Code.Name);
        s.Bind(3, row.Code.Severity);
        s.Bind(4, row.Org);
        if (row.Attempt is { } attempt) s.BindBlob(5, attempt.Value);
        else s.BindNull(5);
        s.Bind(6, row.Detail);
        s.Bind(7, row.RecordedAt.UnixMicros);
        s.Bind(8, row.Crc);
        s.Run();
    }

    private void Write(OutboxRow row)
    {
        var s = _outbox;
        s.Bind(1, row.Seq);
        s.Bind(2, row.Id);
        s.Bind(3, row.Org);
        s.Bind(4, row.Type);
        s.Bind(5, row.Body);
        s.Bind(6, row.RecordedAt.UnixMicros);
        s.Bind(7, row.Crc);
        s.Run();
    }

    private void Write(ObjectRow row)
    {
        var s = _object;
        var what = row.Object;
        s.Bind(1, row.Seq);
        s.Bind(2, what.Org);
        s.Bind(3, (long)what.Kind);
        s.Bind(4, what.Id);
        s.Bind(5, what.Key);
        if (what.Attempt is { } attempt) s.BindBlob(6, attempt.Value);
        else s.BindNull(6);
        s.Bind(7, what.OperationId);
        s.Bind(8, what.IsPending ? 1 : 0);
        s.Bind(9, what.Body);
        s.Bind(10, row.RecordedAt.UnixMicros);
        s.Bind(11, row.Crc);
        s.Run();
    }

    private void Write(ObjectEnd end, long commit)
    {
        var s = _objectEnd;
        s.Bind(1, end.Object.Seq);
        s.Bind(2, end.Body);
        s.Bind(3, end.EndedAt.UnixMicros);
        s.Bind(4, commit);
        s.Bind(5, end.Crc);
        s.Run();
    }

    private void Write(LineageEntry entry)
    {
        var s = _lineage;
        var row = entry.Row;
        s.Bind(1, entry.Seq);
        s.Bind(2, entry.Org);
        s.Bind(3, entry.OperationId);
        s.Bind(4, row.Issuance);
        s.Bind(5, row.No);
        s.Bind(6, entry.KeyId);
        s.BindBlob(7, entry.TokenSha256);
        s.Bind(8, (long)row.Step.Kind);
        s.Bind(9, row.Step.Id);
        s.Bind(10, row.Step.AttemptNo);
        s.Bind(11, row.Step.Executor);
        s.Bind(12, row.Step.Target);
        s.Bind(13, row.Step.At.UnixMicros);
        s.BindBlob(14, row.Link);
        s.Bind(15, entry.Crc);
        s.Run();
    }

    private void Write(AuditRow row)
    {
        var s = _audit;
        s.Bind(1, row.Seq);
        s.Bind(2, row.Org);
        s.Bind(3, row.Actor.Id);
        s.Bind(4, row.Actor.Role);
        s.Bind(5, row.Actor.CorrelationId);
        s.Bind(6, row.Actor.Address);
        s.Bind(7, row.Actor.Agent);
        s.Bind(8, row.Action);
        s.Bind(9, row.Target);
        s.Bind(10, row.Before);
        s.Bind(11, row.After);
        s.Bind(12, row.Outcome);
        s.Bind(13, row.RecordedAt.UnixMicros);
        s.Bind(14, row.Crc);
        s.Run();
    }

    private void Write(RecordRow row)
    {
        var s = _record;
        s.Bind(1, row.Seq);
        s.Bind(2, (long)row.Kind);
        s.Bind(3, row.Org);
        s.Bind(4, row.Name);
        s.Bind(5, row.Body);
        s.Bind(6, row.RecordedAt.UnixMicros);
        s.Bind(7, row.Crc);
        s.Run();
    }
}
