using Tieout.Core.Reconciliation.Inside;

namespace Tieout.Storage.Writing;

/// <summary>What is done between batches: flushing, rebuilding figures, and trying a store that failed. For whoever has the turn.</summary>
internal sealed partial class LedgerWriter
{
    private void TryProbe()
    {
        _lastProbe = Environment.TickCount64;
        try
        {
            _pipeline.Probe();
        }
        catch (Exception failure) when (failure is StoreUnavailableException or StoreCorruptException)
        {
            _pipeline.Failure = failure.Message;
        }
    }

    private void TryRepair()
    {
        List<(IReadOnlyList<FigureDrift> Drifts, TaskCompletionSource Done)> wanted;
        lock (_gate)
        {
            wanted = _repairsWanted;
            _repairsWanted = [];
        }

        foreach (var (drifts, done) in wanted)
        {
            try
            {
                _pipeline.Repair(drifts);
                done.TrySetResult();
            }
            catch (Exception failure) when (failure is StoreUnavailableException or StoreCorruptException)
            {
                done.TrySetException(failure);
            }
        }
    }

    private void TryFlush()
    {
        List<TaskCompletionSource> wanted;
        lock (_gate)
        {
            wanted = _flushWanted;
            _flushWanted = [];
        }

        try
        {
            _lastFlush = Environment.TickCount64;
            _pipeline.Flush();
            foreach (var done in wanted) done.TrySetResult();
        }
        catch (Exception failure) when (failure is StoreUnavailableException or StoreCorruptException)
        {
            // What is not flushed is rebuilt from the rows at a start; only those who asked must know.
            foreach (var done in wanted) done.TrySetException(failure);
        }
    }
}
