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
using Tieout.Server.Ledger;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Attribution;

/// <param name="OrgId">Whom it is for; <paramref name="TenantId"/> says the same. Neither: the org of the key that asks.</param>
/// <param name="OriginatorId">Who causes it; null: the key that asks.</param>
/// <param name="ExpiresInSeconds">1 to 604800; null: a day.</param>
/// <param name="Parent">An envelope whose operation this one is a step of: tenant, originator and audience are then its.</param>
public sealed record NewEnvelopeBody(
    string? OrgId = null, string? TenantId = null, string? OriginatorId = null, string? WorkflowId = null, string? OperationId = null, string? Aud = null,
    int? ExpiresInSeconds = null, string? Parent = null);

/// <param name="Envelope">To be passed on as it is, in the header or message attribute <c>Tieout-Envelope</c>.</param>
public sealed record IssuedEnvelopeBody(string Envelope, string KeyId, ClaimsBody Claims);

/// <param name="TenantId">Always <paramref name="OrgId"/>.</param>
public sealed record ClaimsBody(
    string OrgId, string TenantId, string OriginatorId, string WorkflowId, string OperationId, string IssuanceId, string? ParentIssuanceId, string Aud,
    string Iat, string Exp)
{
    internal static ClaimsBody From(Envelope envelope) => new(
        envelope.Org, envelope.Org, envelope.Originator, envelope.Workflow, envelope.Operation, envelope.Issuance, envelope.ParentIssuance, envelope.Audience,
        envelope.IssuedAt.ToString(), envelope.ExpiresAt.ToString());
}

public sealed record VerifyEnvelopeBody(string Envelope);

/// <param name="Envelope">The envelope itself; or its org and issuance id, where only those are known.</param>
public sealed record RevokeEnvelopeBody(string? Envelope = null, string? OrgId = null, string? IssuanceId = null);

public sealed record RevokedEnvelopeBody(string OrgId, string IssuanceId);

/// <param name="Verdict">valid, expired (attributes, authorises nothing), revoked (quarantine) or refused.</param>
/// <param name="Reason">Which rule refused it.</param>
/// <param name="Claims">Null: refused, so nothing that it says is believed; or of a tenant the key that asks may not act for.</param>
/// <param name="Identity">What the gateway would make of it with the key that asks: <c>bound</c>, or why not. Null: the platform asks.</param>
public sealed record VerdictBody(string Verdict, string? Reason, string? KeyId, ClaimsBody? Claims, string? Identity);

/// <summary>Issuing and verifying over HTTP.</summary>
internal static class EnvelopeEndpoints
{
    public static void MapEnvelopes(this IEndpointRouteBuilder api)
    {
        api.MapPost("/envelopes", Issue).Allow(Access.Tenant(KeyScope.Envelopes).OrRoles());
        api.MapPost("/envelopes/verify", Verify).Allow(Access.Tenant(KeyScope.Envelopes).OrEveryRole()).WithMetadata(ChangesNothing.Mark);
        api.MapPost("/envelopes/revoke", Revoke).Allow(Access.Roles(AdminRole.Operator)).Irreversible("tieout.envelope.revoke", "envelope", null);
        api.MapHops();
    }

    private static async Task<IResult> Issue(
        HttpContext context, ILedger ledger, EnvelopeKeys keys, EnvelopeVerifier verifier, EnvelopeIssuer issuer, TimeProvider time)
    {
        var body = await Inputs.BodyAsync(context, AttributionJson.Default.NewEnvelopeBody);
        if (!keys.CanIssue)
        {
            throw new ApiRefusedException(
                ApiError.EnvelopesOff, $"Set {EnvelopeSecretFile.Variable}, or start the server with 'tieout serve', which makes a secret.");
        }

        var caller = Caller.Of(context);
        if (body.ExpiresInSeconds is < 1) throw Invalid(EnvelopeRefusal.LifetimeWrong);
        TimeSpan? lifetime = body.ExpiresInSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
        EnvelopeRefusal? flaw;
        var issued = body.Parent is { } parent
            ? issuer.IssueChild(
                Parent(caller, body, verifier.Verify(parent, Instant.From(time.GetUtcNow()))), body.WorkflowId, body.OperationId, out flaw, lifetime)
            : issuer.Issue(Org(caller, body, ledger), body.OriginatorId ?? caller.Key?.Id ?? "admin", body.WorkflowId, body.OperationId, out flaw, body.Aud,
                lifetime, caller.Key?.Id);
        if (flaw is { } wrong) throw Invalid(wrong);
        if (issued is null) throw new ApiRefusedException(ApiError.EnvelopesOff, "No envelope key is active. Make one with POST /api/v1/envelope-keys.");
        return Answer.Made(
            isNew: true, new IssuedEnvelopeBody(issued.Token, issued.KeyId, ClaimsBody.From(issued.Envelope)), AttributionJson.Default.IssuedEnvelopeBody);
    }

    /// <summary>From now on the envelope, and what was derived from it, is refused at every door.</summary>
    private static async Task<IResult> Revoke(HttpContext context, ILedger ledger, EnvelopeVerifier verifier, TimeProvider time)
    {
        var body = await Inputs.BodyAsync(context, AttributionJson.Default.RevokeEnvelopeBody);
        var (org, issuance) = (body.OrgId, body.IssuanceId);
        if (body.Envelope is { } token)
        {
            if (org is not null || issuance is not null)
            {
                throw new ApiRefusedException(ApiError.ParameterInvalid, "Send either the envelope, or org_id and issuance_id.");
            }

            var verdict = verifier.Verify(token, Instant.From(time.GetUtcNow()));
            if (verdict is EnvelopeVerdict.Refused refused)
            {
                throw new ApiRefusedException(ApiError.EnvelopeRefused, IdentityWords.Sentence(refused.Reason));
            }

            (org, issuance) = (EnvelopeOf(verdict).Org, EnvelopeOf(verdict).Issuance);
        }

        if (org is null || issuance is null) throw new ApiRefusedException(ApiError.ParameterInvalid, "Send either the envelope, or org_id and issuance_id.");
        Inputs.Org(ledger, org);
        Inputs.Name(issuance, "issuance_id");
        (await ledger.ActAsync(new Command.Record(SettingKind.RevokedIssuance, org, issuance, "{}", Once: false), AdminCalls.Of(context))).OrThrow();
        return Answer.Ok(new RevokedEnvelopeBody(org, issuance), AttributionJson.Default.RevokedEnvelopeBody);
    }

    private static async Task<IResult> Verify(HttpContext context, EnvelopeVerifier verifier, TimeProvider time)
    {
        var body = await Inputs.BodyAsync(context, AttributionJson.Default.VerifyEnvelopeBody);
        var verdict = verifier.Verify(body.Envelope, Instant.From(time.GetUtcNow()));
        string? identity = null;
        var mayRead = true;
        if (Caller.Of(context).Key is { } key)
        {
            identity = IdentityRules.Decide(key, verdict, saidOrg: null) is IdentityDecision.Denied denied ? SnakeCase.Of(denied.Reason) : "bound";
            mayRead = verdict is not EnvelopeVerdict.Refused && key.MayActFor(EnvelopeOf(verdict).Org);
        }

        var answer = verdict switch
        {
            EnvelopeVerdict.Valid valid => new VerdictBody("valid", null, valid.KeyId, ClaimsBody.From(valid.Envelope), identity),
            EnvelopeVerdict.Expired expired => new VerdictBody("expired", null, expired.KeyId, ClaimsBody.From(expired.Envelope), identity),
            EnvelopeVerdict.Revoked revoked => new VerdictBody("revoked", null, revoked.KeyId, ClaimsBody.From(revoked.Envelope), identity),
            EnvelopeVerdict.Refused refused => new VerdictBody("refused", SnakeCase.Of(refused.Reason), null, null, identity),
            _ => throw new UnreachableException($"No answer for {verdict}."),
        };
        return Answer.Ok(mayRead ? answer : answer with { Claims = null }, AttributionJson.Default.VerdictBody);
    }

    /// <summary>The org to issue for: any for the platform, its own for a key. A worker's key issues for nobody: it would choose whom it charges.</summary>
    private static string Org(Caller caller, NewEnvelopeBody body, ILedger ledger)
    {
        if (body.OrgId is not null && body.TenantId is not null && body.OrgId != body.TenantId) throw Invalid(EnvelopeRefusal.TenantsDiffer);
        var asked = body.OrgId ?? body.TenantId;
        if (caller.Key is { } key)
        {
            if (key.Worker)
            {
                throw new ApiRefusedException(
                    ApiError.EnvelopeRequired, "A worker's key can issue only below another envelope. Send 'parent': the envelope that the worker acts under.");
            }

            if (asked is not null && asked != key.Org) throw new ApiRefusedException(ApiError.OrgNotFound, $"The org '{Inputs.Shown(asked)}' does not exist.");
            return key.Org;
        }

        return Inputs.Org(
            ledger, asked ?? throw new ApiRefusedException(ApiError.ParameterInvalid, "org_id is required: an admin token belongs to no org.")).Org.Id;
    }

    /// <summary>The parent, if the caller may act under it now.</summary>
    private static Envelope Parent(Caller caller, NewEnvelopeBody body, EnvelopeVerdict verdict)
    {
        if (body.OrgId is not null || body.TenantId is not null || body.OriginatorId is not null || body.Aud is not null)
        {
            throw new ApiRefusedException(ApiError.ParameterInvalid, "Leave out org_id, tenant_id, originator_id and aud: they are the parent's.");
        }

        if (caller.Key is { } key && IdentityRules.Decide(key, verdict, saidOrg: null) is IdentityDecision.Denied denied)
        {
            throw new ApiRefusedException(IdentityWords.ErrorOf(denied.Reason));
        }

        return verdict switch
        {
            EnvelopeVerdict.Valid valid => valid.Envelope,
            EnvelopeVerdict.Expired => throw new ApiRefusedException(ApiError.EnvelopeExpired),
            EnvelopeVerdict.Revoked => throw new ApiRefusedException(ApiError.EnvelopeRevoked),
            EnvelopeVerdict.Refused refused =>
                throw new ApiRefusedException(ApiError.EnvelopeRefused, $"The parent is refused: {SnakeCase.Of(refused.Reason)}."),
            _ => throw new UnreachableException($"No answer for {verdict}."),
        };
    }

    private static Envelope EnvelopeOf(EnvelopeVerdict verdict) => verdict switch
    {
        EnvelopeVerdict.Valid valid => valid.Envelope,
        EnvelopeVerdict.Expired expired => expired.Envelope,
        EnvelopeVerdict.Revoked revoked => revoked.Envelope,
        _ => throw new UnreachableException($"No envelope in {verdict}."),
    };

    private static ApiRefusedException Invalid(EnvelopeRefusal flaw) => new(ApiError.EnvelopeInvalid, flaw switch
    {
        EnvelopeRefusal.ClaimMalformed => "An id is not valid: use 1 to 128 of A–Z a–z 0–9 _ . : @ / + -, starting with a letter or digit.",
        EnvelopeRefusal.LifetimeWrong => $"expires_in_seconds must be from 1 to {(int)Envelope.LifetimeMax.TotalSeconds}.",
        EnvelopeRefusal.TenantsDiffer => "org_id and tenant_id are two names for one value, and they differ. Send one of them.",
        _ => $"{SnakeCase.Of(flaw)}.",
    });
}
