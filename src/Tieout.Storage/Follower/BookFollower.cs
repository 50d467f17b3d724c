using Tieout.Core.Ledger.Sketches;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Follower;

/// <summary>Writes what a step counted.</summary>
internal interface IDerivedTables : ILedgerTables
{
    /// <summary>Adds what was counted and moves the position, in one transaction.</summary>
    /// <param name="run">Null: no usage rows were counted.</param>
    /// <param name="sketches">Replace those that are stored.</param>
    void Add(Counted counted, IdRunChange? run, IReadOnlyCollection<UsageSketch> sketches);

    /// <summary>Drops everything that was counted and moves the position to the start, in one transaction.</summary>
    void Reset();
}

/// <summary>The follower of one book: counts the next rows, writes them down, and compares.</summary>
internal sealed class BookFollower
{
    private readonly SelfComparison _comparison = new();
    private FollowerStep _step = new();

    /// <summary>Figures compared since the start.</summary>
    public long Compared => _comparison.Compared;

    /// <summary>What the last comparison found.</summary>
    public IReadOnlyList<Finding> Drifts { get; private set; } = [];

    /// <summary>Rows that the last step left.</summary>
    public long RowsBehind { get; private set; }

    /// <summary>Whether the last step left nothing to count or to compare again.</summary>
    public bool IsDone => RowsBehind == 0 && Drifts.Count == 0;

    /// <param name="ledger">As of one commit.</param>
    /// <param name="through">The commit that the stored figures are as of.</param>
    public FollowerProgress Step(IDerivedTables derived, ILedgerTables ledger, long through)
    {
        var from = FollowerPosition.Read(derived);
        // The ledger was put back to an earlier state, or is another one.
        if (!from.IsIn(ledger)) (_step, from) = (new(), FollowerPosition.Start);
        if (ledger.Detached is { } detached && from.Commit < detached.Last.Commit) throw RowsArchivedException.OfSums(detached);
        var counted = _step.Count(from, ledger, through);
        if (counted is not null)
        {
            if (from.Commit == 0) derived.Reset();
            derived.Add(counted, IdRunChange.Of(derived, counted), SketchChange.Of(derived, counted.Sketches));
            _comparison.Touch(counted.Recount);
        }

        var to = counted?.To ?? from;
        if (to.Commit == through) Drifts = _comparison.Compare(_step.Book, derived, ledger, new SumsEnd(ledger.Bucket, to.Posting));
        var last = Chain.At(ledger, Chain.Last(ledger)).Last;
        RowsBehind = last.Usage - to.Usage + last.Posting - to.Posting;
        return new(to.Usage - from.Usage + to.Posting - from.Posting, IsCurrent: counted is null || to.Commit == through, Drifts);
    }
}
