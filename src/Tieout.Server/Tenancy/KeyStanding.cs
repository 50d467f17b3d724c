using Tieout.Core;
using Tieout.Core.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Tenancy;

/// <summary>What answers say of the keys of an org beside the keys themselves: their caps, which are budgets, and their last uses, which are no
/// setting.</summary>
internal sealed record KeyStanding(ILookup<string, KeyCapBody> Caps, IReadOnlyDictionary<string, Instant> Uses)
{
    public static async Task<KeyStanding> OfAsync(string org, ILedger ledger, KeyUseRecorder recorder, CancellationToken cancellationToken) =>
        new(KeyCaps.ByKey(org, ledger), await recorder.OfAsync(org, cancellationToken));

    public KeyBody Body(ApiKey key)
    {
        var terms = key.Terms ?? KeyTerms.None;
        return new(
            key.Id, key.Org, key.Team, key.Project, key.Name, key.Blocked, key.CreatedAt, key.Worker, key.Tenants,
            terms.ExpiresAt, terms.PreviousUntil, terms.Models, terms.Scopes ?? [KeyScope.Inference], terms.Metadata, terms.FactsPerCall, terms.FactsPerDay,
            terms.Addresses, terms.Pins,
            Caps.Contains(key.Id) ? [.. Caps[key.Id]] : null, Uses.TryGetValue(key.Id, out var at) ? at.ToDateTimeOffset() : null);
    }
}
