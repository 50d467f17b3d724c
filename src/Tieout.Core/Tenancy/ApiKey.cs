using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tieout.Core.Tenancy;

/// <summary>A key that may spend for an org. The secret itself is shown once and never stored.</summary>
/// <param name="Id">Public: it may appear in records, logs and pages.</param>
/// <param name="SecretSha256">SHA-256 of the whole secret, lower-case hex. The secret has 256 random bits, so a fast hash is enough.</param>
/// <param name="Team">Everything spent with the key counts for this team; null: none.</param>
public sealed record ApiKey(
    string Id, string Org, string? Team, string? Project, string? Name, string SecretSha256, bool Blocked, DateTimeOffset CreatedAt)
{
    /// <summary>What limits it further; null: nothing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public KeyTerms? Terms { get; init; }

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
