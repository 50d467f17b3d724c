using Npgsql;
using Tieout.Storage.Rows;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Postgres.Verification;

/// <summary>One bucket's part of the tables, as of one moment: views of the same names lie before them, and show that bucket alone.</summary>
internal sealed class PostgresTables(NpgsqlConnection connection) : ILedgerTables
{
    private static readonly string[] Names =
    [
        "settings", "attributions", "prices", "commands", "holds", "hold_ends", "usage", "postings", "findings", "outbox", "objects", "object_ends", "lineage", "chain",
        "accounts", "windows", "cells",
    ];

    private int _cursors;

    // A bucket's head may run behind, never ahead.
    public long FirstOpenHold
    {
        get
        {
            using var rows = Select("SELECT first_open_hold FROM public.heads WHERE bucket = ?", Bucket);
            return rows.Step() ? rows.Int64(0) : 1;
        }
    }

    public int Bucket { get; private set; }

    // An envelope of one org and usage of another lie in different buckets.
    public string? IdOfText(string column) => null;

    /// <summary>Lays the views over the tables of this connection.</summary>
    public async Task PrepareAsync()
    {
        // Between two pages of a long reading the transaction is idle, and that is no reason to end it.
        await ExecuteAsync("SET idle_in_transaction_session_timeout = 0");
        var views = string.Join(";\n", Names.Select(name => $"CREATE TEMP VIEW {name} AS SELECT * FROM public.{name} WHERE bucket = current_setting('tieout.bucket')::int"));
        await ExecuteAsync(views);
    }

    /// <summary>Begins the moment that all is read as of.</summary>
    public Task BeginAsync() => ExecuteAsync("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");

    public Task EndAsync() => ExecuteAsync("COMMIT");

    /// <summary>From now on the tables are this bucket's.</summary>
    public Task ShowAsync(int bucket)
    {
        Bucket = bucket;
        return ExecuteAsync($"SET LOCAL tieout.bucket = {bucket}");
    }

    public IRows Select(string sql, params ReadOnlySpan<long> values)
    {
        foreach (var value in values)
        {
            var place = sql.IndexOf('?', StringComparison.Ordinal);
            sql = $"{sql[..place]}{value}{sql[(place + 1)..]}";
        }

        return new Cursor(connection, $"c{++_cursors}", sql);
    }

    private async Task ExecuteAsync(string sql)
    {
#pragma warning disable CA2100 // Our own text: names of tables and numbers.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Rows fetched by thousands, so that a dozen tables are gone through at once on one connection.</summary>
    private sealed class Cursor : IRows
    {
        private const int PageRows = 1_000;

        private readonly NpgsqlConnection _connection;
        private readonly string _name;
        private List<object[]> _page = [];
        private int _at = -1;
        private bool _isLast;

        public Cursor(NpgsqlConnection connection, string name, string sql)
        {
            (_connection, _name) = (connection, name);
            using var command = Command($"DECLARE {name} NO SCROLL CURSOR FOR {sql}");
            command.ExecuteNonQuery();
        }

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
            _ => 0,
        };

        public string Text(int column) => _page[_at][column] as string ?? "";

        public ReadOnlySpan<byte> Bytes(int column) => _page[_at][column] as byte[];

        public Guid Guid(int column) => _page[_at][column] is Guid id ? id : default;

        public void Dispose()
        {
            using var command = Command($"CLOSE {_name}");
            command.ExecuteNonQuery();
        }

        private void Fetch()
        {
            using var command = Command($"FETCH {PageRows} FROM {_name}");
            using var reader = command.ExecuteReader();
            _page = new(PageRows);
            while (reader.Read())
            {
                var row = new object[reader.FieldCount];
                reader.GetValues(row);
                _page.Add(row);
            }

            _at = 0;
            _isLast = _page.Count < PageRows;
        }

#pragma warning disable CA2100 // Our own text: what both stores are verified with.
        private NpgsqlCommand Command(string sql) => new(sql, _connection);
#pragma warning restore CA2100
    }
}
