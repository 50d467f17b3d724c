using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Native;

namespace Tieout.Storage.Sqlite;

/// <summary>Finds attempts again by their ids, through one connection. For the thread that decides; sees what is durable.</summary>
/// <param name="labels">Labels by their number.</param>
internal sealed class StoredAttempts(RawConnection connection, Func<int, UsageLabels> labels) : IDisposable
{
    private readonly RawStatement _begin = connection.Prepare("BEGIN");
    private readonly RawStatement _usage = connection.Prepare($"SELECT {RowReads.UsageColumns} FROM usage u WHERE u.id = ?");
    private readonly RawStatement _hold = connection.Prepare(
        $"SELECT {RowReads.HoldColumns}, e.state FROM holds h LEFT JOIN hold_ends e ON e.hold = h.seq WHERE h.id = ?");

    private readonly RawStatement _detached = connection.Prepare("SELECT 1 FROM detached_ids WHERE id = ?");

    /// <summary>All that is stored of an attempt; null: nothing.</summary>
    /// <param name="isDetached">Whether rows were ever detached: then an id without rows may be known.</param>
    public Attempt? Find(AttemptId id, bool isDetached)
    {
        // Imported ids come in no order, so a batch asks for each: in one transaction, or every question would lock and unlock the file.
        if (!connection.InTransaction) _begin.Run();
        _usage.BindBlob(1, id.Value);
        using var usageRead = _usage.Reading();
        var usage = _usage.Step() ? RowReads.Usage(_usage, labels) : null;
        _hold.BindBlob(1, id.Value);
        using var holdRead = _hold.Reading();
        var (hold, state) = _hold.Step() ? (RowReads.Hold(_hold, labels).Hold, (HoldState)_hold.Int64(9)) : (null, HoldState.Settled);
        if (hold is not null || usage is not null) return new(hold, state, usage);
        if (!isDetached) return null;
        _detached.BindBlob(1, id.Value);
        using var detachedRead = _detached.Reading();
        return _detached.Step() ? Attempt.Archived : null;
    }

    /// <summary>After it, what has become durable meanwhile is seen.</summary>
    public void EndReading() => connection.RollBack();

    public void Dispose()
    {
        foreach (var statement in (ReadOnlySpan<RawStatement>)[_begin, _usage, _hold, _detached]) statement.Dispose();
    }
}
