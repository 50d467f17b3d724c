using System.Text;
using Npgsql;
using Tieout.Core.Ledger;
using Tieout.Storage.Detaching;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Postgres.Verification;
using Tieout.Storage.Rows;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Postgres.Follower;

/// <summary>One bucket's part of the tables, as of one moment, for short readings: rows come as they are read, one statement at a time, without
/// cursors.</summary>
internal sealed class BucketRows(NpgsqlConnection connection, int bucket) : ILedgerTables
{
    public long FirstOpenHold => 0;

    public int Bucket => bucket;

    public Detachment? Detached => DetachedTables.Newest(this);

    public string IdOfText(string column) => throw new NotSupportedException("Reports look nothing up by ids that are texts.");

    public bool IsUsedElsewhere(Guid attempt) => throw new NotSupportedException("Reports look at one bucket.");

    /// <remarks>The caller must read the rows of the last statement to their end, or dispose of them, before it calls this again.</remarks>
    public IRows Select(string sql, params ReadOnlySpan<long> values)
    {
        var command = new NpgsqlBatchCommand(PostgresTables.OfBucket(Numbered(sql), bucket));
        foreach (var value in values) command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = value });
        var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(command);
        return new Streamed(batch, batch.ExecuteReader());
    }

    /// <summary>The statement with <c>$1</c> and on in the places of its <c>?</c>.</summary>
    private static string Numbered(string sql)
    {
        var (text, number) = (new StringBuilder(sql.Length + 16), 0);
        foreach (var part in sql)
        {
            if (part == '?') text.Append('$').Append(++number);
            else text.Append(part);
        }

        return text.ToString();
    }

    private sealed class Streamed(NpgsqlBatch batch, NpgsqlDataReader reader) : IRows
    {
        private readonly ReadRow _row = new(reader);

        public bool Step() => reader.Read();

        public bool IsNull(int column) => _row.IsNull(column);

        public long Int64(int column) => _row.Int64(column);

        public Int128 Int128(int column) => _row.Int128(column);

        public string Text(int column) => _row.Text(column);

        public ReadOnlySpan<byte> Bytes(int column) => _row.Bytes(column);

        public Guid Guid(int column) => _row.Guid(column);

        public void Dispose()
        {
            reader.Dispose();
            batch.Dispose();
        }
    }
}
