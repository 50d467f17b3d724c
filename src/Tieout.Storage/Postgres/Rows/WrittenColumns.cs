using System.Numerics;
using Npgsql;
using NpgsqlTypes;
using Tieout.Core.Ledger.Tables;
using Tieout.Core.Money;

namespace Tieout.Storage.Postgres.Rows;

/// <summary>The columns of a row as parameters of a VALUES list.</summary>
internal readonly struct ParameterColumns(NpgsqlParameterCollection parameters) : IColumns
{
    /// <summary>Above it a sum is sent as a <see cref="BigInteger"/>, which is slower.</summary>
    private static readonly Int128 DecimalMax = (Int128)decimal.MaxValue;

    public void Long(string name, long value) => parameters.Add(new NpgsqlParameter<long> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Bigint });

    public void Int(string name, int value) => parameters.Add(new NpgsqlParameter<int> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Integer });

    public void OptionalInt(string name, int? value)
    {
        if (value is { } number) Int(name, number);
        else Null(NpgsqlDbType.Integer);
    }

    public void Nanos(string name, Amount value) => Long(name, (long)value.Nanos);

    public void Sum(string name, Int128 value) => parameters.Add(Int128.Abs(value) <= DecimalMax
        ? new NpgsqlParameter<decimal> { TypedValue = (decimal)value, NpgsqlDbType = NpgsqlDbType.Numeric }
        : new NpgsqlParameter<BigInteger> { TypedValue = (BigInteger)value, NpgsqlDbType = NpgsqlDbType.Numeric });

    public void Text(string name, string value) => parameters.Add(new NpgsqlParameter<string> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Text });

    public void OptionalText(string name, string? value)
    {
        if (value is not null) Text(name, value);
        else Null(NpgsqlDbType.Text);
    }

    public void Id(string name, Guid value) => parameters.Add(new NpgsqlParameter<Guid> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Uuid });

    public void OptionalId(string name, Guid? value)
    {
        if (value is { } id) Id(name, id);
        else Null(NpgsqlDbType.Uuid);
    }

    public void Bytes(string name, byte[] value) => parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Bytea });

    public void Implied(string value)
    {
        // No column.
    }

    public void Crc(uint value) => Int("crc", unchecked((int)value));

    public void Commit(long value) => Long("commit_no", value);

    private void Null(NpgsqlDbType type) => parameters.Add(new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = type });
}

/// <summary>The columns of a row as fields of a COPY in binary.</summary>
internal readonly struct CopiedColumns(CopyBuffer buffer) : IColumns
{
    public void Long(string name, long value) => buffer.Long(value);

    public void Int(string name, int value) => buffer.Int(value);

    public void OptionalInt(string name, int? value) => buffer.OptionalInt(value);

    public void Nanos(string name, Amount value) => buffer.Long((long)value.Nanos);

    public void Sum(string name, Int128 value) => buffer.Numeric(value);

    public void Text(string name, string value) => buffer.Text(value);

    public void OptionalText(string name, string? value) => buffer.Text(value);

    public void Id(string name, Guid value) => buffer.Id(value);

    public void OptionalId(string name, Guid? value) => buffer.Id(value);

    public void Bytes(string name, byte[] value) => buffer.Bytes(value);

    public void Implied(string value)
    {
        // No column.
    }

    public void Crc(uint value) => buffer.Int(unchecked((int)value));

    public void Commit(long value) => buffer.Long(value);
}
