using Npgsql;

namespace Tieout.Storage.Postgres.Rows;

/// <summary>A table whose key begins with the bucket, and the two ways of writing rows to it: COPY for many, VALUES lists for few.</summary>
/// <remarks>A distributed database sends a VALUES list to the bucket's shard as it is; rows that a statement selects go through its coordinator first.</remarks>
internal sealed class Table<T>
{
    /// <summary>From here on a COPY, which costs two round trips more, is the faster way.</summary>
    private const int RowsWorthCopying = 48;

    /// <summary>Rows of one VALUES list: few texts, so that all of them stay prepared. 47 rows are six statements of one round trip.</summary>
    private static readonly int[] ListLengths = [16, 8, 4, 2, 1];

    private readonly Column<T>[] _columns;
    private readonly string[] _inserts;
    private readonly string _copy;

    /// <param name="then">What comes after the rows, for tables whose rows are replaced.</param>
    public Table(string name, Column<T>[] columns, string then = "")
    {
        _columns = columns;
        var names = string.Join(", ", columns.Select(column => column.Name));
        _inserts = [.. ListLengths.Select(rows => $"INSERT INTO {name} (bucket, {names}) VALUES {Lists(rows, columns.Length)} {then}".TrimEnd())];
        _copy = $"COPY {name} (bucket, {names}) FROM STDIN (FORMAT binary)";
    }

    /// <summary>Whether so many rows are copied, before the batch that the rest goes in.</summary>
    public static bool IsCopied(int rows) => rows >= RowsWorthCopying;

    /// <summary>Adds the rows to a batch; nothing if there are none.</summary>
    public void Insert(NpgsqlBatch batch, int bucket, IReadOnlyList<T> rows)
    {
        var next = 0;
        for (var length = 0; length < ListLengths.Length; length++)
        {
            for (; rows.Count - next >= ListLengths[length]; next += ListLengths[length]) Insert(batch, bucket, rows, next, length);
        }
    }

    public async Task CopyAsync(NpgsqlConnection connection, CopyBuffer buffer, int bucket, IReadOnlyList<T> rows)
    {
        buffer.Begin();
        for (var i = 0; i < rows.Count; i++)
        {
            buffer.Row(_columns.Length + 1);
            buffer.Int(bucket);
            foreach (var column in _columns) column.Copy(buffer, rows[i]);
        }

        buffer.End();
        await using var stream = await connection.BeginRawBinaryCopyAsync(_copy);
        await stream.WriteAsync(buffer.Written);
    }

    private void Insert(NpgsqlBatch batch, int bucket, IReadOnlyList<T> rows, int first, int length)
    {
        var command = new NpgsqlBatchCommand(_inserts[length]);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = bucket });
        for (var i = first; i < first + ListLengths[length]; i++)
        {
            foreach (var column in _columns) command.Parameters.Add(column.Value(rows[i]));
        }

        batch.BatchCommands.Add(command);
    }

    /// <summary>Every row begins with the bucket, which is <c>$1</c>.</summary>
    private static string Lists(int rows, int columns) => string.Join(
        ", ", Enumerable.Range(0, rows).Select(row => $"($1, {string.Join(", ", Enumerable.Range(0, columns).Select(column => $"${2 + row * columns + column}"))})"));
}
