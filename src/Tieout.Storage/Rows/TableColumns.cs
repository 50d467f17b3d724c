using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;
using Tieout.Core.Money;

namespace Tieout.Storage.Rows;

/// <summary>How a column's values are stored.</summary>
internal enum ColumnType
{
    /// <summary>A whole number of up to 64 bits.</summary>
    Number,

    /// <summary>A whole number of up to 128 bits.</summary>
    Sum,
    Text,
    Bytes,
    Id,
}

internal sealed record TableColumn(string Name, ColumnType Type, bool IsOptional);

/// <summary>The names and types of a table's columns, in order, as its declaration lists them.</summary>
internal static class TableColumns<TTable, TRow>
    where TTable : struct, ITable<TRow>
{
    public static IReadOnlyList<TableColumn> All { get; } = List();

    /// <summary>As a SELECT or an INSERT names them.</summary>
    public static string Names { get; } = string.Join(", ", All.Select(column => column.Name));

    /// <summary>As <see cref="Names"/>, each behind the table's alias: <c>u.seq, u.id</c>.</summary>
    public static string Of(string alias) => string.Join(", ", All.Select(column => $"{alias}.{column.Name}"));

    private static List<TableColumn> List()
    {
        var lister = new Lister([]);
        TTable.Write(ref lister, TTable.Blank);
        return lister.Columns;
    }

    private readonly struct Lister(List<TableColumn> columns) : IColumns
    {
        public List<TableColumn> Columns => columns;

        public void Long(string name, long value) => columns.Add(new(name, ColumnType.Number, IsOptional: false));

        public void Int(string name, int value) => columns.Add(new(name, ColumnType.Number, IsOptional: false));

        public void OptionalInt(string name, int? value) => columns.Add(new(name, ColumnType.Number, IsOptional: true));

        public void Nanos(string name, Amount value) => columns.Add(new(name, ColumnType.Number, IsOptional: false));

        public void Sum(string name, Int128 value) => columns.Add(new(name, ColumnType.Sum, IsOptional: false));

        public void Text(string name, string value) => columns.Add(new(name, ColumnType.Text, IsOptional: false));

        public void OptionalText(string name, string? value) => columns.Add(new(name, ColumnType.Text, IsOptional: true));

        public void Id(string name, Guid value) => columns.Add(new(name, ColumnType.Id, IsOptional: false));

        public void OptionalId(string name, Guid? value) => columns.Add(new(name, ColumnType.Id, IsOptional: true));

        public void Bytes(string name, byte[] value) => columns.Add(new(name, ColumnType.Bytes, IsOptional: false));

        public void Implied(string value)
        {
            // No column.
        }

        public void Crc(uint value) => columns.Add(new("crc", ColumnType.Number, IsOptional: false));

        public void Commit(long value) => columns.Add(new("commit_no", ColumnType.Number, IsOptional: false));
    }
}

/// <summary>The rows of a table that the chain covers, in their order.</summary>
internal static class TableRows
{
    /// <summary>All of them, in SQL.</summary>
    public static string Select<TTable, TRow>()
        where TTable : struct, IChainedTable<TRow>
        where TRow : ChainedRow => $"SELECT {TableColumns<TTable, TRow>.Names} FROM {TTable.Name} ORDER BY {Number<TTable, TRow>()}";

    /// <summary>The column that names a row in its table.</summary>
    public static string Number<TTable, TRow>()
        where TTable : struct, IChainedTable<TRow>
        where TRow : ChainedRow => TTable.Last is null ? TableColumns<TTable, TRow>.All[0].Name : TTable.Key;
}
