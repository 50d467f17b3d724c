using System.Numerics;
using Npgsql;
using NpgsqlTypes;

namespace Tieout.Storage.Postgres.Rows;

/// <summary>One column of a table that rows of <typeparamref name="T"/> are written to, in both ways of writing.</summary>
internal abstract class Column<T>(string name, string type)
{
    public string Name => name;
    public string SqlType => type;

    /// <summary>The column's values of all rows, as one parameter.</summary>
    public abstract NpgsqlParameter Values(IReadOnlyList<T> rows);

    /// <summary>One value, for a COPY in binary.</summary>
    public abstract void Copy(CopyBuffer buffer, T row);
}

internal sealed class LongColumn<T>(string name, Func<T, long> value) : Column<T>(name, "bigint")
{
    public override NpgsqlParameter Values(IReadOnlyList<T> rows)
    {
        var values = new long[rows.Count];
        for (var i = 0; i < values.Length; i++) values[i] = value(rows[i]);
        return new NpgsqlParameter<long[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint };
    }

    public override void Copy(CopyBuffer buffer, T row) => buffer.Long(value(row));
}

/// <summary>A sum: numeric, so that it has no range that adding could leave.</summary>
internal sealed class SumColumn<T>(string name, Func<T, Int128> value) : Column<T>(name, "numeric")
{
    /// <summary>What a <see cref="decimal"/> surely holds.</summary>
    private static readonly Int128 DecimalMax = (Int128)decimal.MaxValue;

    public override NpgsqlParameter Values(IReadOnlyList<T> rows)
    {
        var values = new decimal[rows.Count];
        for (var i = 0; i < values.Length; i++)
        {
            var sum = value(rows[i]);
            if (Int128.Abs(sum) > DecimalMax) return Wide(rows);
            values[i] = (decimal)sum;
        }

        return new NpgsqlParameter<decimal[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Numeric };
    }

    public override void Copy(CopyBuffer buffer, T row) => buffer.Numeric(value(row));

    private NpgsqlParameter<BigInteger[]> Wide(IReadOnlyList<T> rows) =>
        new() { TypedValue = [.. rows.Select(row => (BigInteger)value(row))], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Numeric };
}

internal sealed class IntColumn<T>(string name, Func<T, int> value) : Column<T>(name, "int")
{
    public override NpgsqlParameter Values(IReadOnlyList<T> rows)
    {
        var values = new int[rows.Count];
        for (var i = 0; i < values.Length; i++) values[i] = value(rows[i]);
        return new NpgsqlParameter<int[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer };
    }

    public override void Copy(CopyBuffer buffer, T row) => buffer.Int(value(row));
}

internal sealed class OptionalIntColumn<T>(string name, Func<T, int?> value) : Column<T>(name, "int")
{
    public override NpgsqlParameter Values(IReadOnlyList<T> rows)
    {
        var values = new int?[rows.Count];
        for (var i = 0; i < values.Length; i++) values[i] = value(rows[i]);
        return new NpgsqlParameter<int?[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer };
    }

    public override void Copy(CopyBuffer buffer, T row) => buffer.OptionalInt(value(row));
}

internal sealed class TextColumn<T>(string name, Func<T, string?> value) : Column<T>(name, "text")
{
    public override NpgsqlParameter Values(IReadOnlyList<T> rows)
    {
        var values = new string?[rows.Count];
        for (var i = 0; i < values.Length; i++) values[i] = value(rows[i]);
        return new NpgsqlParameter<string?[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };
    }

    public override void Copy(CopyBuffer buffer, T row) => buffer.Text(value(row));
}

internal sealed class IdColumn<T>(string name, Func<T, Guid?> value) : Column<T>(name, "uuid")
{
    public override NpgsqlParameter Values(IReadOnlyList<T> rows)
    {
        var values = new Guid?[rows.Count];
        for (var i = 0; i < values.Length; i++) values[i] = value(rows[i]);
        return new NpgsqlParameter<Guid?[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid };
    }

    public override void Copy(CopyBuffer buffer, T row) => buffer.Id(value(row));
}

internal sealed class BytesColumn<T>(string name, Func<T, byte[]> value) : Column<T>(name, "bytea")
{
    public override NpgsqlParameter Values(IReadOnlyList<T> rows)
    {
        var values = new byte[rows.Count][];
        for (var i = 0; i < values.Length; i++) values[i] = value(rows[i]);
        return new NpgsqlParameter<byte[][]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea };
    }

    public override void Copy(CopyBuffer buffer, T row) => buffer.Bytes(value(row));
}
