using Tieout.Core.Tenancy;

namespace Tieout.Core.Attribution;

/// <summary>Who an operation is for: fixed when it is issued, the same on every attempt and hop (A1). docs/specs/envelope.md says how it is written.</summary>
/// <param name="Org">The tenant that pays. On the wire both <c>org_id</c> and <c>tenant_id</c>, always equal.</param>
/// <param name="Originator">Who caused it: an end user, a service, a key.</param>
/// <param name="Workflow">What it is part of; the operation's own id where it is part of nothing larger.</param>
/// <param name="Operation">The logical thing asked for.</param>
/// <param name="Issuance">Unique to this envelope.</param>
/// <param name="ParentIssuance">The envelope this one was derived from, for a child operation; null: none.</param>
/// <param name="Audience">Which deployment it is meant for.</param>
/// <param name="IssuedAt">A whole second.</param>
/// <param name="ExpiresAt">A whole second. From here on it authorises nothing; it still says who pays for what it authorised.</param>
public sealed record Envelope(
    string Org, string Originator, string Workflow, string Operation, string Issuance, string? ParentIssuance, string Audience, Instant IssuedAt,
    Instant ExpiresAt)
{
    /// <summary>The header, and the attribute of a queue message, that bears it.</summary>
    public const string Header = "Tieout-Envelope";

    /// <summary>Bounds what a leaked envelope is good for. Longer waits are no loss: an expired one still attributes.</summary>
    public static readonly TimeSpan LifetimeMax = TimeSpan.FromDays(7);

    /// <summary>A night in a queue.</summary>
    public static readonly TimeSpan LifetimeDefault = TimeSpan.FromDays(1);

    /// <summary>The API key, of the same org, that the envelope was issued to; null: the platform. When the key is blocked, the envelope ends.</summary>
    public string? ApiKey { get; init; }

    /// <summary>An envelope for a step that this one's operation causes: tenant and originator are this one's and cannot be chosen.</summary>
    public Envelope Child(string operation, string? workflow, string issuance, Instant issuedAt, Instant expiresAt) =>
        new(Org, Originator, workflow ?? Workflow, operation, issuance, Issuance, Audience, issuedAt, expiresAt) { ApiKey = ApiKey };

    /// <summary>What no envelope may be, read or written; null: nothing is wrong.</summary>
    public EnvelopeRefusal? Validate()
    {
        foreach (var name in (ReadOnlySpan<string?>)[Org, Originator, Workflow, Operation, Issuance, Audience])
        {
            if (!Names.IsValid(name)) return EnvelopeRefusal.ClaimMalformed;
        }

        if (ParentIssuance is not null && !Names.IsValid(ParentIssuance)) return EnvelopeRefusal.ClaimMalformed;
        if (ApiKey is not null && !Names.IsValid(ApiKey)) return EnvelopeRefusal.ClaimMalformed;
        return ExpiresAt <= IssuedAt || ExpiresAt - IssuedAt > LifetimeMax ? EnvelopeRefusal.LifetimeWrong : null;
    }
}
