using System.Collections.Concurrent;
using Tieout.Core.Ledger;
using Tieout.Server.Attribution;
using Tieout.Storage;

namespace Tieout.Server.Gateway;

/// <summary>Numbers the attempts of operations, including those that a client's own retry makes.</summary>
/// <remarks>
/// An operation without a client's id is new, so its numbers start at 1. For the others a bounded cache has the recent ones; for the rest, the ledger
/// has every attempt that was held or charged. So numbers rise across restarts, and the ledger is read once per operation.
/// </remarks>
internal sealed class Lineages(ILedger ledger)
{
    /// <summary>Operations in each of two generations, some 10 MB. When the newer is full, it replaces the older.</summary>
    private const int RememberedMax = 50_000;

    private readonly Lock _turning = new();
    private ConcurrentDictionary<(string Org, string Operation), OperationLineage> _recent = new();
    private ConcurrentDictionary<(string Org, string Operation), OperationLineage> _older = new();

    public async ValueTask<OperationLineage> OfAsync(GatewayCaller caller, CancellationToken cancellationToken)
    {
        // The SDKs count their retries even where the client gives no operation id.
        var triesBefore = caller.Tags.AttemptNo - 1;
        if (caller.Tags.Operation is not { } operation) return new(ledger, caller.Spender.Key.Org, caller.OperationId, triesBefore);
        var name = (caller.Spender.Key.Org, operation);
        if (_recent.TryGetValue(name, out var known)) return known;
        if (!_older.TryGetValue(name, out known))
        {
            var attempts = await ledger.Read.OperationAsync(name.Org, operation, cancellationToken);
            var steps = await ledger.Read.LineageAsync(name.Org, operation, cancellationToken);
            var last = attempts.Aggregate(
                attempts.Count(attempt => attempt.Hold is not null), (most, attempt) => Math.Max(most, attempt.Usage?.Usage.AttemptNo ?? 0));
            last = steps.Where(step => step.Row.Step.Kind is LineageKind.Attempt).Aggregate(last, (most, step) => Math.Max(most, step.Row.Step.AttemptNo));
            known = new(ledger, name.Org, operation, Math.Max(last, triesBefore));
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

/// <summary>Numbers the attempts of one operation, and links each to those before it under the same envelope.</summary>
/// <param name="last">Number of the last attempt so far; 0: there was none.</param>
internal sealed class OperationLineage(ILedger ledger, string org, string operation, int last)
{
    private readonly ConcurrentDictionary<string, EnvelopeChain> _chains = new(StringComparer.Ordinal);
    private int _last = last;

    public int Last => Volatile.Read(ref _last);

    public int Next() => Interlocked.Increment(ref _last);

    /// <summary>The chain of the caller's envelope; null: it has none.</summary>
    public EnvelopeChain? ChainOf(GatewayCaller caller)
    {
        if (caller.Carried is not { } envelope) return null;

        // No other request has an envelope that was issued for this one, so its chain need not be cached.
        return caller.IsCarriedNew
            ? new(ledger, org, operation, envelope, isNew: true)
            : _chains.GetOrAdd(envelope.Issuance, _ => new(ledger, org, operation, envelope, isNew: false));
    }
}
