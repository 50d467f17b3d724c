using System.Numerics;
using Npgsql;
using NpgsqlTypes;

namespace Tieout.Storage.Postgres.Rows;

/// <summary>One column of a table that rows of <typeparamref name="T"/> are written to, in both ways of writing.</summary>
internal abstract class Column<T>(string name)
{
    public string Name => name;

    /// <summary>The column's value of one row, as a parameter of a VALUES list.</summary>
    public abstract NpgsqlParameter Value(T row);

    /// <summary>One value, for a COPY in binary.</summary>
    public abstract void Copy(CopyBuffer buffer, T row);
}

internal sealed class LongColumn<T>(string name, Func<T, long> value) : Column<T>(name)
{
    public override NpgsqlParameter Value(T row) => new NpgsqlParameter<long> { TypedValue = value(row), NpgsqlDbType = NpgsqlDbType.Bigint };

    public override void Copy(CopyBuffer buffer, T row) => buffer.Long(value(row));
}

/// <summary>A sum: numeric, so that it has no range that adding could leave.</summary>
internal sealed class SumColumn<T>(string name, Func<T, Int128> value) : Column<T>(name)
{
    /// <summary>Above it a value is sent as a <see cref="BigInteger"/>, which is slower.</summary>
    private static readonly Int128 DecimalMax = (Int128)decimal.MaxValue;

    public override NpgsqlParameter Value(T row) => value(row) switch
    {
        var sum when Int128.Abs(sum) <= DecimalMax => new NpgsqlParameter<decimal> { TypedValue = (decimal)sum, NpgsqlDbType = NpgsqlDbType.Numeric },
        var sum => new NpgsqlParameter<BigInteger> { TypedValue = (BigInteger)sum, NpgsqlDbType = NpgsqlDbType.Numeric },
    };

    public override void Copy(CopyBuffer buffer, T row) => buffer.Numeric(value(row));
}

internal sealed class IntColumn<T>(string name, Func<T, int> value) : Column<T>(name)
{
    public override NpgsqlParameter Value(T row) => new NpgsqlParameter<int> { TypedValue = value(row), NpgsqlDbType = NpgsqlDbType.Integer };

    public override void Copy(CopyBuffer buffer, T row) => buffer.Int(value(row));
}

internal sealed class OptionalIntColumn<T>(string name, Func<T, int?> value) : Column<T>(name)
{
    public override NpgsqlParameter Value(T row) => value(row) is { } number
        ? new NpgsqlParameter<int> { TypedValue = number, NpgsqlDbType = NpgsqlDbType.Integer }
        : new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = NpgsqlDbType.Integer };

    public override void Copy(CopyBuffer buffer, T row) => buffer.OptionalInt(value(row));
}

internal sealed class TextColumn<T>(string name, Func<T, string?> value) : Column<T>(name)
{
    public override NpgsqlParameter Value(T row) => value(row) is { } text
        ? new NpgsqlParameter<string> { TypedValue = text, NpgsqlDbType = NpgsqlDbType.Text }
        : new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text };

    public override void Copy(CopyBuffer buffer, T row) => buffer.Text(value(row));
}

internal sealed class IdColumn<T>(string name, Func<T, Guid?> value) : Column<T>(name)
{
    public override NpgsqlParameter Value(T row) => value(row) is { } id
        ? new NpgsqlParameter<Guid> { TypedValue = id, NpgsqlDbType = NpgsqlDbType.Uuid }
        : new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid };

    public override void Copy(CopyBuffer buffer, T row) => buffer.Id(value(row));
}

internal sealed class BytesColumn<T>(string name, Func<T, byte[]> value) : Column<T>(name)
{
    public override NpgsqlParameter Value(T row) => new NpgsqlParameter<byte[]> { TypedValue = value(row), NpgsqlDbType = NpgsqlDbType.Bytea };

    public override void Copy(CopyBuffer buffer, T row) => buffer.Bytes(value(row));
}
