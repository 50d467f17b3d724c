using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core;
using Tieout.Core.Spike;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Mitigations;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Spike.Mitigations;

/// <summary>Mitigations of an org: seen, tried on past requests, set, removed. Every version is kept.</summary>
internal static class MitigationEndpoints
{
    private const int HoursDefault = 24, HoursMax = 7 * 24;

    public static void MapMitigations(this IEndpointRouteBuilder api)
    {
        api.MapGet("/orgs/{org}/mitigations", List).Allow(Access.EveryRole);
        api.MapGet("/orgs/{org}/mitigations/{id}", One).Allow(Access.EveryRole);
        api.MapGet("/orgs/{org}/mitigations/{id}/effect", Effect).Allow(Access.EveryRole);
        api.MapPut("/orgs/{org}/mitigations/{id}", Set).Allow(Access.Roles(AdminRole.Operator));
        api.MapDelete("/orgs/{org}/mitigations/{id}", Remove).Allow(Access.Roles(AdminRole.Operator))
            .Irreversible("tieout.mitigation.remove", "mitigation", "id");
        api.MapPost("/orgs/{org}/mitigation-previews", Preview).Allow(Access.EveryRole);
        api.MapGet("/orgs/{org}/mitigation-suggestions", Suggest).Allow(Access.EveryRole);
    }

    private static IResult List(string org, HttpContext context, ILedger ledger, CurrentMitigations current, TimeProvider time)
    {
        Inputs.OnlyQuery(context);
        var (asOf, state, now) = (ledger.Read.AsOf, Inputs.Org(ledger, org), time.GetUtcNow());
        var items = current.Get().All.Where(each => each.Org == state.Org.Id).OrderByDescending(each => each.SetAt)
            .ThenBy(each => each.Id, StringComparer.Ordinal);
        return Answer.Ok(
            new MitigationListBody(state.Org.Id, [.. items.Select(each => MitigationBody.Of(each, now))], asOf), MitigationJson.Default.MitigationListBody);
    }

    private static IResult One(string org, string id, HttpContext context, ILedger ledger, MitigationChanges changes, TimeProvider time)
    {
        Inputs.OnlyQuery(context);
        return Answer.Ok(MitigationBody.Of(Standing(changes, Inputs.Org(ledger, org).Org.Id, id), time.GetUtcNow()), MitigationJson.Default.MitigationBody);
    }

    private static async Task<IResult> Effect(
        string org, string id, HttpContext context, ILedger ledger, MitigationChanges changes, MitigationEffectReport report, TimeProvider time)
    {
        Inputs.OnlyQuery(context);
        var state = Inputs.Org(ledger, org);
        return Answer.Ok(
            await report.OfAsync(state, Standing(changes, state.Org.Id, id), Instant.From(time.GetUtcNow()), context.RequestAborted),
            MitigationJson.Default.MitigationEffectBody);
    }

    private static async Task<IResult> Set(string org, string id, HttpContext context, ILedger ledger, MitigationChanges changes, TimeProvider time)
    {
        var body = await Inputs.BodyAsync(context, MitigationJson.Default.SetMitigationBody);
        var (state, call) = (Inputs.Org(ledger, org), AdminCalls.Of(context));
        var next = changes.Read(state, id, body, call.Actor.Id);
        await changes.SetAsync(state, next, call);
        return Answer.Made(next.Version == 1, MitigationBody.Of(next, time.GetUtcNow()), MitigationJson.Default.MitigationBody);
    }

    private static async Task<IResult> Remove(string org, string id, HttpContext context, ILedger ledger, MitigationChanges changes, TimeProvider time)
    {
        Inputs.OnlyQuery(context);
        var (standing, call) = (Standing(changes, Inputs.Org(ledger, org).Org.Id, id), AdminCalls.Of(context));
        if (standing.EndedAt is null) standing = await changes.RemoveAsync(standing, call);
        else call.MarkRecorded("It is over already.");
        return Answer.Ok(MitigationBody.Of(standing, time.GetUtcNow()), MitigationJson.Default.MitigationBody);
    }

    private static async Task<IResult> Preview(
        string org, HttpContext context, ILedger ledger, MitigationChanges changes, MitigationPreview preview, TimeProvider time)
    {
        Inputs.OnlyQuery(context, "since");
        var body = await Inputs.BodyAsync(context, MitigationJson.Default.SetMitigationBody);
        var (state, call) = (Inputs.Org(ledger, org), AdminCalls.Of(context));
        var mitigation = changes.Read(state, "preview", body, call.Actor.Id);
        call.MarkRecorded("A preview changes nothing.");
        var to = Instant.From(time.GetUtcNow());
        return Answer.Ok(
            await preview.OfAsync(state, mitigation, to - Since(context), to, context.RequestAborted),
            MitigationJson.Default.MitigationPreviewBody);
    }

    private static async Task<IResult> Suggest(
        string org, HttpContext context, ILedger ledger, MitigationSuggestions suggestions, TimeProvider time)
    {
        Inputs.OnlyQuery(context);
        return Answer.Ok(
            await suggestions.OfAsync(Inputs.Org(ledger, org), Instant.From(time.GetUtcNow()), context.RequestAborted),
            MitigationJson.Default.MitigationSuggestionsBody);
    }

    /// <summary>How far a preview looks back; <c>?since=</c>.</summary>
    private static TimeSpan Since(HttpContext context)
    {
        if (Inputs.Query(context, "since") is not { } text) return TimeSpan.FromHours(HoursDefault);
        var factor = text.EndsWith('d') ? 24 : text.EndsWith('h') ? 1 : 0;
        if (factor > 0 && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && count is > 0 and <= HoursMax && count * factor <= HoursMax)
        {
            return TimeSpan.FromHours(count * factor);
        }

        throw new ApiRefusedException(
            ApiError.ParameterInvalid, $"'{Inputs.Shown(text)}' is not a length of time for 'since': write hours or days, for example 24h or 7d, up to 7d.");
    }

    private static Mitigation Standing(MitigationChanges changes, string org, string id) =>
        changes.Find(org, id) ?? throw new ApiRefusedException(ApiError.MitigationNotFound, $"The mitigation '{Inputs.Shown(id)}' does not exist.");
}
