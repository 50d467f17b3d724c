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
/// <param name="Name">The person who holds it: tokens with the same name are the same person where a second person is needed. Null: a person of its
/// own.</param>
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

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RoleToken))]
internal sealed partial class AccessJson : JsonSerializerContext;
