using Npgsql;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Rows;

/// <summary>A table whose key begins with the bucket, and the two ways of writing rows to it: COPY for many, VALUES lists for few.</summary>
/// <remarks>A distributed database sends a VALUES list to the bucket's shard as it is; rows that a statement selects go through its coordinator
/// first.</remarks>
internal abstract class Table<T>
{
    /// <summary>From here on a COPY, which costs two round trips more, is the faster way.</summary>
    private const int RowsWorthCopying = 48;

    /// <summary>Whether so many rows are copied, before the batch that the rest goes in.</summary>
    public static bool IsCopied(int rows) => rows >= RowsWorthCopying;

    /// <summary>Adds the rows to a batch; nothing if there are none.</summary>
    public abstract void Insert(NpgsqlBatch batch, int bucket, IReadOnlyList<T> rows);

    public abstract Task CopyAsync(NpgsqlConnection connection, CopyBuffer buffer, int bucket, IReadOnlyList<T> rows);
}

/// <summary>A table that is written as it is declared.</summary>
/// <param name="then">What comes after the rows, for tables whose rows are replaced.</param>
internal sealed class Table<TTable, T>(string then = "") : Table<T>
    where TTable : struct, ITable<T>
{
    /// <summary>Rows of one VALUES list: few texts, so that all of them stay prepared. 47 rows are six statements of one round trip.</summary>
    private static readonly int[] ListLengths = [16, 8, 4, 2, 1];

    private static readonly int Columns = TableColumns<TTable, T>.All.Count;

    private readonly string[] _inserts =
        [.. ListLengths.Select(rows => $"INSERT INTO {TTable.Name} (bucket, {TableColumns<TTable, T>.Names}) VALUES {Lists(rows)} {then}".TrimEnd())];

    private readonly string _copy = $"COPY {TTable.Name} (bucket, {TableColumns<TTable, T>.Names}) FROM STDIN (FORMAT binary)";

    public override void Insert(NpgsqlBatch batch, int bucket, IReadOnlyList<T> rows)
    {
        var next = 0;
        for (var length = 0; length < ListLengths.Length; length++)
        {
            for (; rows.Count - next >= ListLengths[length]; next += ListLengths[length]) Insert(batch, bucket, rows, next, length);
        }
    }

    public override async Task CopyAsync(NpgsqlConnection connection, CopyBuffer buffer, int bucket, IReadOnlyList<T> rows)
    {
        Fill(buffer, bucket, rows);
        await using var stream = await connection.BeginRawBinaryCopyAsync(_copy);
        await stream.WriteAsync(buffer.Written);
    }

    private static void Fill(CopyBuffer buffer, int bucket, IReadOnlyList<T> rows)
    {
        var copied = new CopiedColumns(buffer);
        buffer.Begin();
        for (var i = 0; i < rows.Count; i++)
        {
            buffer.Row(Columns + 1);
            buffer.Int(bucket);
            TTable.Write(ref copied, rows[i]);
        }

        buffer.End();
    }

    private void Insert(NpgsqlBatch batch, int bucket, IReadOnlyList<T> rows, int first, int length)
    {
        var command = new NpgsqlBatchCommand(_inserts[length]);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = bucket });
        var parameters = new ParameterColumns(command.Parameters);
        for (var i = first; i < first + ListLengths[length]; i++) TTable.Write(ref parameters, rows[i]);
        batch.BatchCommands.Add(command);
    }

    /// <summary>Every row begins with the bucket, which is <c>$1</c>.</summary>
    private static string Lists(int rows) => string.Join(
        ", ", Enumerable.Range(0, rows).Select(
            row => $"($1, {string.Join(", ", Enumerable.Range(0, Columns).Select(column => $"${2 + row * Columns + column}"))})"));
}

/// <summary>Where the rows of a commit go: many rows of a table are copied at once, few join the batch that commits.</summary>
internal readonly record struct BucketWriter(NpgsqlConnection Connection, NpgsqlBatch Batch, CopyBuffer Buffer, int Bucket)
{
    public Task WriteAsync<T>(Table<T> table, IReadOnlyList<T> rows)
    {
        if (Table<T>.IsCopied(rows.Count)) return table.CopyAsync(Connection, Buffer, Bucket, rows);
        table.Insert(Batch, Bucket, rows);
        return Task.CompletedTask;
    }
}
