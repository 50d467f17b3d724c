using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core.Guard;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Guard;

/// <param name="Actions">An action such as <c>volume.delete</c>, or <c>volume.*</c>.</param>
/// <param name="ExpiresInSeconds">From 60 to 28800.</param>
/// <param name="Org">Only resources of this org; null: of any.</param>
/// <param name="Resource">Only the resource with this id; null: any.</param>
/// <param name="NeedsApproval">It is in force when another person has approved it.</param>
public sealed record NewGuardOverrideBody(
    string Actions, string Reason, int ExpiresInSeconds, string? Org = null, string? Resource = null, bool NeedsApproval = false);

public sealed record GuardOverrideBody(
    string Id, string State, string Actions, string? Org, string? Resource, string Reason, string By, DateTimeOffset From, DateTimeOffset Until,
    bool NeedsApproval, string? ApprovedBy, DateTimeOffset? EndedAt, string? EndedBy)
{
    internal static GuardOverrideBody Of(GuardOverride o, DateTimeOffset now) => new(
        o.Id, SnakeCase.Of(o.StateAt(now)), o.Actions, o.Org, o.Resource, o.Reason, o.By, o.From, o.Until, o.NeedsApproval, o.ApprovedBy, o.EndedAt, o.EndedBy);
}

public sealed record GuardOverrideListBody(IReadOnlyList<GuardOverrideBody> Items, long AsOf);

/// <summary>Overrides (break-glass): asked for with a reason, listed, told through the outbox, and over by themselves.</summary>
internal static class GuardOverrideEndpoints
{
    private const int SecondsMin = 60;

    public static void MapGuardOverrides(this IEndpointRouteBuilder api)
    {
        api.MapGet("/guard/overrides", List).Allow(Access.EveryRole);
        api.MapPost("/guard/overrides", Open).Allow(Access.Roles(AdminRole.Operator));
        api.MapPost("/guard/overrides/{id}/approve", Approve).Allow(Access.Roles(AdminRole.Operator));
        api.MapPost("/guard/overrides/{id}/end", End).Allow(Access.Roles(AdminRole.Operator));
    }

    private static IResult List(HttpContext context, ILedger ledger, CurrentGuard guard, TimeProvider time)
    {
        Inputs.OnlyQuery(context);
        var (asOf, now) = (ledger.Read.AsOf, time.GetUtcNow());
        var items = guard.Terms.Overrides.OrderByDescending(item => item.From).ThenBy(item => item.Id, StringComparer.Ordinal);
        return Answer.Ok(new GuardOverrideListBody([.. items.Select(item => GuardOverrideBody.Of(item, now))], asOf), GuardJson.Default.GuardOverrideListBody);
    }

    private static async Task<IResult> Open(HttpContext context, ILedger ledger, TimeProvider time)
    {
        var body = await Inputs.BodyAsync(context, GuardJson.Default.NewGuardOverrideBody);
        if (ActionPattern.TryParse(body.Actions) is null)
        {
            throw new ApiRefusedException(
                ApiError.GuardOverrideInvalid,
                $"'{Inputs.Shown(body.Actions)}' is not a pattern of actions: write volume.delete, or volume.* for all below it.");
        }

        var max = (int)GuardOverride.LifetimeMax.TotalSeconds;
        if (body.ExpiresInSeconds < SecondsMin || body.ExpiresInSeconds > max)
        {
            throw new ApiRefusedException(ApiError.GuardOverrideInvalid, $"expires_in_seconds must be from {SecondsMin} to {max}: an override is short.");
        }

        if (body.Org is { } org) Inputs.Org(ledger, org);
        if (body.Resource is { } resource) Inputs.Name(resource, "resource");
        var (call, now) = (AdminCalls.Of(context), time.GetUtcNow());
        var opened = new GuardOverride(
            "ov_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)), body.Actions, body.Org, body.Resource, Inputs.Reason(body.Reason),
            call.Actor.Id, Caller.Of(context).Person, now, now.AddSeconds(body.ExpiresInSeconds), body.NeedsApproval);
        return await StoreAsync(ledger, call, opened, "opened", now, isNew: true);
    }

    private static async Task<IResult> Approve(string id, HttpContext context, ILedger ledger, CurrentGuard guard, TimeProvider time)
    {
        var (standing, now, call) = (Standing(guard, id), time.GetUtcNow(), AdminCalls.Of(context));
        if (standing.StateAt(now) is not GuardOverrideState.Waiting)
        {
            throw new ApiRefusedException(
                ApiError.GuardOverrideState, $"The override {standing.Id} is {SnakeCase.Of(standing.StateAt(now))}; only one that is waiting can be approved.");
        }

        if (Caller.Of(context).Person == standing.Person)
        {
            throw new ApiRefusedException(ApiError.GuardOverrideState, "You asked for this override. Another person must approve it.");
        }

        return await StoreAsync(ledger, call, standing with { ApprovedBy = call.Actor.Id }, "approved", now, isNew: false);
    }

    private static async Task<IResult> End(string id, HttpContext context, ILedger ledger, CurrentGuard guard, TimeProvider time)
    {
        var (standing, now, call) = (Standing(guard, id), time.GetUtcNow(), AdminCalls.Of(context));
        if (standing.StateAt(now) is GuardOverrideState.Ended or GuardOverrideState.Expired)
        {
            call.MarkRecorded("It is over already.");
            return Answer.Ok(GuardOverrideBody.Of(standing, now), GuardJson.Default.GuardOverrideBody);
        }

        return await StoreAsync(ledger, call, standing with { EndedAt = now, EndedBy = call.Actor.Id }, "ended", now, isNew: false);
    }

    private static GuardOverride Standing(CurrentGuard guard, string id) =>
        guard.Terms.Overrides.FirstOrDefault(item => item.Id == id)
        ?? throw new ApiRefusedException(ApiError.GuardOverrideNotFound, $"The override '{Inputs.Shown(id)}' does not exist.");

    /// <param name="step">Happens once to an override.</param>
    private static async Task<IResult> StoreAsync(ILedger ledger, AdminCall call, GuardOverride next, string step, DateTimeOffset now, bool isNew)
    {
        var json = next.ToJson();
        var change = new Command.AddRecord(RecordKind.GuardChange, "", $"override/{next.Id}/{step}", json, Once: true)
        {
            Announcement = new(new RecordMessage($"guard/override/{next.Id}/{step}", $"guard.override_{step}")),
        };
        (await ledger.ActAsync(
            new Command.Together("", [change, new Command.Record(SettingKind.GuardOverride, "", next.Id, json, Once: false)]), call)).OrThrow();
        return Answer.Made(isNew, GuardOverrideBody.Of(next, now), GuardJson.Default.GuardOverrideBody);
    }
}
