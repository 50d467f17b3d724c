using Microsoft.AspNetCore.Http;
using Tieout.Core;
using Tieout.Core.Attribution;
using Tieout.Core.Tenancy;

namespace Tieout.Server.Attribution;

/// <summary>Reads the envelope of a request and binds it to the key that asks.</summary>
internal sealed class EnvelopeVerifier(EnvelopeKeys keys)
{
    /// <summary>Names the tenant that a caller says it asks for. Only ever compared.</summary>
    public const string OrgHeader = "Tieout-Org";

    public EnvelopeVerdict Verify(string token, Instant now) => EnvelopeToken.Verify(token, keys.Ring, EnvelopeIssuer.Audience, now);

    /// <summary>Who is charged for what these headers come with.</summary>
    /// <param name="key">Known and not blocked.</param>
    public IdentityReading Read(IHeaderDictionary headers, ApiKey key, Instant now) =>
        Read([.. headers[Envelope.Header]], key, Said(headers), now, isSpent: false);

    /// <param name="tokens">One, or none; several are refused.</param>
    /// <param name="said">The tenant that is named outside the envelope; null: none.</param>
    /// <param name="isSpent">See <see cref="IdentityRules.Decide"/>.</param>
    /// <inheritdoc cref="Read(IHeaderDictionary, ApiKey, Instant)"/>
    public IdentityReading Read(ReadOnlySpan<string?> tokens, ApiKey key, string? said, Instant now, bool isSpent)
    {
        var verdict = EnvelopeToken.Read(tokens, keys.Ring, EnvelopeIssuer.Audience, now);
        var token = tokens.Length == 1 ? tokens[0] : null;
        var unverified = verdict is EnvelopeVerdict.Refused && token is not null ? EnvelopeToken.UnverifiedOrg(token) : null;
        var keyId = verdict switch { EnvelopeVerdict.Valid valid => valid.KeyId, EnvelopeVerdict.Expired expired => expired.KeyId, _ => null };
        return new(IdentityRules.Decide(key, verdict, said, unverified, isSpent), token, keyId);
    }

    /// <summary>Several of them are one that fits no org.</summary>
    private static string? Said(IHeaderDictionary headers) => headers.TryGetValue(OrgHeader, out var said) ? said.ToString() : null;
}

/// <param name="Token">As it was received; null: none, or several.</param>
/// <param name="KeyId">The key that a verified token was signed with; null: nothing was verified.</param>
internal sealed record IdentityReading(IdentityDecision Decision, string? Token, string? KeyId);
