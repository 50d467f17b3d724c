using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tieout.Core.Tenancy;

/// <summary>What a token of the platform's own people may do.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<AdminRole>))]
public enum AdminRole
{
    /// <summary>Reads everything and changes nothing.</summary>
    Viewer,

    /// <summary>Orgs, teams, projects, keys, budgets and prices.</summary>
    Operator,

    /// <summary>Money, corrections and invoices.</summary>
    Finance,

    /// <summary>Everything, tokens too.</summary>
    Admin,
}

/// <summary>A token for the API. The secret is shown once and never stored.</summary>
/// <param name="SecretSha256">As with <see cref="ApiKey"/>.</param>
/// <param name="ExpiresAt">Null: never.</param>
public sealed record RoleToken(
    string Id, AdminRole Role, string? Name, string SecretSha256, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt = null, bool Revoked = false)
{
    public string ToJson() => JsonSerializer.Serialize(this, AccessJson.Default.RoleToken);

    /// <exception cref="JsonException">Not a token's JSON.</exception>
    public static RoleToken Parse(string json) =>
        JsonSerializer.Deserialize(json, AccessJson.Default.RoleToken) ?? throw new JsonException("A token is null.");
}

/// <summary>One admin action: who did what to what, and what came of it.</summary>
/// <param name="Actor">The token's id, never its secret.</param>
/// <param name="Action">The method and the address, without the names in it.</param>
/// <param name="Target">The address.</param>
/// <param name="Before">What stood there; null: nothing, or nothing that the action replaces.</param>
/// <param name="After">What was asked for.</param>
/// <param name="Outcome">asked (written before the action), then done, unchanged or refused:code.</param>
public sealed record AuditRecord(
    string Id, DateTimeOffset At, string Actor, AdminRole Role, string Action, string Target, string? Org, string CorrelationId,
    JsonElement? Before, JsonElement? After, string Outcome)
{
    public string ToJson() => JsonSerializer.Serialize(this, AccessJson.Default.AuditRecord);

    /// <exception cref="JsonException">Not an audit record's JSON.</exception>
    public static AuditRecord Parse(string json) =>
        JsonSerializer.Deserialize(json, AccessJson.Default.AuditRecord) ?? throw new JsonException("An audit record is null.");
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RoleToken))]
[JsonSerializable(typeof(AuditRecord))]
internal sealed partial class AccessJson : JsonSerializerContext;
