using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage.Sqlite.Native;

namespace Tieout.Storage.Sqlite.Rows;

/// <summary>Appends the rows of a write set, table by table: all of one table, then all of the next, is what the caches like.</summary>
internal sealed class RowInserts(RawConnection connection) : IDisposable
{
    private readonly RowInsert<SettingsTable, SettingRow> _settings = new(connection);
    private readonly RowInsert<LabelsTable, LabelsRow> _labels = new(connection);
    private readonly RowInsert<PricesTable, PriceRow> _prices = new(connection);
    private readonly RowInsert<CommandsTable, CommandRow> _commands = new(connection);
    private readonly RowInsert<HoldsTable, HoldRow> _holds = new(connection);
    private readonly RowInsert<HoldEndsTable, InCommit<HoldEnd>> _holdEnds = new(connection);
    private readonly RowInsert<UsageTable, UsageRow> _usage = new(connection);
    private readonly RowInsert<PostingsTable, PostingRow> _postings = new(connection);
    private readonly RowInsert<FindingsTable, FindingRow> _findings = new(connection);
    private readonly RowInsert<OutboxTable, OutboxRow> _outbox = new(connection);
    private readonly RowInsert<ObjectsTable, ObjectRow> _objects = new(connection);
    private readonly RowInsert<ObjectEndsTable, InCommit<ObjectEnd>> _objectEnds = new(connection);
    private readonly RowInsert<LineageTable, LineageEntry> _lineage = new(connection);
    private readonly RowInsert<AuditTable, AuditRow> _audit = new(connection);
    private readonly RowInsert<RecordsTable, RecordRow> _records = new(connection);
    private readonly RowInsert<ChainTable, ChainRow> _chain = new(connection);
    private readonly RawStatement _correlation = connection.Prepare("INSERT INTO correlations VALUES (?, ?)");

    public void Write(WriteSet writes)
    {
        var commit = writes.Chain.Commit;
        _settings.Write(writes.Settings);
        _labels.Write(writes.Labels);
        _prices.Write(writes.Prices);
        _commands.Write(writes.Commands);
        _holds.Write(writes.Holds);
        for (var i = 0; i < writes.HoldsEnded.Count; i++) _holdEnds.Write(new InCommit<HoldEnd>(writes.HoldsEnded[i], commit));
        _usage.Write(writes.Usage);
        for (var i = 0; i < writes.Usage.Count; i++) WriteCorrelation(writes.Usage[i]);
        _postings.Write(writes.Postings);
        _findings.Write(writes.Findings);
        _outbox.Write(writes.Outbox);
        _objects.Write(writes.Objects);
        for (var i = 0; i < writes.ObjectsEnded.Count; i++) _objectEnds.Write(new InCommit<ObjectEnd>(writes.ObjectsEnded[i], commit));
        _lineage.Write(writes.Lineage);
        _audit.Write(writes.Audit);
        _records.Write(writes.Records);
        _chain.Write(writes.Chain);
    }

    public void Dispose()
    {
        foreach (var statement in (ReadOnlySpan<IDisposable>)
            [_settings, _labels, _prices, _commands, _holds, _holdEnds, _usage, _correlation, _postings, _findings, _outbox, _objects, _objectEnds, _lineage,
                _audit, _records, _chain])
        {
            statement.Dispose();
        }
    }

    private void WriteCorrelation(UsageRow row)
    {
        if (row.Usage.CorrelationId is not { } correlation || IdTime.IsThatOf(row.Usage.Id.Value, correlation)) return;
        _correlation.Bind(1, correlation);
        _correlation.Bind(2, row.Seq);
        _correlation.Run();
    }
}
