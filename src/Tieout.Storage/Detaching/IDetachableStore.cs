using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;
using Tieout.Storage.Archive;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Detaching;

/// <summary>A store that months are taken out of, while others write to it.</summary>
internal interface IDetachableStore
{
    /// <summary>In the order of their buckets.</summary>
    IReadOnlyList<IDetachableBook> Books { get; }

    IOrgs Orgs { get; }

    /// <summary>Which months an archive could stand in for.</summary>
    Task<ArchivePlan> PlanAsync(Month before, string archive, Instant now, IProgress<RowProgress>? progress, CancellationToken cancellationToken);

    /// <summary>Verifies the whole store.</summary>
    Task<VerificationReport> VerifyAsync(CancellationToken cancellationToken);

    /// <summary>Removes what is gone with its table, where nothing of the table stays. Before rows are removed one by one.</summary>
    /// <param name="detached">What left each book.</param>
    /// <returns>Bytes that the store gave back.</returns>
    Task<long> DropAsync(IReadOnlyDictionary<int, Detachment> detached, Month before, CancellationToken cancellationToken);

    /// <summary>Gives room back after rows were removed.</summary>
    /// <returns>Bytes that the store gave back.</returns>
    Task<long> ShrinkAsync();
}

/// <summary>One book of the store: a chain, and the rows that it covers.</summary>
internal interface IDetachableBook
{
    int Bucket { get; }

    /// <summary>Looks at the book's tables.</summary>
    Task<T> ReadAsync<T>(Func<ILedgerTables, T> read);

    /// <summary>Computes from rows alone what the rows up to a commit come to.</summary>
    Task<FiguresAtCut> FiguresAsync(long cut);

    /// <summary>Lists the rows up to a cut that later rows name. They stay.</summary>
    /// <returns>The last posting that was looked at.</returns>
    Task<long> ListStayAsync(Sequences last);

    /// <summary>Copies the ids of attempts whose rows go (L3).</summary>
    Task CopyIdsAsync(Sequences last);

    /// <summary>Stores what the rows up to a cut came to.</summary>
    Task WriteAsync(long cut, FiguresAtCut figures);

    /// <summary>Rows that are up to the cut, do not stay, and are still there.</summary>
    Task<DetachedRows> LeftAsync(Sequences last);

    /// <summary>Lets the book's writer decide.</summary>
    ValueTask<Outcome> SubmitAsync(Command command, CancellationToken cancellationToken);

    /// <summary>Removes what is left, oldest first, in transactions of bounded size.</summary>
    /// <param name="removed">Gets the rows of each transaction.</param>
    Task RemoveAsync(Detachment detached, IProgress<long> removed, CancellationToken cancellationToken);
}
