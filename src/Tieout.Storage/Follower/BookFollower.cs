using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Follower;

/// <summary>Writes what a step counted.</summary>
internal interface IDerivedTables : ILedgerTables
{
    /// <summary>Adds what was counted and moves the position, in one transaction.</summary>
    void Add(Counted counted);

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

    /// <summary>Rows that the last step left.</summary>
    public long RowsBehind { get; private set; }

    /// <param name="ledger">As of one commit.</param>
    /// <param name="through">The commit that the stored figures are as of.</param>
    public FollowerProgress Step(IDerivedTables derived, ILedgerTables ledger, long through)
    {
        var from = FollowerPosition.Read(derived);
        // The ledger was put back to an earlier state, or is another one.
        if (!from.IsIn(ledger)) (_step, from) = (new(), FollowerPosition.Start);
        if (_step.Count(from, ledger, through) is not { } counted) return Left(ledger, from, 0, isCurrent: true, []);
        if (from.Commit == 0) derived.Reset();
        derived.Add(counted);
        _comparison.Touch(counted.Recount);
        var isCurrent = counted.To.Commit == through;
        var drifts = isCurrent
            ? _comparison.Compare(_step.Book, derived, ledger, new SumsEnd(ledger.Bucket, counted.To.Posting)) : [];
        return Left(ledger, counted.To, counted.To.Usage - from.Usage + counted.To.Posting - from.Posting, isCurrent, drifts);
    }

    private FollowerProgress Left(ILedgerTables ledger, FollowerPosition at, long rows, bool isCurrent, IReadOnlyList<Finding> drifts)
    {
        var last = Chain.At(ledger, Chain.Last(ledger)).Last;
        RowsBehind = last.Usage - at.Usage + last.Posting - at.Posting;
        return new(rows, isCurrent, drifts);
    }
}
