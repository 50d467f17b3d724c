using Tieout.Storage.Verification;

namespace Tieout.Storage.Reconciliation.Lineages;

/// <summary>The books of a store, as an audit reads them: one piece of one book after another.</summary>
internal interface ILineageBooks
{
    IReadOnlyList<int> All { get; }

    /// <summary>The book that an org is in.</summary>
    int Of(string org);

    /// <summary>Reads of one book. Rows never change, so two readings of the same rows agree.</summary>
    T Read<T>(int book, Func<ILedgerTables, T> read);

    /// <summary>Usage of an attempt in another book than this; null: there is none.</summary>
    (int Book, long Usage)? Elsewhere(int book, Guid attempt);
}
