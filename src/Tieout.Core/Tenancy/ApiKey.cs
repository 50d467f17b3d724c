using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tieout.Core.Tenancy;

/// <summary>A key that may spend for an org. The secret itself is shown once and never stored.</summary>
/// <param name="Id">Public: it may appear in records, logs and pages.</param>
/// <param name="SecretSha256">SHA-256 of the whole secret, lower-case hex. The secret has 256 random bits, so a fast hash is enough.</param>
/// <param name="Team">Everything spent with the key counts for this team; null: none.</param>
/// <param name="Worker">It executes for others: it spends for a tenant with that tenant's valid envelope, and for nobody without one.</param>
/// <param name="Tenants">The orgs a worker may act for; <see cref="AnyTenant"/>: every org. Null: none but its own.</param>
public sealed record ApiKey(
    string Id, string Org, string? Team, string? Project, string? Name, string SecretSha256, bool Blocked, DateTimeOffset CreatedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Worker = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] IReadOnlyList<string>? Tenants = null)
{
    /// <summary>What limits it further; null: nothing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public KeyTerms? Terms { get; init; }

    /// <summary>Among <see cref="Tenants"/>: every org. No org can have this name.</summary>
    public const string AnyTenant = "*";

    /// <summary>Whether what is done with the key may be charged to <paramref name="org"/>.</summary>
    public bool MayActFor(string org) => org == Org || (Worker && Tenants is not null && (Tenants.Contains(AnyTenant) || Tenants.Contains(org)));

    public string ToJson() => JsonSerializer.Serialize(this, TenancyJson.Default.ApiKey);

    /// <exception cref="JsonException">Not a key's JSON.</exception>
    public static ApiKey Parse(string json) =>
        JsonSerializer.Deserialize(json, TenancyJson.Default.ApiKey) ?? throw new JsonException("A key is null.");
}

/// <summary>A team or a project: a name within an org that spend can be counted and limited by.</summary>
public sealed record OrgUnit(string Org, string Name, DateTimeOffset CreatedAt)
{
    public string ToJson() => JsonSerializer.Serialize(this, TenancyJson.Default.OrgUnit);

    /// <exception cref="JsonException">Not a team's or project's JSON.</exception>
    public static OrgUnit Parse(string json) =>
        JsonSerializer.Deserialize(json, TenancyJson.Default.OrgUnit) ?? throw new JsonException("A team or project is null.");
}
