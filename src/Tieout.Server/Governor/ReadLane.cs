using Microsoft.AspNetCore.Http;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Governor;

/// <summary>Places for reads of stored rows: few at a time, shared fairly between orgs, and each within its time.</summary>
/// <remarks>
/// A read works on a thread of the server and on the store's file. Without a lane, a caller that reads takes both from everybody who spends. The last quarter
/// of the
/// places is for orgs that have no read running, so an org that reads without end never keeps the first read of another waiting.
/// </remarks>
internal sealed class ReadLane
{
    /// <summary>How long a read waits for a place.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Org, string Caller), long> _running = [];
    private readonly Dictionary<string, long> _runningOf = new(StringComparer.Ordinal);
    private readonly LinkedList<Waiter> _waiting = [];
    private readonly Shares _shares;
    private readonly TimeSpan _time;
    private readonly TimeProvider _clock;
    private readonly BlockedThreads _threads;
    private readonly long _reserved;
    private long _all;
    private long _refused, _tooLong;

    public ReadLane(GovernorOptions options, TimeProvider clock, BlockedThreads? threads = null)
    {
        (_shares, _time, _clock, _threads) = (options.Reads, options.ReadTime, clock, threads ?? BlockedThreads.OfProcess);
        _reserved = Math.Max(_shares.All > 1 ? 1 : 0, _shares.All / 4);
    }

    public long Running
    {
        get
        {
            lock (_lock) return _all;
        }
    }

    public long Limit => _shares.All;

    /// <summary>Reads that got no place in time.</summary>
    public long Refused => Volatile.Read(ref _refused);

    /// <summary>Reads that were ended because they took too long.</summary>
    public long TooLong => Volatile.Read(ref _tooLong);

    /// <summary>Runs a read in its place, and ends it when its time is over or its caller has gone.</summary>
    public async Task RunAsync(HttpContext context, Caller caller, RequestDelegate next)
    {
        var gone = context.RequestAborted;
        var holder = (caller.Org ?? "", caller.TokenId);
        if (!await EnterAsync(holder, gone))
        {
            Interlocked.Increment(ref _refused);
            await OccupancyGate.RefuseAsync(context, ApiError.ServerBusy,
                $"No place for a read became free in {Patience.TotalSeconds} s (governor.reads: {_shares.All} in all, {_shares.Org} for one org, {_shares.Caller} for one key or token).");
            return;
        }

        using var time = IsExport(context.Request) ? new CancellationTokenSource() : new CancellationTokenSource(_time, _clock);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(gone, time.Token);
        context.RequestAborted = ends.Token;
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (time.IsCancellationRequested && !gone.IsCancellationRequested)
        {
            Interlocked.Increment(ref _tooLong);
            context.RequestAborted = gone;
            if (context.Response.HasStarted)
            {
                context.Abort();
            }
            else
            {
                await OccupancyGate.RefuseAsync(context, ApiError.ReadTooLong,
                    $"The read took longer than {_time.TotalSeconds} s (governor.read_time). Ask for a shorter range, or export it with format=csv or format=jsonl.");
            }
        }
        finally
        {
            context.RequestAborted = gone;
            Leave(holder);
        }
    }

    internal async Task<bool> EnterAsync((string Org, string Caller) holder, CancellationToken gone)
    {
        Waiter waiter;
        lock (_lock)
        {
            if (CanStart(holder))
            {
                Start(holder);
                return true;
            }

            waiter = new(holder);
            waiter.Place = _waiting.AddLast(waiter);
        }

        using var patience = new CancellationTokenSource(Patience, _clock);
        await using var givenUp = patience.Token.UnsafeRegister(_ => GiveUp(waiter), null);
        await using var left = gone.UnsafeRegister(_ => GiveUp(waiter), null);
        return await waiter.Granted.Task;
    }

    internal void Leave((string Org, string Caller) holder)
    {
        lock (_lock)
        {
            _all--;
            _threads.End();
            Count(_running, holder, -1);
            Count(_runningOf, holder.Org, -1);
            for (var place = _waiting.First; place is not null;)
            {
                var (waiter, following) = (place.Value, place.Next);
                if (CanStart(waiter.Holder))
                {
                    _waiting.Remove(place);
                    waiter.Place = null;
                    Start(waiter.Holder);
                    waiter.Granted.TrySetResult(true);
                }

                place = following;
            }
        }
    }

    /// <summary>An export has every row that its filter matches. It is read page by page and lets others in between, so its time is not limited.</summary>
    private static bool IsExport(HttpRequest request) => request.Query["format"] is { Count: 1 } format && format != "json";

    private void GiveUp(Waiter waiter)
    {
        lock (_lock)
        {
            if (waiter.Place is not { } place) return;
            _waiting.Remove(place);
            waiter.Place = null;
        }

        waiter.Granted.TrySetResult(false);
    }

    private bool CanStart((string Org, string Caller) holder)
    {
        var own = _runningOf.GetValueOrDefault(holder.Org);
        return _all < (own == 0 ? _shares.All : _shares.All - _reserved) && own < _shares.Org && _running.GetValueOrDefault(holder) < _shares.Caller;
    }

    private void Start((string Org, string Caller) holder)
    {
        _all++;

        // A read blocks its thread, and everybody else needs some too.
        _threads.Begin();
        Count(_running, holder, 1);
        Count(_runningOf, holder.Org, 1);
    }

    private static void Count<TKey>(Dictionary<TKey, long> counts, TKey key, long change)
        where TKey : notnull
    {
        var count = counts.GetValueOrDefault(key) + change;
        if (count == 0) counts.Remove(key);
        else counts[key] = count;
    }

    private sealed class Waiter((string Org, string Caller) holder)
    {
        public (string Org, string Caller) Holder => holder;

        public LinkedListNode<Waiter>? Place { get; set; }

        public TaskCompletionSource<bool> Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>Metadata of an endpoint that reads stored rows.</summary>
internal sealed record StoredRead
{
    public static readonly StoredRead Mark = new();
}
