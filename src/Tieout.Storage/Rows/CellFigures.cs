using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;

namespace Tieout.Storage.Rows;

/// <summary>The figures of cells as SQL, from the declaration of the table.</summary>
internal static class CellFigures
{
    /// <summary>The figures in order, without the key.</summary>
    public static IReadOnlyList<TableColumn> All { get; } = AddedColumns<CellsTable, CellChange>.Figures;

    /// <summary>The key and the figures, as <see cref="Standings.Cell"/> reads them.</summary>
    public static string Names => TableColumns<CellsTable, CellChange>.Names;

    /// <inheritdoc cref="TableColumns{TTable, TRow}.Of"/>
    public static string Of(string alias) => TableColumns<CellsTable, CellChange>.Of(alias);
}
