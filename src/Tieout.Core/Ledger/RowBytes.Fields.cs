using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Tieout.Core.Ledger.Tables;
using Tieout.Core.Money;

namespace Tieout.Core.Ledger;

/// <summary>The rows of each table, as their declarations list the columns.</summary>
public sealed partial class RowBytes
{
    private static readonly Func<RowBytes, WriteSet, int>[] Sealers = ChainedTables.Each(new Sealer());

    /// <summary>Adds every row of a draft, in the order of the hash, and gives each its CRC.</summary>
    internal void Seal(WriteSet writes)
    {
        for (var table = 0; table < Sealers.Length; table++)
        {
            var rows = Sealers[table](this, writes);
            if (rows == 0) continue;
            writes.Filled = writes.Filled.With(table);
            writes.RowCount += rows;
        }
    }

    /// <summary>Adds a row.</summary>
    /// <returns>Its CRC.</returns>
    public uint Add<TTable, TRow>(TRow row)
        where TTable : struct, IChainedTable<TRow>
        where TRow : ChainedRow
    {
        Row(TTable.Tag);
        var fields = new Fields(this);
        TTable.Write(ref fields, row);
        return Crc();
    }

    private sealed class Sealer : IChainedTableVisitor<Func<RowBytes, WriteSet, int>>
    {
        public Func<RowBytes, WriteSet, int> Visit<TTable, TRow>()
            where TTable : struct, IChainedTable<TRow>
            where TRow : ChainedRow => static (bytes, writes) =>
        {
            // A draft gives its own list for every table, and a list is read without a call through an interface for each row.
            var rows = CollectionsMarshal.AsSpan((List<TRow>)TTable.Rows(writes));
            foreach (var row in rows) row.Crc = bytes.Add<TTable, TRow>(row);
            return rows.Length;
        };
    }

    /// <summary>Every column of a row as its canonical bytes. Names are not among them: they may change, the order may not.</summary>
    private readonly struct Fields(RowBytes bytes) : IColumns
    {
        public void Long(string name, long value) => bytes.Long(value);

        public void Int(string name, int value) => bytes.Long(value);

        public void OptionalInt(string name, int? value) => bytes.Long(value ?? long.MinValue);

        public void Nanos(string name, Amount value) => bytes.Nanos(value);

        public void Sum(string name, Int128 value) => BinaryPrimitives.WriteInt128LittleEndian(bytes.Space(16), value);

        public void Text(string name, string value) => bytes.Text(value);

        public void OptionalText(string name, string? value) => bytes.Text(value);

        public void Id(string name, Guid value) => bytes.Id(value);

        public void OptionalId(string name, Guid? value)
        {
            if (value is not { } id)
            {
                bytes.Long(-1);
                return;
            }

            bytes.Long(16);
            bytes.Id(id);
        }

        public void Bytes(string name, byte[] value) => bytes.Bytes(value);

        public void Implied(string value) => bytes.Text(value);

        public void Crc(uint value)
        {
        }

        public void Commit(long value)
        {
        }
    }
}
