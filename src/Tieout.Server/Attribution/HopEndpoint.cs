using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core;
using Tieout.Core.Attribution;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Attribution;

/// <param name="Id">Of the hop, such as the message's: the same again is the same hop.</param>
/// <param name="Target">Where the operation came to: a queue, a worker.</param>
/// <param name="Attempt">From 1; null: the first.</param>
public sealed record NewHopBody(string Envelope, string Id, string Target, int? Attempt = null);

/// <param name="No">Its place among the steps of the envelope, from 1.</param>
public sealed record HopBody(string OperationId, string IssuanceId, int No);

/// <summary><c>POST /envelopes/hops</c>: where an envelope went between two calls, recorded by whoever took it there.</summary>
internal static class HopEndpoint
{
    private const int AttemptsMax = 1_000;

    public static void MapHops(this IEndpointRouteBuilder api) =>
        api.MapPost("/envelopes/hops", RecordAsync).Allow(Access.Tenant(KeyScope.Envelopes).OrRoles());

    private static async Task<IResult> RecordAsync(
        HttpContext context, ILedger ledger, EnvelopeKeys keys, EnvelopeVerifier verifier, IdentityFindings findings, TimeProvider time)
    {
        var body = await Inputs.BodyAsync(context, AttributionJson.Default.NewHopBody);
        Inputs.Name(body.Id, "id");
        Inputs.Name(body.Target, "target");
        if (body.Attempt is < 1 or > AttemptsMax)
        {
            throw new ApiRefusedException(ApiError.ParameterInvalid, $"attempt must be a whole number from 1 to {AttemptsMax}.");
        }

        var now = Instant.From(time.GetUtcNow());
        var (caller, said) = (Caller.Of(context), verifier.Verify(body.Envelope, now));

        // A hop spends nothing, so what attributes is enough.
        if (caller.Key is { } key && verifier.Read([body.Envelope], key, said: null, now, isSpent: true).Decision is IdentityDecision.Denied denied)
        {
            if (denied.Finding is { } finding) findings.Open(finding);
            throw new ApiRefusedException(IdentityWords.ErrorOf(denied.Reason));
        }

        var (envelope, keyId) = said switch
        {
            EnvelopeVerdict.Valid valid => (valid.Envelope, valid.KeyId),
            EnvelopeVerdict.Expired expired => (expired.Envelope, expired.KeyId),
            EnvelopeVerdict.Revoked => throw new ApiRefusedException(ApiError.EnvelopeRevoked),
            EnvelopeVerdict.Refused refused =>
                throw new ApiRefusedException(ApiError.EnvelopeRefused, IdentityWords.Sentence(refused.Reason)),
            _ => throw new UnreachableException($"No answer for {said}."),
        };
        if (keys.Carry(body.Envelope, envelope, keyId) is not { } carried) throw new ApiRefusedException(ApiError.EnvelopesOff);
        if (await StandingAsync(ledger, envelope, body.Id, context.RequestAborted) is { } standing) return Made(isNew: false, standing);
        var step = new LineageStep(LineageKind.Hop, body.Id, body.Attempt ?? 1, caller.TokenId, body.Target, now);
        if (await new EnvelopeChain(ledger, envelope.Org, envelope.Operation, carried, isNew: false).HopAsync(
            step, caller.IsPlatform ? Audited : null) is Outcome.Refused no)
        {
            throw new ApiRefusedException(no.Reason.Error, no.LimitDetail);
        }

        return Made(isNew: true, (await StandingAsync(ledger, envelope, body.Id, context.RequestAborted))!);

        // A person's hop is recorded in the commit of the step (U1).
        Command Audited(Command hop)
        {
            var call = AdminCalls.Of(context);
            call.MarkRecorded("The command of the hop writes the audit record.");
            return AdminActions.Audited(ledger, hop, call, after: new() { ["operation_id"] = envelope.Operation, ["hop"] = body.Id, ["target"] = body.Target });
        }
    }

    /// <summary>The hop as it is stored; null: it is not.</summary>
    private static async Task<LineageEntry?> StandingAsync(ILedger ledger, Envelope envelope, string id, CancellationToken cancellationToken)
    {
        var steps = await ledger.Read.LineageAsync(envelope.Org, envelope.Operation, cancellationToken);
        return steps.FirstOrDefault(entry => entry.Row.Issuance == envelope.Issuance && entry.Row.Step is { Kind: LineageKind.Hop } step && step.Id == id);
    }

    private static IResult Made(bool isNew, LineageEntry hop) =>
        Answer.Made(isNew, new HopBody(hop.OperationId, hop.Row.Issuance, hop.Row.No), AttributionJson.Default.HopBody);
}
