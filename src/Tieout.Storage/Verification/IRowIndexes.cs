using Tieout.Core.Ledger;

namespace Tieout.Storage.Verification;

/// <summary>Takes the rows that a store has indexes of, each once.</summary>
internal interface IRowIndexes
{
    void Add(UsageRow row);

    void Add(Hold hold);

    void Add(in Posting posting);
}
