namespace Tieout.Server.Gateway.Upstreams;

/// <summary>Limits the upstreams of a request to those that have what it names: a provider has an object only where it was made.</summary>
/// <param name="Provider">The one provider that has the objects; null: any.</param>
/// <param name="OwnAccountOf">The org in whose own account the objects must be; null: any account.</param>
internal readonly record struct UpstreamBinding(string? Provider, string? OwnAccountOf)
{
    public bool Allows(Upstream upstream) =>
        (Provider is null || upstream.Options.Name == Provider) && (OwnAccountOf is null || upstream.Options.ApiKeyByOrg.ContainsKey(OwnAccountOf));
}
