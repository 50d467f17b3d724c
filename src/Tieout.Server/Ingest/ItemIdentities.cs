using System.Diagnostics;
using Tieout.Core;
using Tieout.Core.Attribution;
using Tieout.Server.Attribution;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Ingest;

/// <summary>Whom items are for that bear an envelope: its org, its operation and its workflow, whatever else they say (A2).</summary>
/// <remarks>What is reported is spent already, so an expired envelope, which attributes, is enough.</remarks>
internal sealed class ItemIdentities(EnvelopeVerifier verifier, EnvelopeKeys keys, IdentityFindings findings, TimeProvider time)
{
    private readonly (EnvelopeKeys Keys, IdentityFindings Findings) _shared = (keys, findings);

    /// <summary>Reads the envelopes of one call; its items mostly share a few.</summary>
    public Reading For(Caller caller) => new(this, caller);

    /// <param name="said">The org that the item names beside its envelope; null: none.</param>
    private IdentityReading Read(string token, Caller caller, string? said)
    {
        var now = Instant.From(time.GetUtcNow());
        return caller.Key is { } key ? verifier.Read([token], key, said, now, isSpent: true) : OfThePlatform(token, said, now);
    }

    /// <summary>The platform may speak for any org, but not bind to one what was issued for another.</summary>
    private IdentityReading OfThePlatform(string token, string? said, Instant now)
    {
        var verdict = verifier.Verify(token, now);
        IdentityDecision decision = verdict switch
        {
            EnvelopeVerdict.Refused refused => new IdentityDecision.Denied(IdentityRefusal.EnvelopeRefused, refused.Reason, Finding: null),
            EnvelopeVerdict.Revoked => new IdentityDecision.Denied(IdentityRefusal.EnvelopeRevoked, Flaw: null, Finding: null),
            EnvelopeVerdict.Valid valid => Bound(valid.Envelope, isExpired: false),
            EnvelopeVerdict.Expired expired => Bound(expired.Envelope, isExpired: true),
            _ => throw new UnreachableException($"No rule for {verdict}."),
        };
        return new(decision, token, verdict switch { EnvelopeVerdict.Valid valid => valid.KeyId, EnvelopeVerdict.Expired expired => expired.KeyId, _ => null });

        IdentityDecision Bound(Envelope envelope, bool isExpired) =>
            said is null || said == envelope.Org
                ? new IdentityDecision.Bound(envelope, isExpired) : new IdentityDecision.Denied(IdentityRefusal.TenantRewritten, Flaw: null, Finding: null);
    }

    /// <summary>One call's.</summary>
    internal sealed class Reading(ItemIdentities identities, Caller caller)
    {
        private readonly Dictionary<(string Token, string? Said), (IdentityReading Reading, CarriedEnvelope? Carried)> _known = [];

        /// <summary>Puts the item in the place of its envelope's tenant, or refuses it.</summary>
        /// <returns>Null: it is refused.</returns>
        public CarriedEnvelope? Bind(UsageItem item, string token)
        {
            if (!_known.TryGetValue((token, item.Org), out var known)) _known[(token, item.Org)] = known = Read(token, item.Org);
            switch (known.Reading.Decision)
            {
                case IdentityDecision.Denied denied:
                    var error = IdentityWords.ErrorOf(denied.Reason);
                    item.Refuse(error, denied.Flaw is { } flaw ? $"{error.Title} ({SnakeCase.Of(flaw)})" : error.Title);
                    return null;
                case IdentityDecision.Bound { Envelope: var envelope }:
                    (item.Org, item.OperationId, item.WorkflowId) = (envelope.Org, envelope.Operation, envelope.Workflow);
                    return known.Carried;
                default:
                    throw new UnreachableException($"No answer for {known.Reading.Decision}.");
            }
        }

        private (IdentityReading, CarriedEnvelope?) Read(string token, string? said)
        {
            var reading = identities.Read(token, caller, said);
            if (reading.Decision is IdentityDecision.Denied { Finding: { } finding }) identities._shared.Findings.Open(finding);
            return (reading, reading.Decision is IdentityDecision.Bound bound ? identities._shared.Keys.Carry(token, bound.Envelope, reading.KeyId!) : null);
        }
    }
}
