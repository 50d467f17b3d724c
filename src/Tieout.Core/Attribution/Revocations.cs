namespace Tieout.Core.Attribution;

/// <summary>What ends an envelope before its time. Immutable.</summary>
/// <param name="BlockedKeys">API keys, with their orgs, that are blocked: what was issued to them is trusted no longer.</param>
/// <param name="Issuances">Envelopes, by issuance id with their orgs, that were revoked by hand; also what was derived from them.</param>
public sealed record Revocations(IReadOnlySet<(string Org, string Key)> BlockedKeys, IReadOnlySet<(string Org, string Issuance)> Issuances)
{
    public static readonly Revocations None = new(new HashSet<(string, string)>(), new HashSet<(string, string)>());

    public bool Hold(Envelope envelope) =>
        (envelope.ApiKey is { } key && BlockedKeys.Contains((envelope.Org, key)))
        || Issuances.Contains((envelope.Org, envelope.Issuance))
        || (envelope.ParentIssuance is { } parent && Issuances.Contains((envelope.Org, parent)));
}
