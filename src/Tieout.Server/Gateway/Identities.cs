using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Tieout.Core;
using Tieout.Core.Attribution;
using Tieout.Server.Attribution;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Telemetry;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Gateway;

/// <summary>Puts whoever asks the gateway in the place of the tenant it acts for, and gives every answer the envelope of its operation.</summary>
internal sealed class Identities(EnvelopeVerifier verifier, EnvelopeIssuer issuer, EnvelopeKeys envelopeKeys, IdentityFindings findings, TimeProvider time)
{
    /// <param name="caller">By its key alone; afterwards by its envelope.</param>
    /// <returns>Null: all is well.</returns>
    public GatewayRefusal? Bind(HttpContext context, KeySnapshot keys, ref GatewayCaller caller)
    {
        var spender = caller.Spender;
        var reading = verifier.Read(context.Request.Headers, spender.Key, Instant.From(time.GetUtcNow()));
        switch (reading.Decision)
        {
            case IdentityDecision.Denied denied:
                if (denied.Finding is { } finding) findings.Open(finding);
                return Refusal(denied);
            case IdentityDecision.Own own:
                var issued = issuer.Issue(own.Org, caller.Tags.User ?? spender.Key.Id, caller.Tags.Workflow, caller.OperationId, out _, apiKey: spender.Key.Id);
                if (issued is null) return null;
                context.Response.Headers[Envelope.Header] = issued.Token;
                caller = caller with { Carried = envelopeKeys.Carry(issued.Token, issued.Envelope, issued.KeyId), IsCarriedNew = true };
                return null;
            case IdentityDecision.Bound { Envelope: var envelope }:
                if (keys.Acting(spender, envelope.Org) is not { } acting)
                {
                    return new(ApiError.OrgNotFound, "The envelope's org is not known here.", Envelope.Header);
                }

                caller = new(acting, caller.Tags with { Workflow = envelope.Workflow, Operation = envelope.Operation }, caller.Correlation)
                {
                    Carried = envelopeKeys.Carry(reading.Token!, envelope, reading.KeyId!),
                };
                if (context.Features.Get<LogIds>() is { } ids) ids.Org = envelope.Org;

                // The very text that came: never issued anew (A1).
                context.Response.Headers[Envelope.Header] = reading.Token;
                return null;
            default:
                throw new UnreachableException($"No answer for {reading.Decision}.");
        }
    }

    private static GatewayRefusal Refusal(IdentityDecision.Denied denied)
    {
        var error = IdentityWords.ErrorOf(denied.Reason);
        var sentence = denied.Flaw switch
        {
            null => null,
            EnvelopeRefusal.VersionUnknown => IdentityWords.Sentence(EnvelopeRefusal.VersionUnknown),
            { } flaw => $"{error.Title} ({SnakeCase.Of(flaw)})",
        };
        return new(error, sentence, denied.Reason is IdentityRefusal.EnvelopeRequired ? null : Envelope.Header);
    }
}
