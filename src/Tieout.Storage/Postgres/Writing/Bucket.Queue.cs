using Tieout.Core.Ledger;
using Tieout.Storage.Writing;

namespace Tieout.Storage.Postgres.Writing;

/// <summary>What waits for a bucket, and the one task at a time that takes it. Nothing that a batch does ends that task.</summary>
internal sealed partial class Bucket
{
    /// <summary>How often a bucket that could not be loaded whole is tried again, in case its rows were repaired.</summary>
    private static readonly TimeSpan RecoverEvery = TimeSpan.FromMinutes(1);

    // Why nothing can be written to the bucket until its rows are repaired.
    private volatile string? _readOnly;
    private long _readOnlyAt;

    public BucketHealth Health
    {
        get
        {
            lock (_gate)
            {
                var stalled = _watch.Elapsed(_waiting.Depth, isCommitting: false);
                var stall = StallWatch.Reason(stalled, _waiting.Depth);
                return new(_readOnly, stall is null ? null : $"Bucket {number}: {stall}", _waiting.Depth, stalled,
                    Volatile.Read(ref _book).Read(book => book.Quarantined));
            }
        }
    }

    /// <returns>The outcomes, in the order of <paramref name="commands"/>, once they are durable.</returns>
    /// <exception cref="StoreUnavailableException">Nothing was taken up: the queue is full, the bucket is read-only, or the ledger is closing.</exception>
    public Task<IReadOnlyList<Outcome>> SubmitAsync(IReadOnlyList<Command> commands, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var submission = new Submission(commands, cancellationToken);
        lock (_gate)
        {
            if (_closing) throw new StoreUnavailableException("The ledger is closing.", StoreEffect.None, StoreFault.Stopped);
            if (_readOnly is { } reason && clock.GetElapsedTime(_readOnlyAt) < RecoverEvery)
            {
                throw new StoreUnavailableException(reason, StoreEffect.None, StoreFault.ReadOnly);
            }

            if (_waiting.Depth >= WriterState.QueueMax)
            {
                throw new StoreUnavailableException($"{_waiting.Depth} commands wait already.", StoreEffect.None, StoreFault.Busy);
            }

            // One batch tries while the database is away, and none right after one gave up. The others would only wait for the same failure.
            if (connections.Failure is { } failure && (_running || connections.IsResting))
            {
                throw new StoreUnavailableException(failure, StoreEffect.None, StoreFault.Busy);
            }

            if (_waiting.Submissions == 0) _watch.Moved();
            _waiting.Enqueue(submission);
            if (_running) return submission.Outcomes;
            _running = true;
        }

        _ = RunAsync();
        return submission.Outcomes;
    }

    /// <summary>Takes nothing more in and commits what waits.</summary>
    public Task CloseAsync()
    {
        lock (_gate)
        {
            _closing = true;
            if (!_running) return Task.CompletedTask;
            _idle ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            return _idle.Task;
        }
    }

    private async Task RunAsync()
    {
        while (true)
        {
            Batch? batch = null;
            try
            {
                batch = Take();
                if (batch is null) return;
                await RunAsync(batch);
            }
            catch (Exception broken)
            {
                // Our fault, and not a command's. The bucket goes on with the next batch.
                var failure = new StoreUnavailableException($"Bucket {number} failed: {broken.Message}", StoreEffect.Unknown, StoreFault.InputOutput, broken);
                connections.Failed(failure.Message);
                if (batch is not null) batch.Fail(failure);
                else FailAll(failure);
            }
        }
    }

    private async Task RunAsync(Batch batch)
    {
        await connections.InFlight.WaitAsync();
        try
        {
            await _turn.WaitAsync();
            try
            {
                await CommitOrIsolateAsync(batch);
            }
            finally
            {
                _turn.Release();
            }
        }
        finally
        {
            connections.InFlight.Release();
        }
    }

    private Batch? Take()
    {
        lock (_gate)
        {
            if (_waiting.Take(batchMax) is { } batch)
            {
                _watch.Began();
                return batch;
            }

            _watch.Ended();
            _running = false;
            _idle?.TrySetResult();
            return null;
        }
    }

    private void FailAll(StoreUnavailableException failure)
    {
        lock (_gate) _waiting.Fail(failure);
    }
}

/// <param name="ReadOnly">Why nothing can be written to it until its rows are repaired; null: it can.</param>
/// <param name="Stall">Why it counts as unhealthy; null: its queue moves.</param>
internal readonly record struct BucketHealth(string? ReadOnly, string? Stall, int QueueDepth, TimeSpan Stalled, int Quarantined);
