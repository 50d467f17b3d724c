using Tieout.Core;
using Tieout.Core.Attribution;

namespace Tieout.Server.Attribution;

/// <summary>Makes envelopes. Whether the caller may have one is asked before.</summary>
internal sealed class EnvelopeIssuer(EnvelopeKeys keys, TimeProvider time)
{
    /// <summary>Which deployment its envelopes are for, unless another is asked for.</summary>
    public const string Audience = "tieout";

    /// <summary>A new envelope, written and signed.</summary>
    /// <param name="workflow">Null: the operation is part of nothing larger.</param>
    /// <param name="operation">Null: a new one.</param>
    /// <param name="apiKey">The key of the org that it is issued to; null: the platform.</param>
    /// <param name="flaw">What is wrong with what was asked for; null: nothing.</param>
    /// <returns>Null: there is a flaw, or no key that issues.</returns>
    public IssuedEnvelope? Issue(
        string org, string originator, string? workflow, string? operation, out EnvelopeRefusal? flaw, string? audience = null, TimeSpan? lifetime = null,
        string? apiKey = null)
    {
        var (issuedAt, expiresAt) = Times(lifetime);
        var id = operation ?? Guid.CreateVersion7().ToString();
        return Sign(new(org, originator, workflow ?? id, id, NewIssuance(), null, audience ?? Audience, issuedAt, expiresAt) { ApiKey = apiKey }, out flaw);
    }

    /// <summary>An envelope for a step of the operation of <paramref name="parent"/>: its tenant, originator and audience are not to be chosen.</summary>
    /// <inheritdoc cref="Issue"/>
    public IssuedEnvelope? IssueChild(Envelope parent, string? workflow, string? operation, out EnvelopeRefusal? flaw, TimeSpan? lifetime = null)
    {
        var (issuedAt, expiresAt) = Times(lifetime);
        return Sign(parent.Child(operation ?? Guid.CreateVersion7().ToString(), workflow, NewIssuance(), issuedAt, expiresAt), out flaw);
    }

    private IssuedEnvelope? Sign(Envelope envelope, out EnvelopeRefusal? flaw)
    {
        flaw = envelope.Validate();
        return flaw is null && keys.Ring.Active is { } key ? new(EnvelopeToken.Sign(envelope, key), envelope, key.Key.Id) : null;
    }

    private (Instant IssuedAt, Instant ExpiresAt) Times(TimeSpan? lifetime)
    {
        var now = Instant.From(time.GetUtcNow());
        var second = new Instant(now.UnixMicros - now.UnixMicros % Instant.MicrosPerSecond);
        return (second, second + (lifetime ?? Envelope.LifetimeDefault));
    }

    private static string NewIssuance() => Guid.CreateVersion7().ToString();
}

/// <param name="Token">What is passed on, byte for byte (A1).</param>
internal sealed record IssuedEnvelope(string Token, Envelope Envelope, string KeyId);
