using Npgsql;
using Tieout.Storage.Rows;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Postgres.Verification;

/// <summary>One bucket's part of the tables, as of one moment: views of the same names lie before them, and show that bucket alone.</summary>
internal sealed class PostgresTables(NpgsqlConnection connection) : ILedgerTables
{
    private static readonly string[] Names =
    [
        "settings", "attributions", "prices", "commands", "holds", "hold_ends", "usage_ids", "postings", "findings", "outbox", "objects", "object_ends", "lineage", "chain",
        "accounts", "windows", "cells",
    ];

    private int _cursors;

    // A bucket's head may run behind, never ahead; from the first is right, too, and asked of small books.
    public long FirstOpenHold => 1;

    // An envelope of one org and usage of another lie in different buckets.
    public string? IdOfText(string column) => null;

    /// <summary>Lays the views over the tables of this connection, and begins the moment.</summary>
    public async Task BeginAsync()
    {
        var views = string.Join(";\n", Names.Select(name => $"CREATE TEMP VIEW {name} AS SELECT * FROM public.{name} WHERE bucket = current_setting('tieout.bucket')::int"));
        await ExecuteAsync(views);

        // A row of usage is one whose id counts, and stands where its id says: found by its number as by its id, and missing if the two differ.
        await ExecuteAsync("""
            CREATE TEMP VIEW usage AS SELECT u.* FROM public.usage u
            JOIN public.usage_ids i ON i.bucket = u.bucket AND i.id = u.id AND i.seq = u.seq AND i.recorded_at = u.recorded_at
            WHERE u.bucket = current_setting('tieout.bucket')::int
            """);
        await ExecuteAsync("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    }

    /// <summary>From now on the tables are this bucket's.</summary>
    public Task ShowAsync(int bucket) => ExecuteAsync($"SET LOCAL tieout.bucket = {bucket}");

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
