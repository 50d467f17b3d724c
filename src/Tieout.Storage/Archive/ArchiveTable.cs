using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Archive;

/// <summary>A table that the chain covers, and which of its rows belong to a commit.</summary>
/// <param name="Key">The column that orders the rows.</param>
/// <param name="Last">The column of <c>chain</c> that says how far the key had come; null: the key is the commit itself.</param>
/// <param name="Number">The column that names a row in the table.</param>
internal sealed record ArchiveTable(string Name, string Key, string? Last, string Number, IReadOnlyList<TableColumn> Columns)
{
    /// <summary>In the order in which rows may be put back. The chain comes last: what it covers is there before it.</summary>
    public static IReadOnlyList<ArchiveTable> All { get; } =
    [
        .. ChainedTables.Each(new OfChained()),
        new(ChainTable.Name, "commit_no", Last: null, "commit_no", TableColumns<ChainTable, ChainRow>.All),
    ];

    public string ColumnNames { get; } = string.Join(", ", Columns.Select(column => column.Name));

    private sealed class OfChained : IChainedTableVisitor<ArchiveTable>
    {
        public ArchiveTable Visit<TTable, TRow>()
            where TTable : struct, IChainedTable<TRow>
            where TRow : ChainedRow =>
            new(TTable.Name, TTable.Key, TTable.Last, TableRows.Number<TTable, TRow>(), TableColumns<TTable, TRow>.All);
    }
}
