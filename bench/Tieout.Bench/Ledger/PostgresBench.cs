using System.Diagnostics;
using Npgsql;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;
using Tieout.Core.Metering;
using Tieout.Storage;
using Tieout.Storage.Postgres;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Rows;

namespace Tieout.Bench.Ledger;

/// <summary>PostgreSQL against bare COPY of the same rows into tables of the same layout: the same commits, one after another within a bucket.</summary>
internal sealed class PostgresBench : BenchStore
{
    private static readonly UsageLabels Nobody = new() { Org = "", Source = UsageSource.Gateway };

    private readonly List<PostgresLedger> _nodes = [];
    private readonly string _server;
    private readonly string _database;
    private readonly NpgsqlDataSource _source;
    private readonly Dictionary<int, (long Usage, long Posting, long Hold)> _read = [];

    private PostgresBench(string server, string database)
    {
        (_server, _database) = (server, database);
        _source = PostgresAddress.Source(In(server, database));
    }

    public override IReadOnlyList<ILedger> Nodes => _nodes;

    /// <summary>Enough that buckets of several lists commit at once.</summary>
    public override int Outstanding => 8;

    /// <param name="server">The address of any database of the server.</param>
    /// <param name="nodes">Each with connections of its own, as a process of its own would have them.</param>
    public static async Task<PostgresBench> OpenAsync(string server, int batchMax, int nodes)
    {
        var database = $"tieout_bench_{Guid.NewGuid():N}";
        await ExecuteAsync(server, $"CREATE DATABASE {database}");
        var bench = new PostgresBench(server, database);
        for (var node = 0; node < nodes; node++) bench._nodes.Add(await PostgresLedger.OpenAsync(In(server, database), Buckets.Default, batchMax));
        await bench.MakeLimitTablesAsync();
        return bench;
    }

    public override int BucketOf(string org) => _nodes[0].Layout.Of(org);

    public override async Task<(long Charges, long Ticks)> LimitAsync(int batch)
    {
        var parts = new List<Part>();
        var count = 0L;
        for (var bucket = 0; bucket < _nodes[0].Buckets.Length; bucket++) count += await ReadAsync(bucket, batch, parts);
        var buckets = parts.GroupBy(part => part.Bucket).ToArray();
        var start = Stopwatch.GetTimestamp();
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, Environment.ProcessorCount).Select(_ => Task.Run(async () =>
        {
            await using var connection = await _source.OpenConnectionAsync();
            await ExecuteAsync(connection, "SET search_path = bench_limit");
            using var buffer = new CopyBuffer();
            for (var i = Interlocked.Increment(ref next); i < buckets.Length; i = Interlocked.Increment(ref next))
            {
                foreach (var part in buckets[i]) await part.CopyAsync(connection, buffer);
            }
        })));
        return (count, Stopwatch.GetTimestamp() - start);
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes) await node.DisposeAsync();
        await _source.DisposeAsync();
        await ExecuteAsync(_server, $"DROP DATABASE {_database} WITH (FORCE)");
    }

    /// <summary>What one commit of the ledger was.</summary>
    private sealed record Part(int Bucket, List<HoldRow> Holds, List<HoldEnd> Ends, List<UsageRow> Usage, List<PostingRow> Postings)
    {
        private static readonly Table<HoldRow> HoldsTo = new Table<HoldsTable, HoldRow>();
        private static readonly Table<HoldEnd> EndsTo = new Table<HoldEndsTable, HoldEnd>();
        private static readonly Table<UsageRow> UsageTo = new Table<UsageTable, UsageRow>();
        private static readonly Table<PostingRow> PostingsTo = new Table<PostingsTable, PostingRow>();

        public async Task CopyAsync(NpgsqlConnection connection, CopyBuffer buffer)
        {
            await using var transaction = await connection.BeginTransactionAsync();
            if (Holds.Count > 0) await HoldsTo.CopyAsync(connection, buffer, Bucket, Holds);
            if (Ends.Count > 0) await EndsTo.CopyAsync(connection, buffer, Bucket, Ends);
            if (Usage.Count > 0) await UsageTo.CopyAsync(connection, buffer, Bucket, Usage);
            if (Usage.Count > 0) await Tables.UsageIds.CopyAsync(connection, buffer, Bucket, Usage);
            if (Postings.Count > 0) await PostingsTo.CopyAsync(connection, buffer, Bucket, Postings);
            await transaction.CommitAsync();
        }
    }

    private static string In(string server, string database) => new UriBuilder(server) { Path = database }.Uri.ToString();

    private async Task MakeLimitTablesAsync()
    {
        await using var connection = await _source.OpenConnectionAsync();
        await ExecuteAsync(connection, "CREATE SCHEMA bench_limit");
        foreach (var table in (string[])["holds", "hold_ends", "usage_ids", "postings"])
        {
            await ExecuteAsync(connection, $"CREATE TABLE bench_limit.{table} (LIKE public.{table} INCLUDING ALL)");
        }

        await ExecuteAsync(connection, "CREATE TABLE bench_limit.usage (LIKE public.usage INCLUDING ALL) PARTITION BY RANGE (recorded_at)");
        await ExecuteAsync(connection, "CREATE TABLE bench_limit.usage_part PARTITION OF bench_limit.usage FOR VALUES FROM (MINVALUE) TO (MAXVALUE)");
    }

    private async Task<long> ReadAsync(int bucket, int batch, List<Part> parts)
    {
        var after = _read.GetValueOrDefault(bucket);
        await using var connection = await _source.OpenConnectionAsync();
        await using var command = new NpgsqlBatch(connection);
        command.Add($"SELECT {RowReads.UsageColumns} FROM usage u WHERE u.bucket = $1 AND u.seq > $2 ORDER BY u.seq", bucket, after.Usage);
        command.Add(
            $"SELECT {RowReads.PostingColumns} FROM postings p WHERE p.bucket = $1 AND p.seq > $2 AND p.usage_seq > 0 ORDER BY p.seq", bucket, after.Posting);
        command.Add($"SELECT {RowReads.HoldColumns} FROM holds h WHERE h.bucket = $1 AND h.seq > $2 ORDER BY h.seq", bucket, after.Hold);
        await using var reader = await command.ExecuteReaderAsync();
        var usage = await reader.ListAsync(row => RowReads.Usage(row, _ => Nobody));
        var postings = await reader.ListAsync(row => RowReads.Posting(row, _ => ""));
        var holds = await reader.ListAsync(row => RowReads.Hold(row, _ => Nobody));
        var ends = holds.Count == 0 || usage.Count == 0
            ? [] : holds.ConvertAll(row => new HoldEnd(row.Hold, HoldState.Settled, row.Hold.HeldAt, Commit: 1, row.Crc));
        _read[bucket] = (usage.Count > 0 ? usage[^1].Seq : after.Usage, postings.Count > 0 ? postings[^1].Posting.Seq : after.Posting,
            holds.Count > 0 ? holds[^1].Hold.Seq : after.Hold);
        var count = Math.Max(usage.Count, holds.Count);
        for (var from = 0; from < count; from += batch)
        {
            if (holds.Count > 0) parts.Add(new(bucket, Slice(holds, from, batch), [], [], []));
            if (usage.Count > 0) parts.Add(new(bucket, [], Slice(ends, from, batch), Slice(usage, from, batch), Slice(postings, from, batch)));
        }

        return count;
    }

    private static List<T> Slice<T>(List<T> rows, int from, int count) => rows.Count <= from ? [] : rows.GetRange(from, Math.Min(count, rows.Count - from));

    private static async Task ExecuteAsync(string store, string sql)
    {
        await using var source = PostgresAddress.Source(store);
        await using var connection = await source.OpenConnectionAsync();
        await ExecuteAsync(connection, sql);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
#pragma warning disable CA2100 // Names of our own making.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }
}
