using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;
using Tieout.Core.Metering;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Tests.Contract;

/// <summary>A row type is read as it is declared: every column once, in order, as what it is.</summary>
public sealed class ReadColumnsTests
{
    private static readonly UsageLabels Nobody = new() { Org = "", Source = UsageSource.Gateway };

    [Fact]
    public void L8_a_row_is_read_column_by_column_as_its_table_is_declared()
    {
        foreach (var same in ChainedTables.Each(new SameAsDeclared())) same();
        Same<ChainTable, ChainRow>(row => RowReads.Chain(row, []));
        Same<WindowsTable, BudgetWindow>(RowReads.Window);
        Same<CellsTable, CellChange>(row => Standings.Cell(row, _ => Nobody).Sums);
    }

    private static void Same<TTable, TRow>(Func<IRow, TRow> read)
        where TTable : struct, ITable<TRow>
    {
        var asked = new AskedRow();
        read(asked);
        Assert.Equal(TableColumns<TTable, TRow>.All.Select((column, index) => $"{TTable.Name} {index} {column.Type}"),
            asked.Columns.Select(column => $"{TTable.Name} {column}"));
    }

    private sealed class SameAsDeclared : IChainedTableVisitor<Action>
    {
        public Action Visit<TTable, TRow>()
            where TTable : struct, IChainedTable<TRow>
            where TRow : ChainedRow => static () => Same<TTable, TRow>(RowReads.Readers.OfCopies.Of<TRow>());
    }

    /// <summary>A row with nothing in it, which notes what is asked of it.</summary>
    private sealed class AskedRow : IRow
    {
        private readonly SortedDictionary<int, ColumnType> _asked = [];

        public IEnumerable<string> Columns => _asked.Select(asked => $"{asked.Key} {asked.Value}");

        public bool IsNull(int column) => false;

        public long Int64(int column) => (long)Asked(column, ColumnType.Number, 0);

        /// <remarks>An amount of one row is a number; only figures have sums.</remarks>
        public Int128 Int128(int column) => Asked(column, ColumnType.Sum, 0);

        public Core.Money.Amount Amount(int column) => new(Asked(column, ColumnType.Number, 0));

        public string Text(int column)
        {
            Asked(column, ColumnType.Text, 0);
            return "";
        }

        public ReadOnlySpan<byte> Bytes(int column)
        {
            Asked(column, ColumnType.Bytes, 0);
            return [];
        }

        public Guid Guid(int column)
        {
            Asked(column, ColumnType.Id, 0);
            return System.Guid.Empty;
        }

        private int Asked(int column, ColumnType type, int value)
        {
            Assert.True(_asked.TryAdd(column, type), $"Column {column} is read twice.");
            return value;
        }
    }
}
