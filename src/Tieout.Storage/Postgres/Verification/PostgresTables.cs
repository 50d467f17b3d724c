using System.Numerics;
using System.Text.RegularExpressions;
using Npgsql;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage.Archive;
using Tieout.Storage.Detaching;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Rows;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Postgres.Verification;

/// <summary>One bucket's part of the tables, as of one moment: each statement begins with tables of the same names that have that bucket's rows
/// alone.</summary>
/// <remarks>The bucket is a constant in the statement, and not a setting of the session, so that a distributed database finds the one shard to ask.</remarks>
internal sealed class PostgresTables(NpgsqlConnection connection) : ILedgerTables
{
    private static readonly string[] Others =
    [
        "usage_ids", "accounts", "windows", "cells", "follower", RecountTable.Name, StatusTable.Name, MonthTable.Name, HourRowsTable.Name, IdRunTable.Name,
        IdBlockTable.Name, UsageSketchTable.Name, ToolHourTable.Name, ClassCostTable.Name, "detached_ids", "detached_stay",
        .. FiguresAtCut.Tables.Select(table => table.Table),
    ];

    private static readonly Regex Names = new(
        $@"\b({string.Join('|', ArchiveTable.All.Select(table => table.Name).Concat(Others))})\b", RegexOptions.CultureInvariant);

    // Read to their end: closed with the next statement, which saves a round trip for each.
    private readonly List<string> _ended = [];
    private int _cursors;

    // A bucket's head may run behind, never ahead.
    public long FirstOpenHold { get; private set; }

    public int Bucket { get; private set; }

    public Detachment? Detached => DetachedTables.Newest(this);

    public string IdOfText(string column) => $"CASE WHEN {column} ~ '^[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}$' THEN {column}::uuid END";

    public bool IsUsedElsewhere(Guid attempt) => Elsewhere(attempt) is not null;

    /// <summary>Usage of the attempt in another bucket than this: an envelope of one org and usage of another are in different buckets. Null: there is
    /// none.</summary>
    public (int Bucket, long Usage)? Elsewhere(Guid attempt)
    {
        var rows = Rows($"SELECT bucket, seq FROM public.usage_ids WHERE bucket <> {Bucket} AND id = '{attempt}'");
        return rows is [[int bucket, long usage], ..] ? (bucket, usage) : null;
    }

    /// <summary>Begins the moment that all is read as of.</summary>
    /// <param name="writes">Whether something is written in the same transaction.</param>
    public void Begin(bool writes = false)
    {
        Rows($"BEGIN ISOLATION LEVEL REPEATABLE READ {(writes ? "READ WRITE" : "READ ONLY")}");

        // Between two pages of a long reading the transaction is idle, and that is no reason to end it.
        Rows("SET LOCAL idle_in_transaction_session_timeout = 0");
    }

    /// <summary>Ends the transaction, and what was written in it is durable.</summary>
    public void Commit() => End("COMMIT");

    /// <summary>Ends the transaction, with nothing of it done.</summary>
    public void RollBack() => End("ROLLBACK");

    /// <summary>From now on the tables are this bucket's.</summary>
    public void Show(int bucket)
    {
        Bucket = bucket;
        FirstOpenHold = Rows($"SELECT first_open_hold FROM public.heads WHERE bucket = {bucket}") is [[long first]] ? first : 1;
    }

    /// <summary>The statement over one bucket's rows: every table that it names is defined before it.</summary>
    public static string OfBucket(string sql, int bucket)
    {
        var tables = string.Join(", ", Names.Matches(sql).Select(match => match.Value).Distinct(StringComparer.Ordinal).Select(name =>
            $"{name} AS NOT MATERIALIZED ({(name == "usage" ? Usage(bucket) : $"SELECT * FROM public.{name} WHERE bucket = {bucket}")})"));
        return tables.Length == 0 ? sql : sql.TrimStart() is ['W', 'I', 'T', 'H', ' ', .. var own] ? $"WITH {tables}, {own}" : $"WITH {tables} {sql}";
    }

    // A row of usage is one whose id counts, and is where its id says: found by its number as by its id, and missing if the two differ.
    private static string Usage(int bucket) => $"""
        SELECT u.* FROM public.usage u
        JOIN public.usage_ids i ON i.bucket = {bucket} AND i.id = u.id AND i.seq = u.seq AND i.recorded_at = u.recorded_at
        WHERE u.bucket = {bucket}
        """;

    public IRows Select(string sql, params ReadOnlySpan<long> values)
    {
        foreach (var value in values)
        {
            var place = sql.IndexOf('?', StringComparison.Ordinal);
            sql = $"{sql[..place]}{value}{sql[(place + 1)..]}";
        }

        return new Cursor(this, $"c{++_cursors}", OfBucket(sql, Bucket));
    }

    private void End(string statement)
    {
        // Cursors end with their transaction.
        _ended.Clear();
        Rows(statement);
    }

    /// <summary>Runs statements in one round trip. At most the last has rows.</summary>
    private List<object[]> Rows(params ReadOnlySpan<string> statements)
    {
        using var batch = new NpgsqlBatch(connection);
        foreach (var ended in _ended) batch.Add($"CLOSE {ended}");
        _ended.Clear();
        foreach (var statement in statements) batch.Add(statement);
        using var reader = batch.ExecuteReader();
        var rows = new List<object[]>();
        while (reader.Read())
        {
            var row = new object[reader.FieldCount];
            for (var i = 0; i < row.Length; i++)
            {
                row[i] = reader.GetFieldType(i) == typeof(decimal) && !reader.IsDBNull(i) ? reader.GetFieldValue<BigInteger>(i) : reader.GetValue(i);
            }

            rows.Add(row);
        }

        return rows;
    }

    /// <summary>Rows fetched by thousands, so that a dozen tables are gone through at once on one connection.</summary>
    private sealed class Cursor(PostgresTables tables, string name, string sql) : IRows
    {
        private const int PageRows = 1_000;

        private List<object[]> _page = [];
        private int _at = -1;
        private bool _isBegun;
        private bool _isLast;

        public bool Step()
        {
            if (++_at < _page.Count) return true;
            if (_isLast) return false;
            Fetch();
            return _page.Count > 0;
        }

        public bool IsNull(int column) => _page[_at][column] is DBNull;

        public long Int64(int column) => _page[_at][column] switch
        {
            long number => number,
            int number => number,
            BigInteger number => (long)number,
            _ => 0,
        };

        public Int128 Int128(int column) => _page[_at][column] is BigInteger sum ? (Int128)sum : Int64(column);

        public string Text(int column) => _page[_at][column] as string ?? "";

        public ReadOnlySpan<byte> Bytes(int column) => _page[_at][column] as byte[];

        public Guid Guid(int column) => _page[_at][column] is Guid id ? id : default;

        public void Dispose()
        {
            if (_isBegun) tables._ended.Add(name);
        }

        private void Fetch()
        {
            var fetch = $"FETCH {PageRows} FROM {name}";
            _page = _isBegun ? tables.Rows(fetch) : tables.Rows($"DECLARE {name} NO SCROLL CURSOR FOR {sql}", fetch);
            (_isBegun, _at, _isLast) = (true, 0, _page.Count < PageRows);
        }
    }
}
