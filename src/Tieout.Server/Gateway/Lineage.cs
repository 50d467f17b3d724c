using System.Collections.Concurrent;
using Tieout.Storage;

namespace Tieout.Server.Gateway;

/// <summary>Which attempt of its operation comes next, also when it is the client that tries again.</summary>
/// <remarks>
/// An id that no client gave is new, and its first attempt is the first. Of the others, the recent ones are remembered, within a bound; of one that
/// is not, the ledger knows every attempt that was held or charged. So numbers go on rising over restarts, and the ledger is read once an operation.
/// </remarks>
internal sealed class Lineage(ILedger ledger)
{
    /// <summary>Operations in each of two generations, some 10 MB; the older generation is let go when the newer is full.</summary>
    private const int RememberedMax = 50_000;

    private readonly Lock _turning = new();
    private ConcurrentDictionary<(string Org, string Operation), Counter> _recent = new();
    private ConcurrentDictionary<(string Org, string Operation), Counter> _older = new();

    /// <summary>Counts the attempts of one operation.</summary>
    internal sealed class Counter(int last)
    {
        private int _last = last;

        /// <summary>How many attempts there were before.</summary>
        public int Last => Volatile.Read(ref _last);

        public int Next() => Interlocked.Increment(ref _last);
    }

    /// <param name="given">Whether the client named the operation.</param>
    public async ValueTask<Counter> OfAsync(string org, string operation, bool given, CancellationToken cancellationToken)
    {
        if (!given) return new(0);
        var name = (org, operation);
        if (_recent.TryGetValue(name, out var known)) return known;
        if (!_older.TryGetValue(name, out known))
        {
            var attempts = await ledger.Read.OperationAsync(org, operation, cancellationToken);
            known = new(Math.Max(attempts.Count, attempts.Max(attempt => attempt.Usage?.Usage.AttemptNo) ?? 0));
        }

        if (_recent.Count >= RememberedMax) Turn();
        return _recent.GetOrAdd(name, known);
    }

    private void Turn()
    {
        lock (_turning)
        {
            if (_recent.Count < RememberedMax) return;
            _older = _recent;
            _recent = new();
        }
    }
}
