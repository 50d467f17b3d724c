using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Follower;

/// <summary>A ledger as of one commit, with what the follower stored of it.</summary>
internal sealed class Followed
{
    /// <summary>Reading so many rows takes longer than finding the first of them that may count.</summary>
    private const int FarBehindRows = 10_000;

    /// <param name="position">Read before the ledger, so that the ledger is never behind it.</param>
    /// <param name="derived">Null: nothing is stored, and all rows are looked at.</param>
    /// <exception cref="RowsArchivedException">Rows are neither there nor counted.</exception>
    public Followed(FollowerPosition position, ILedgerTables? derived, ILedgerTables ledger)
    {
        // What is stored without a position, or of a ledger that was since put back to an earlier state, says nothing.
        var isOfLedger = position.IsIn(ledger);
        (Ledger, Position) = (ledger, isOfLedger ? position : FollowerPosition.Start);
        Derived = position.Commit > 0 && isOfLedger ? derived : null;
        Detached = ledger.Detached;
        if (Detached is { } gone && Position.Commit < gone.Last.Commit) throw RowsArchivedException.OfSums(gone);
    }

    public ILedgerTables Ledger { get; }

    /// <summary>Rows that an archive has in the ledger's place; null: none. What they came to is in what is stored.</summary>
    public Detachment? Detached { get; }

    /// <summary>Null: nothing is stored of this ledger.</summary>
    public ILedgerTables? Derived { get; }

    public FollowerPosition Position { get; }

    /// <summary>The last usage row and posting that a reading need not look at: they are counted, or were recorded before a time that it begins at. No row
    /// that counts at a time is recorded before it.</summary>
    public (long Usage, long Posting) CountedOrBefore(Instant from)
    {
        // Looked for only where it saves reading many rows.
        if (!IsFarBehind()) return (Position.Usage, Position.Posting);
        var before = Chain.Before(Ledger, from);
        return (Math.Max(before.Usage, Position.Usage), Math.Max(before.Posting, Position.Posting));
    }

    /// <summary>The last record that a reading of tool calls need not look at.</summary>
    /// <param name="isRowByRow">Whether records are needed that are counted, too: those of a part of an hour.</param>
    public long RecordsCountedOrBefore(Instant from, bool isRowByRow)
    {
        if (isRowByRow) return Chain.LastBefore(Ledger, from).Last.Record;
        var last = Chain.At(Ledger, Chain.Last(Ledger)).Last.Record;
        return last - Position.Record <= FarBehindRows ? Position.Record : Math.Max(Chain.LastBefore(Ledger, from).Last.Record, Position.Record);
    }

    private bool IsFarBehind()
    {
        var last = Chain.At(Ledger, Chain.Last(Ledger)).Last;
        return last.Usage - Position.Usage + last.Posting - Position.Posting > FarBehindRows;
    }
}
