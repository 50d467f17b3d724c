using Npgsql;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Ledger.RowIndex;
using Tieout.Core.Ledger.Sketches;
using Tieout.Core.Ledger.Tables;
using Tieout.Core.Ledger.Tools;
using Tieout.Storage.Follower;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Follower;

/// <summary>The derived tables of one bucket, in the transaction that reads the ledger: what was counted and its position are written together.</summary>
internal sealed class DerivedTables(NpgsqlConnection connection, BucketRows tables) : IDerivedTables
{
    private static readonly Table<RecountLine> Lines = new Table<RecountTable, RecountLine>(
        AddedColumns<RecountTable, RecountLine>.OnConflict(AddingSql.Postgres));

    private static readonly Table<StatusLine> Statuses = new Table<StatusTable, StatusLine>(
        AddedColumns<StatusTable, StatusLine>.OnConflict(AddingSql.Postgres));

    private static readonly Table<MonthLine> Months = new Table<MonthTable, MonthLine>(AddedColumns<MonthTable, MonthLine>.OnConflict(AddingSql.Postgres));

    private static readonly Table<HourRows> Hours = new Table<HourRowsTable, HourRows>(
        AddedColumns<HourRowsTable, HourRows>.OnConflict(AddingSql.Postgres));

    private static readonly Table<IdRun> Runs = new Table<IdRunTable, IdRun>();
    private static readonly Table<IdRunBlock> Blocks = new Table<IdBlockTable, IdRunBlock>();

    private static readonly Table<UsageSketch> Sketches = new Table<UsageSketchTable, UsageSketch>(
        $"ON CONFLICT (bucket, {UsageSketchTable.Key}) DO UPDATE SET attempts = excluded.attempts, input_tokens = excluded.input_tokens, "
        + "output_tokens = excluded.output_tokens, end_users = excluded.end_users");

    private static readonly Table<ToolHour> Tools = new Table<ToolHourTable, ToolHour>(AddedColumns<ToolHourTable, ToolHour>.OnConflict(AddingSql.Postgres));

    private static readonly Table<ClassCosts> Costs = new Table<ClassCostTable, ClassCosts>(
        AddedColumns<ClassCostTable, ClassCosts>.OnConflict(AddingSql.Postgres));

    public long FirstOpenHold => tables.FirstOpenHold;

    public int Bucket => tables.Bucket;

    public IRows Select(string sql, params ReadOnlySpan<long> values) => tables.Select(sql, values);

    public string IdOfText(string column) => tables.IdOfText(column);

    public bool IsUsedElsewhere(Guid attempt) => false;

    public void Add(Counted counted, IdRunChange? run, IReadOnlyCollection<UsageSketch> sketches)
    {
        using var batch = new NpgsqlBatch(connection);
        Move(batch, counted.To);
        Lines.Insert(batch, Bucket, [.. counted.Recount.Lines]);
        Statuses.Insert(batch, Bucket, [.. counted.Recount.Statuses]);
        Months.Insert(batch, Bucket, [.. counted.Recount.Months]);
        Hours.Insert(batch, Bucket, [.. counted.Index.Hours]);
        if (run is not null) Write(batch, run);
        Sketches.Insert(batch, Bucket, [.. sketches]);
        Tools.Insert(batch, Bucket, [.. counted.Tools.Hours]);
        Costs.Insert(batch, Bucket, [.. counted.Costs.Lines]);
        batch.ExecuteNonQuery();
    }

    public void Reset()
    {
        using var batch = new NpgsqlBatch(connection);
        Move(batch, FollowerPosition.Start);
        foreach (var table in (ReadOnlySpan<string>)[RecountTable.Name, StatusTable.Name, MonthTable.Name, HourRowsTable.Name, IdRunTable.Name,
            IdBlockTable.Name, UsageSketchTable.Name, ToolHourTable.Name, ClassCostTable.Name])
        {
            batch.Add($"DELETE FROM {table} WHERE bucket = $1", Bucket);
        }

        batch.ExecuteNonQuery();
    }

    private void Write(NpgsqlBatch batch, IdRunChange change)
    {
        foreach (var run in change.Absorbed)
        {
            batch.Add($"DELETE FROM {IdBlockTable.Name} WHERE bucket = $1 AND run = $2", Bucket, run.Last);
            batch.Add($"DELETE FROM {IdRunTable.Name} WHERE bucket = $1 AND last_usage = $2", Bucket, run.Last);
        }

        Runs.Insert(batch, Bucket, [change.Run]);
        Blocks.Insert(batch, Bucket, change.Blocks);
    }

    // First, and the row is never deleted: two that count at once, or one that counts while another resets, meet at its lock.
    private void Move(NpgsqlBatch batch, FollowerPosition to) => batch.Add(
        $"INSERT INTO follower (bucket, {FollowerPosition.Columns}) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (bucket) DO UPDATE SET "
        + "commit_no = excluded.commit_no, hash = excluded.hash, last_usage = excluded.last_usage, last_posting = excluded.last_posting, "
        + "last_record = excluded.last_record",
        Bucket, to.Commit, to.Hash, to.Usage, to.Posting, to.Record);
}
