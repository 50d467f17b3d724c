using Npgsql;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Reading;

/// <summary>A statement with its values, put together condition by condition. Values are always parameters, never written into the SQL.</summary>
internal sealed class PgQuery
{
    /// <summary>Rows a page when streaming.</summary>
    public const int PageRows = 2_000;

    private readonly List<object> _values = [];
    private readonly string _select;
    private string _where = "";
    private string _rest = "";

    /// <param name="select">With a <c>?</c> for each of <paramref name="values"/>; so everywhere below.</param>
    public PgQuery(string select, params ReadOnlySpan<object> values) => _select = Numbered(select, values);

    /// <param name="condition">With a <c>?</c> for each of <paramref name="values"/>.</param>
    public PgQuery Where(string condition, params ReadOnlySpan<object> values)
    {
        _where += (_where.Length == 0 ? " WHERE " : " AND ") + Numbered(condition, values);
        return this;
    }

    /// <summary>Adds the condition unless the value is null.</summary>
    public PgQuery WhereGiven(string condition, string? value) => value is null ? this : Where(condition, value);

    /// <summary>What comes after the conditions.</summary>
    public PgQuery Then(string rest, params ReadOnlySpan<object> values)
    {
        _rest += " " + Numbered(rest, values);
        return this;
    }

    /// <summary>The condition for where a time begins in <c>usage u</c> or <c>postings p</c>: nothing that counts at a time is recorded before it. Binds the
    /// bucket and the time.</summary>
    public static string Since(string table) => $"""
        {table[0]}.seq > coalesce((SELECT last_{(table == "usage" ? "usage" : "posting")} FROM chain WHERE bucket = ? AND recorded_at < ? ORDER BY recorded_at DESC, commit_no DESC LIMIT 1), 0)
        """;

    /// <summary>Adds the statement to others that are sent together.</summary>
    public void AddTo(NpgsqlBatch batch) => batch.Add(_select + _where + _rest, [.. _values]);

    public async Task<List<T>> ListAsync<T>(NpgsqlConnection connection, Func<IRow, T> row)
    {
        await using var batch = new NpgsqlBatch(connection);
        AddTo(batch);
        await using var reader = await batch.ExecuteReaderAsync();
        return await reader.ListAsync(row);
    }

    private string Numbered(string sql, ReadOnlySpan<object> values)
    {
        foreach (var value in values)
        {
            _values.Add(value);
            var place = sql.IndexOf('?', StringComparison.Ordinal);
            sql = $"{sql[..place]}${_values.Count}{sql[(place + 1)..]}";
        }

        return sql;
    }
}
