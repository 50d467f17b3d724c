using Tieout.Core.Ledger;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Verification;

/// <summary>The tables of one chain as <c>verify</c> goes through them: those of a file, or one bucket's part of a database.</summary>
/// <remarks>Both are asked in the same SQL, so that both are verified in the same way.</remarks>
internal interface ILedgerTables
{
    /// <param name="sql">With a <c>?</c> for each of <paramref name="values"/>.</param>
    IRows Select(string sql, params ReadOnlySpan<long> values);

    /// <summary>The rows of a table, read once, a page at a time.</summary>
    IRowPages Pages(OrderedRows rows) => new OpenPages(Select(rows.Sql));

    /// <summary>The rows of a table, read once, one after another.</summary>
    IRows Rows(OrderedRows rows) => Select(rows.Sql);

    /// <summary>No hold before this one is open at the checkpoint.</summary>
    long FirstOpenHold { get; }

    /// <summary>Which of the store's books the tables are: 0 where there is but one.</summary>
    int Bucket { get; }

    /// <summary>Rows that an archive has in the ledger's place; null: none.</summary>
    Detachment? Detached => null;

    /// <summary>SQL that turns an id kept as text into one as ids of usage are kept; it is NULL where the text is no such id.</summary>
    string IdOfText(string column);

    /// <summary>Whether usage of the attempt lies in the store, but in tables that are not shown here.</summary>
    bool IsUsedElsewhere(Guid attempt);
}
