using System.Buffers.Binary;
using Tieout.Core.Ledger.Tables;
using Tieout.Core.Money;

namespace Tieout.Core.Ledger;

public sealed partial class RowBuffer
{
    /// <summary>Every column of a row as its canonical bytes. Names are not among them: they may change, the order may not.</summary>
    private readonly struct Fields(RowBuffer bytes) : IColumns
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
