using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Tieout.Core.Guard;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Guard;

/// <param name="Action">For example <c>volume.delete</c>.</param>
/// <param name="Envelope">As it came with the request for the action; null: none did.</param>
/// <param name="Nonce">Of this one call; null: the call may be made again.</param>
public sealed record GuardQuestionBody(string Action, GuardedResourceBody Resource, string? Envelope = null, string? Nonce = null);

/// <param name="OwnerOrg">The org that it belongs to, as the service that keeps the resource knows it.</param>
public sealed record GuardedResourceBody(string Type, string Id, string? OwnerOrg = null);

/// <param name="Outcome">allow, shadow_hit (allowed, and recorded as what would be blocked) or block.</param>
/// <param name="Detail">One sentence for a person.</param>
public sealed record GuardDecisionBody(
    string DecisionId, string Outcome, string Reason, string Detail, string? EnvelopeFlaw, string? Policy, int? PolicyVersion, string? OverrideId,
    DateTimeOffset DecidedAt);

/// <summary>The guard over HTTP; its parts map their own addresses.</summary>
internal static class GuardEndpoints
{
    public static void AddGuard(this IServiceCollection services)
    {
        services.TryAddSingleton<CurrentGuard>();
        services.TryAddSingleton<GuardGate>();
        services.TryAddSingleton<GuardHours>();
        services.AddHostedService(provider => provider.GetRequiredService<GuardHours>());
    }

    public static void MapGuard(this IEndpointRouteBuilder api)
    {
        api.MapPost("/guard/decide", Decide).Allow(Access.Tenant(KeyScope.Guard).OrRoles(AdminRole.Operator));
        api.MapGuardPolicies();
        api.MapGuardOverrides();
        api.MapGuardHits();
    }

    private static async Task<IResult> Decide(HttpContext context, ILedger ledger, GuardGate gate)
    {
        var body = await Inputs.BodyAsync(context, GuardJson.Default.GuardQuestionBody);
        var (caller, call) = (Caller.Of(context), AdminCalls.Of(context));
        var decision = await gate.DecideAsync(
            Question(body), body.Envelope, caller.Key, caller.TokenId,
            record => caller.IsPlatform ? ledger.ActAsync(record, call) : ledger.SubmitAsync(record, context.RequestAborted).AsTask(), context.RequestAborted);
        return Answer.Ok(
            new GuardDecisionBody(
                decision.Id, decision.Outcome, decision.Reason, GuardWords.Detail(decision), decision.EnvelopeFlaw, decision.Policy, decision.PolicyVersion,
                decision.OverrideId, decision.DecidedAt), GuardJson.Default.GuardDecisionBody);
    }

    private static GuardQuestion Question(GuardQuestionBody body)
    {
        if (!ActionPattern.IsAction(body.Action))
        {
            throw new ApiRefusedException(
                ApiError.GuardQuestionInvalid,
                $"'{Inputs.Shown(body.Action)}' is not an action: use words of a–z, 0–9, _ and - with dots between them, for example volume.delete.");
        }

        Inputs.Name(body.Resource.Type, "resource type");
        Inputs.Name(body.Resource.Id, "resource id");
        if (body.Resource.OwnerOrg is { } owner) Inputs.Name(owner, "owner_org");
        if (body.Nonce is { } nonce) Inputs.Name(nonce, "nonce");
        return new(body.Action, new(body.Resource.Type, body.Resource.Id, body.Resource.OwnerOrg), body.Nonce);
    }
}
