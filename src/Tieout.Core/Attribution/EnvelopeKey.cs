using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tieout.Core.Attribution;

/// <summary>A signing key as it is kept for ever. Its secret is not here: it is derived from the <see cref="EnvelopeSecret"/> when needed.</summary>
/// <param name="Id">The <c>kid</c> of what it signs.</param>
/// <param name="Algorithm">Decides how tokens are verified; what a token says about it is only compared.</param>
/// <param name="Check">Of the secret it was made under; see <see cref="EnvelopeSecret.Check"/>.</param>
/// <param name="RetiredAt">When it stopped issuing; null: it issues.</param>
public sealed record EnvelopeKey(
    string Id, string Algorithm, EnvelopeKeyState State, string Check, DateTimeOffset CreatedAt, DateTimeOffset? RetiredAt = null,
    DateTimeOffset? RevokedAt = null)
{
    /// <summary>The one algorithm of the profile.</summary>
    public const string Hs256 = "HS256";

    /// <summary>The key in a later state. States only go forward: active, verify-only, revoked.</summary>
    /// <returns>Null: it would have to go back.</returns>
    public EnvelopeKey? To(EnvelopeKeyState state, DateTimeOffset at)
    {
        if (state == State) return this;
        if (state < State) return null;
        return this with
        {
            State = state,
            RetiredAt = RetiredAt ?? at,
            RevokedAt = state is EnvelopeKeyState.Revoked ? at : RevokedAt,
        };
    }

    public string ToJson() => JsonSerializer.Serialize(this, AttributionJson.Default.EnvelopeKey);

    /// <exception cref="JsonException">Not a key's JSON.</exception>
    public static EnvelopeKey Parse(string json) =>
        JsonSerializer.Deserialize(json, AttributionJson.Default.EnvelopeKey) ?? throw new JsonException("An envelope key is null.");
}

/// <summary>What a key is still good for. Stored by name.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<EnvelopeKeyState>))]
public enum EnvelopeKeyState
{
    /// <summary>Issues and verifies.</summary>
    [JsonStringEnumMemberName("active")]
    Active,

    /// <summary>Verifies what it issued before it was rotated out.</summary>
    [JsonStringEnumMemberName("verify_only")]
    VerifyOnly,

    /// <summary>Trusted no longer, for what it issued before either.</summary>
    [JsonStringEnumMemberName("revoked")]
    Revoked,
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(EnvelopeKey))]
internal sealed partial class AttributionJson : JsonSerializerContext;
