using System.Globalization;
using Tieout.Core.Ledger.Tables;
using Tieout.Core.Money;

namespace Tieout.Core.Ledger;

/// <summary>One column of a row as a person reads it and as the row's canonical bytes have it.</summary>
/// <param name="Kind">How <see cref="RowBuffer"/> writes it: <c>integer</c>, <c>amount</c>, <c>text</c>, <c>uuid</c>, <c>optional_uuid</c> or
/// <c>bytes</c>.</param>
/// <param name="Value">Decimal digits, the text, or hexadecimal digits; null: there is none.</param>
public sealed record RowField(string Name, string Kind, string? Value);

/// <summary>The columns of a row that are in its canonical bytes, in their order: what an outsider makes the bytes of again.</summary>
public static class RowFields
{
    /// <summary>The columns of one row.</summary>
    public static IReadOnlyList<RowField> Of<TTable, TRow>(TRow row)
        where TTable : struct, ITable<TRow>
    {
        var fields = new Lister([]);
        TTable.Write(ref fields, row);
        return fields.All;
    }

    private readonly struct Lister(List<RowField> fields) : IColumns
    {
        public List<RowField> All => fields;

        public void Long(string name, long value) => fields.Add(new(name, "integer", value.ToString(CultureInfo.InvariantCulture)));

        public void Int(string name, int value) => Long(name, value);

        public void OptionalInt(string name, int? value) => fields.Add(new(name, "integer", value?.ToString(CultureInfo.InvariantCulture)));

        public void Nanos(string name, Amount value) => fields.Add(new(name, "amount", value.Nanos.ToString(CultureInfo.InvariantCulture)));

        public void Sum(string name, Int128 value) => throw new NotSupportedException($"The chain covers no sums, and {name} is one.");

        public void Text(string name, string value) => fields.Add(new(name, "text", value));

        public void OptionalText(string name, string? value) => fields.Add(new(name, "text", value));

        public void Id(string name, Guid value) => fields.Add(new(name, "uuid", value.ToString()));

        public void OptionalId(string name, Guid? value) => fields.Add(new(name, "optional_uuid", value?.ToString()));

        public void Bytes(string name, byte[] value) => fields.Add(new(name, "bytes", Convert.ToHexStringLower(value)));

        public void Implied(string value) => fields.Add(new("org", "text", value));

        public void Crc(uint value)
        {
        }

        public void Commit(long value)
        {
        }
    }
}
