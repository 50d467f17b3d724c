using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core.Guard;
using Tieout.Core.Ledger;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Guard;

/// <param name="Actions">An action such as <c>volume.delete</c>, or <c>cluster.*</c>.</param>
/// <param name="SingleUse">An operation may run an action on a resource once.</param>
/// <param name="Reason">Why, for people.</param>
public sealed record SetGuardPolicyBody(string Name, string Actions, bool Irreversible, GuardMode Mode, string Reason, bool SingleUse = false);

/// <param name="Version">The version that was looked at.</param>
public sealed record PromoteGuardPolicyBody(int Version, string Reason);

public sealed record GuardPolicyListBody(IReadOnlyList<GuardPolicy> Items, long AsOf);

/// <summary>Policies: seen, set, enforced. Every version is kept.</summary>
internal static class GuardPolicyEndpoints
{
    private const int NameMax = 64;

    public static void MapGuardPolicies(this IEndpointRouteBuilder api)
    {
        api.MapGet("/guard/policies", List).Allow(Access.EveryRole);
        api.MapGet("/guard/policies/{policy}/versions", Versions).Allow(Access.EveryRole);
        api.MapPost("/guard/policies", Set).Allow(Access.Roles());
        api.MapPost("/guard/policies/{policy}/promote", Promote).Allow(Access.Roles());
    }

    public static GuardPolicy Standing(CurrentGuard guard, string policy) =>
        guard.Terms.Policies.FirstOrDefault(standing => standing.Name == policy)
        ?? throw new ApiRefusedException(ApiError.GuardPolicyNotFound, $"The guard policy '{Inputs.Shown(policy)}' does not exist.");

    private static IResult List(HttpContext context, ILedger ledger, CurrentGuard guard)
    {
        Inputs.OnlyQuery(context);
        var asOf = ledger.Read.AsOf;
        return Answer.Ok(
            new GuardPolicyListBody([.. guard.Terms.Policies.OrderBy(policy => policy.Name, StringComparer.Ordinal)], asOf),
            GuardJson.Default.GuardPolicyListBody);
    }

    /// <summary>Every version of a policy, oldest first.</summary>
    private static async Task<IResult> Versions(string policy, HttpContext context, ILedger ledger, CurrentGuard guard)
    {
        Inputs.OnlyQuery(context);
        var asOf = ledger.Read.AsOf;
        Standing(guard, policy);
        return Answer.Ok(
            new GuardPolicyListBody(await VersionsAsync(ledger, policy, context.RequestAborted), asOf), GuardJson.Default.GuardPolicyListBody);
    }

    /// <summary>Every version of a policy, oldest first.</summary>
    public static async Task<IReadOnlyList<GuardPolicy>> VersionsAsync(ILedger ledger, string policy, CancellationToken cancellationToken)
    {
        var versions = new List<GuardPolicy>();
        await foreach (var row in ledger.Read.AllRecordsAsync(RecordKind.GuardChange, "", Prefix(policy), cancellationToken))
        {
            versions.Add(GuardPolicy.Parse(row.Body));
        }

        return versions;
    }

    private static async Task<IResult> Set(HttpContext context, ILedger ledger, CurrentGuard guard, TimeProvider time)
    {
        var body = await Inputs.BodyAsync(context, GuardJson.Default.SetGuardPolicyBody);
        if (!ActionPattern.IsAction(body.Name) || body.Name.Length > NameMax)
        {
            throw new ApiRefusedException(
                ApiError.GuardPolicyInvalid, $"'{Inputs.Shown(body.Name)}' is not the name of a policy: use 1 to {NameMax} of a–z, 0–9, _, - and dots.");
        }

        var standing = guard.Terms.Policies.FirstOrDefault(policy => policy.Name == body.Name);
        var next = new GuardPolicy(
            body.Name, body.Actions, body.Irreversible, body.Mode, body.SingleUse, Inputs.Reason(body.Reason), standing?.Version ?? 0, standing?.SetBy ?? "",
            standing?.SetAt ?? default);
        return await StoreAsync(context, ledger, guard, time, standing, next);
    }

    private static async Task<IResult> Promote(string policy, HttpContext context, ILedger ledger, CurrentGuard guard, TimeProvider time)
    {
        var body = await Inputs.BodyAsync(context, GuardJson.Default.PromoteGuardPolicyBody);
        var standing = Standing(guard, policy);
        if (standing.Version != body.Version)
        {
            throw new ApiRefusedException(
                ApiError.GuardPolicyChanged,
                $"The policy '{policy}' is at version {standing.Version}, not {body.Version}. Look at its hits again, then promote it.");
        }

        return await StoreAsync(context, ledger, guard, time, standing, standing with { Mode = GuardMode.Enforce, Reason = Inputs.Reason(body.Reason) });
    }

    /// <param name="next">As it is to be, with the version that stands.</param>
    private static async Task<IResult> StoreAsync(
        HttpContext context, ILedger ledger, CurrentGuard guard, TimeProvider time, GuardPolicy? standing, GuardPolicy next)
    {
        if (next.Flaw(guard.Terms.Policies) is { } flaw) throw new ApiRefusedException(ApiError.GuardPolicyInvalid, GuardWords.Detail(flaw, next));
        var call = AdminCalls.Of(context);
        if (next == standing)
        {
            call.MarkRecorded("Nothing changes.");
            return Answer.Ok(standing, GuardJson.Default.GuardPolicy);
        }

        var set = next with { Version = next.Version + 1, SetBy = call.Actor.Id, SetAt = time.GetUtcNow() };
        var json = set.ToJson();

        // The version is a name that can be taken once: of two people who change the same version, one is refused.
        var version = new Command.AddRecord(
            RecordKind.GuardChange, "", Prefix(set.Name) + set.Version.ToString("D6", CultureInfo.InvariantCulture), json, Once: true)
        {
            Announcement = new(new RecordMessage($"guard/policy/{set.Name}/{set.Version}", "guard.policy_set")),
        };
        var outcome = await ledger.ActAsync(
            new Command.Together("", [version, new Command.Record(SettingKind.GuardPolicy, "", set.Name, json, Once: false)]), call);
        if (outcome is Outcome.Refused { Reason: Refusal.IdReused })
        {
            throw new ApiRefusedException(
                ApiError.GuardPolicyChanged, $"Version {set.Version} of the policy '{set.Name}' was set a moment ago. Look at it, then set yours.");
        }

        outcome.OrThrow();
        return Answer.Made(standing is null, set, GuardJson.Default.GuardPolicy);
    }

    private static string Prefix(string policy) => $"policy/{policy}/";
}
