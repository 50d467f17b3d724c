using System.Buffers.Binary;
using Tieout.Core.Ledger.Tables;
using Tieout.Core.Money;

namespace Tieout.Core.Ledger;

/// <summary>The rows of each table, as their declarations list the columns.</summary>
public sealed partial class RowBytes
{
    public uint Add(SettingRow row) => Add<SettingsTable, SettingRow>(row);

    public uint Add(LabelsRow row) => Add<LabelsTable, LabelsRow>(row);

    public uint Add(PriceRow row) => Add<PricesTable, PriceRow>(row);

    public uint Add(CommandRow row) => Add<CommandsTable, CommandRow>(row);

    public uint Add(HoldRow row) => Add<HoldsTable, HoldRow>(row);

    public uint Add(HoldEnd row) => Add<HoldEndsTable, InCommit<HoldEnd>>(new(row, Commit: 0));

    public uint Add(UsageRow row) => Add<UsageTable, UsageRow>(row);

    public uint Add(PostingRow row) => Add<PostingsTable, PostingRow>(row);

    public uint Add(FindingRow row) => Add<FindingsTable, FindingRow>(row);

    public uint Add(OutboxRow row) => Add<OutboxTable, OutboxRow>(row);

    public uint Add(ObjectRow row) => Add<ObjectsTable, ObjectRow>(row);

    public uint Add(ObjectEnd row) => Add<ObjectEndsTable, InCommit<ObjectEnd>>(new(row, Commit: 0));

    public uint Add(LineageEntry row) => Add<LineageTable, LineageEntry>(row);

    public uint Add(AuditRow row) => Add<AuditTable, AuditRow>(row);

    public uint Add(RecordRow row) => Add<RecordsTable, RecordRow>(row);

    private uint Add<TTable, TRow>(TRow row)
        where TTable : struct, IChainedTable<TRow>
    {
        Row(TTable.Tag);
        var fields = new Fields(this);
        TTable.Write(ref fields, row);
        return Crc();
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
