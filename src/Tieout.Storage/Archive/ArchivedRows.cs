using Tieout.Storage.Verification;

namespace Tieout.Storage.Archive;

/// <summary>How far an archive has come.</summary>
internal sealed class ArchivedRows(IProgress<RowProgress>? progress)
{
    private long _done;
    private long _total;

    /// <summary>Reports to nobody.</summary>
    public static ArchivedRows Unseen { get; } = new(null);

    /// <summary>The rows of the commits from one to another are going to be written.</summary>
    /// <param name="after">The last commit that is in the archive; 0: there is none.</param>
    public void Expect(ILedgerTables tables, long after, long upTo)
    {
        if (progress is not null) _total += VerifiedRows.Rows(Chain.At(tables, upTo).Last) - VerifiedRows.Rows(Chain.At(tables, after).Last);
    }

    public void Add(long rows) => progress?.Report(new(_done += rows, _total));
}
