using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;
using Tieout.Core.Metering;

namespace Tieout.Storage.Rows;

/// <summary>Rows back from what a store wrote, column by column as the table's declaration lists them.</summary>
internal static class RowReads
{
    public static readonly string SettingColumns = TableColumns<SettingsTable, SettingRow>.Names;
    public static readonly string LabelsColumns = TableColumns<LabelsTable, LabelsRow>.Names;
    public static readonly string PriceColumns = TableColumns<PricesTable, PriceRow>.Names;
    public static readonly string CommandColumns = TableColumns<CommandsTable, CommandRow>.Names;
    public static readonly string HoldColumns = TableColumns<HoldsTable, HoldRow>.Of("h");
    public static readonly string UsageColumns = TableColumns<UsageTable, UsageRow>.Of("u");
    public static readonly string PostingColumns = TableColumns<PostingsTable, PostingRow>.Of("p");
    public static readonly string FindingColumns = TableColumns<FindingsTable, FindingRow>.Names;
    public static readonly string OutboxColumns = TableColumns<OutboxTable, OutboxRow>.Names;
    public static readonly string ObjectColumns = TableColumns<ObjectsTable, ObjectRow>.Of("o");
    public const string ObjectEndColumns = "e.body, e.ended_at, e.commit_no, e.crc";
    public static readonly string LineageColumns = TableColumns<LineageTable, LineageEntry>.Names;
    public static readonly string ChainColumns = TableColumns<ChainTable, ChainRow>.Names;
    public static readonly string AuditColumns = TableColumns<AuditTable, AuditRow>.Names;
    public static readonly string RecordColumns = TableColumns<RecordsTable, RecordRow>.Names;
    public static readonly string WindowColumns = TableColumns<WindowsTable, BudgetWindow>.Names;

    public static readonly int UsageColumnCount = TableColumns<UsageTable, UsageRow>.All.Count;
    public static readonly int PostingColumnCount = TableColumns<PostingsTable, PostingRow>.All.Count;
    public static readonly int ChainColumnCount = TableColumns<ChainTable, ChainRow>.All.Count;
    public static readonly int ObjectColumnCount = TableColumns<ObjectsTable, ObjectRow>.All.Count;

    public static SettingRow Setting(IRow s)
    {
        var from = new ColumnReader(s);
        return new(from.Long(), (SettingKind)from.Int(), from.Text(), from.Text(), from.Text(), from.Long(), from.Time(), from.Crc());
    }

    public static LabelsRow Labels(IRow s)
    {
        var from = new ColumnReader(s);
        var no = from.Int();
        var labels = new UsageLabels
        {
            Org = from.Text(),
            Project = from.OptionalText(),
            Team = from.OptionalText(),
            Key = from.OptionalText(),
            Feature = from.OptionalText(),
            Provider = from.OptionalText(),
            Model = from.OptionalText(),
            Source = (UsageSource)from.Int(),
            Trigger = from.OptionalText(),
            Runtime = Runtime(ref from, no),
        };
        return new(no, labels, from.Crc());
    }

    public static PriceRow Price(IRow s)
    {
        var from = new ColumnReader(s);
        return new(from.Int(), from.Text(), from.Crc());
    }

    public static CommandRow Command(IRow s)
    {
        var from = new ColumnReader(s);
        return new(from.Text(), from.Text(), from.Text(), from.Long(), from.Crc());
    }

    /// <param name="labels">The labels of an attribution number.</param>
    /// <param name="first">The column that the row begins in.</param>
    public static HoldRow Hold(IRow s, Func<int, UsageLabels> labels, int first = 0)
    {
        var from = new ColumnReader(s, first);
        var (seq, id, attribution) = (from.Long(), from.Id(), from.Int());
        var hold = new Hold(new(id), seq, attribution, labels(attribution), from.OptionalText(), from.Text(), from.Nanos(), from.Time(), from.Time());
        return new(hold, from.Crc());
    }

    /// <inheritdoc cref="Hold"/>
    public static UsageRow Usage(IRow s, Func<int, UsageLabels> labels, int first = 0)
    {
        var from = new ColumnReader(s, first);
        var (seq, id, attribution) = (from.Long(), from.Id(), from.Int());
        var usage = new UsageRecord(
            new(id), labels(attribution), from.Text(), from.Int(), from.OptionalText(), from.OptionalText(), from.OptionalText(), from.OptionalText(),
            from.Time(), from.Int(), from.Int(),
            new(from.Long(), from.Long(), from.Long(), from.Long(), from.Long(), from.OptionalText()), (UsageBasis)from.Int(), (UsageFlags)from.Int());
        return new(seq, usage, attribution, from.Int(), from.Nanos(), from.Nanos(), (ChargeFlags)from.Int(), from.Time(), from.Time(), from.Crc());
    }

    /// <param name="orgOf">The org of an account number.</param>
    public static PostingRow Posting(IRow s, Func<int, string> orgOf)
    {
        var from = new ColumnReader(s);
        var (seq, kind, debit) = (from.Long(), (PostingKind)from.Int(), from.Int());
        var posting = new Posting(
            seq, kind, orgOf(debit), debit, from.Int(), from.Nanos(), from.Long(), from.OptionalText(), from.Long(), from.OptionalText(), from.Time(),
            from.Time(), from.Flag());
        return new(posting, from.Crc());
    }

    public static FindingRow Finding(IRow s)
    {
        var from = new ColumnReader(s);
        return new(from.Long(), new(from.Text(), from.Text()), from.Text(), Attempt(from.OptionalId()), from.Text(), from.Time(), from.Crc());
    }

    public static OutboxRow Outbox(IRow s)
    {
        var from = new ColumnReader(s);
        return new(from.Long(), from.Text(), from.Text(), from.Text(), from.Text(), from.Time(), from.Crc());
    }

    public static ObjectRow Object(IRow s, int first = 0)
    {
        var from = new ColumnReader(s, first);
        return new(
            from.Long(),
            new(from.Text(), (ObjectKind)from.Int(), from.Text(), from.Text(), Attempt(from.OptionalId()), from.OptionalText(), from.Flag(), from.Text()),
            from.Time(), from.Crc());
    }

    /// <summary>An object with its end, if it has one: <see cref="ObjectColumns"/>, then <see cref="ObjectEndColumns"/>.</summary>
    public static KeptObject Kept(IRow s)
    {
        var row = Object(s);
        return new(row, s.IsNull(ObjectColumnCount) ? null : ObjectEnd(s, row, ObjectColumnCount));
    }

    /// <summary><see cref="ObjectEndColumns"/>.</summary>
    public static ObjectEnd ObjectEnd(IRow s, ObjectRow row, int first)
    {
        var from = new ColumnReader(s, first);
        return new(row, from.Text(), from.Time(), from.Long(), from.Crc());
    }

    public static LineageEntry Lineage(IRow s)
    {
        var from = new ColumnReader(s);
        var (seq, org, operation, issuance, no, key, token) = (from.Long(), from.Text(), from.Text(), from.Text(), from.Int(), from.Text(), from.Bytes());
        var step = new LineageStep((LineageKind)from.Int(), from.Text(), from.Int(), from.Text(), from.Text(), from.Time());
        return new(seq, org, operation, key, token, new(issuance, no, step, from.Bytes()), from.Crc());
    }

    public static AuditRow Audit(IRow s)
    {
        var from = new ColumnReader(s);
        return new(
            from.Long(), from.Text(), new(from.Text(), from.Text(), from.Text(), from.OptionalText(), from.OptionalText()), from.Text(), from.Text(),
            from.OptionalText(), from.OptionalText(),
            from.Text(), from.Time(), from.Crc());
    }

    public static RecordRow Record(IRow s)
    {
        var from = new ColumnReader(s);
        return new(from.Long(), (RecordKind)from.Int(), from.Text(), from.Text(), from.Text(), from.Time(), from.Crc());
    }

    public static ChainRow Chain(IRow s, byte[] previous)
    {
        var from = new ColumnReader(s);
        var (commit, hash, recordedAt) = (from.Long(), from.Bytes(), from.Time());
        return new(commit, previous, hash, recordedAt, new(
            commit, from.Long(), from.Long(), from.Long(), from.Long(), from.Long(), from.Long(), from.Int(), from.Int(), from.Int(), from.Int(), from.Long(),
            from.Long(), from.Long(), from.Long()));
    }

    public static BudgetWindow Window(IRow s)
    {
        var from = new ColumnReader(s);
        var (budget, start, each, end) = (from.Int(), from.Time(), from.Text(), from.Time());
        return new(new(budget, start, each.Length == 0 ? null : each), end)
        {
            Posted = new(from.Sum()),
            Held = new(from.Sum()),
            LastAlertedPercent = from.Int(),
        };
    }

    public static Instant Time(IRow s, int column) => new(s.Int64(column));

    /// <exception cref="StoreCorruptException">The number does not fit where such numbers are given.</exception>
    public static int Int32(IRow s, int column)
    {
        var value = s.Int64(column);
        return value is >= int.MinValue and <= int.MaxValue
            ? (int)value : throw new StoreCorruptException($"Column {column} holds {value}, which no such row was ever given.");
    }

    /// <summary>The end of a hold. Of the hold itself only its number is stored with it.</summary>
    private static HoldEnd HoldEnd(IRow s)
    {
        var from = new ColumnReader(s);
        var hold = HoldsTable.Blank.Hold with { Seq = from.Long() };
        return new(hold, (HoldState)from.Int(), from.Time(), from.Long(), from.Crc());
    }

    /// <summary>The end of an object. Of the object itself only its number is stored with it.</summary>
    private static ObjectEnd ObjectEnd(IRow s) => ObjectEnd(s, ObjectsTable.Blank with { Seq = s.Int64(0) }, first: 1);

    private static AttemptId? Attempt(Guid? id) => id is { } value ? new AttemptId(value) : null;

    /// <exception cref="StoreCorruptException">Some of it is there and what always is is not.</exception>
    private static RuntimeLabels? Runtime(ref ColumnReader from, int no)
    {
        var (instance, component, isControlPlane) = (from.OptionalText(), from.OptionalText(), from.OptionalFlag());
        var (mode, scope, backend) = (from.OptionalText(), from.OptionalText(), from.OptionalText());
        if (isControlPlane is { } control) return new(instance, component, control, mode, scope, backend);
        if ((instance ?? component ?? mode ?? scope ?? backend) is null) return null;
        throw new StoreCorruptException($"Attribution {no} is half of a runtime's: one of its columns is set and control_plane is not.");
    }

    /// <summary>How the rows of each chained table are read from their own columns.</summary>
    /// <param name="labels">The labels of an attribution number.</param>
    /// <param name="orgOf">The org of an account number.</param>
    public sealed class Readers(Func<int, UsageLabels> labels, Func<int, string> orgOf)
    {
        private readonly Dictionary<Type, Delegate> _ofRow = new()
        {
            [typeof(SettingRow)] = Setting,
            [typeof(LabelsRow)] = Labels,
            [typeof(PriceRow)] = Price,
            [typeof(CommandRow)] = Command,
            [typeof(HoldRow)] = (IRow s) => Hold(s, labels),
            [typeof(HoldEnd)] = HoldEnd,
            [typeof(UsageRow)] = (IRow s) => Usage(s, labels),
            [typeof(PostingRow)] = (IRow s) => Posting(s, orgOf),
            [typeof(FindingRow)] = Finding,
            [typeof(OutboxRow)] = Outbox,
            [typeof(ObjectRow)] = (IRow s) => Object(s),
            [typeof(ObjectEnd)] = (IRow s) => ObjectEnd(s),
            [typeof(LineageEntry)] = Lineage,
            [typeof(AuditRow)] = Audit,
            [typeof(RecordRow)] = Record,
        };

        /// <summary>For a copy of the rows as they are stored, which needs nothing that they name by number.</summary>
        public static Readers OfCopies { get; } = new(_ => LabelsTable.Blank.Labels, _ => "");

        public Func<IRow, TRow> Of<TRow>() => (Func<IRow, TRow>)_ofRow[typeof(TRow)];
    }
}
