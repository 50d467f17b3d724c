using Tieout.Server.Configuration;

namespace Tieout.Server.Outbox;

/// <summary>Whoever compares the ledger with another book says here how far they are apart; an alert is raised when it lasts.</summary>
internal sealed class DriftWatch(AlertBook book, ServerOptions options, TimeProvider time)
{
    private readonly Dictionary<string, DateTimeOffset> _since = new(StringComparer.Ordinal);

    /// <param name="surface">Which other book: a name.</param>
    /// <param name="org">Null: of all orgs.</param>
    /// <param name="driftPct">Per cent of the ledger's figure; its sign does not matter.</param>
    public void Report(string surface, string? org, decimal driftPct)
    {
        var (scope, now) = (org is null ? surface : $"{surface}/{org}", time.GetUtcNow());
        var drift = Math.Abs(driftPct);
        bool lasts;
        lock (_since)
        {
            if (drift <= options.Alerts.DriftPct) _since.Remove(scope);
            else _since.TryAdd(scope, now);
            lasts = _since.TryGetValue(scope, out var since) && now - since >= options.Alerts.DriftFor;
            if (!lasts && _since.ContainsKey(scope)) return;
        }

        book.Set("drift", scope, lasts, drift, options.Alerts.DriftPct, org);
    }
}
