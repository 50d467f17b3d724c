using Tieout.Storage.Sqlite.Native;

namespace Tieout.Storage.Sqlite.Reading;

/// <summary>A statement with its values, put together condition by condition. Values are always bound, never written into the SQL.</summary>
internal sealed class Query(string select)
{
    private readonly List<object?> _values = [];
    private string _where = "";
    private string _rest = "";

    /// <param name="condition">With a <c>?</c> for each of <paramref name="values"/>.</param>
    public Query Where(string condition, params ReadOnlySpan<object?> values)
    {
        _where += (_where.Length == 0 ? " WHERE " : " AND ") + condition;
        foreach (var value in values) _values.Add(value);
        return this;
    }

    /// <summary>Adds the condition unless the value is null.</summary>
    public Query WhereGiven(string condition, string? value) => value is null ? this : Where(condition, value);

    /// <summary>What comes after the conditions.</summary>
    public Query Then(string rest, params ReadOnlySpan<object?> values)
    {
        _rest += " " + rest;
        foreach (var value in values) _values.Add(value);
        return this;
    }

    public List<T> List<T>(RawConnection connection, Func<RawStatement, T> row)
    {
        using var s = connection.Prepare(select + _where + _rest);
        for (var i = 0; i < _values.Count; i++) Bind(s, i + 1, _values[i]);
        var rows = new List<T>();
        while (s.Step()) rows.Add(row(s));
        return rows;
    }

    private static void Bind(RawStatement s, int index, object? value)
    {
        switch (value)
        {
            case null:
                s.BindNull(index);
                break;
            case string text:
                s.Bind(index, text);
                break;
            case Guid id:
                s.BindBlob(index, id);
                break;
            case long number:
                s.Bind(index, number);
                break;
            case int number:
                s.Bind(index, number);
                break;
            default:
                throw new ArgumentException($"Cannot bind a {value.GetType().Name}.", nameof(value));
        }
    }
}
