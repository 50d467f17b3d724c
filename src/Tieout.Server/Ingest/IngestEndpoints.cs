using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Tieout.Core.Attribution;
using Tieout.Core.Tenancy;
using Tieout.Server.Attribution.Contracts;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Ledger;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Ingest;

/// <summary>Where usage measured elsewhere comes in: plain records, CloudEvents, OTLP traces; and calls of tools.</summary>
internal static class IngestEndpoints
{
    public static void AddIngest(this IServiceCollection services)
    {
        services.AddSingleton<ItemIdentities>();
        services.TryAddSingleton<CurrentContracts>();
        services.AddSingleton<Intake>();
        services.AddSingleton<ToolCallIntake>();
    }

    public static void MapIngest(this IEndpointRouteBuilder routes)
    {
        var services = routes.ServiceProvider;
        var door = new Door(
            services.GetRequiredService<Intake>(),
            services.GetRequiredService<ToolCallIntake>(),
            services.GetRequiredService<ILedger>(),
            services.GetRequiredService<ServerOptions>().Gateway.BodyBytesMax);
        var api = routes.MapGroup(ApiPath.Root).AddEndpointFilter<RouteGroupBuilder, ApiErrorFilter>()
            .AddEndpointFilter<RouteGroupBuilder, ProposalFilter>().AddEndpointFilter<RouteGroupBuilder, AuditedCalls>();
        api.MapPost("/usage", (Delegate)((HttpContext context) => UsageAsync(context, door))).Allow(Access.Tenant(KeyScope.UsageWrite).OrRoles());
        api.MapPost("/events", (Delegate)((HttpContext context) => EventsAsync(context, door))).Allow(Access.Tenant(KeyScope.UsageWrite).OrRoles());
        api.MapPost("/tool-calls", (Delegate)((HttpContext context) => ToolCallsAsync(context, door))).Allow(
            Access.Tenant(KeyScope.UsageWrite).OrRoles());
        routes.MapPost("/v1/traces", (RequestDelegate)new OtlpEndpoint(door).AnswerAsync).Allow(
            Access.Tenant(KeyScope.UsageWrite).OrRoles(), OtlpProtocol.Instance);
    }

    private static async Task<IResult> UsageAsync(HttpContext context, Door door)
    {
        Inputs.OnlyQuery(context, "items");
        List<UsageItem> items;
        using (var body = await IngestRequest.ReadAsync(context, door.BytesMax)) items = PlainUsage.Read(body.Span);
        return await AnswerAsync(context, door, items, isSingle: false);
    }

    private static async Task<IResult> EventsAsync(HttpContext context, Door door)
    {
        Inputs.OnlyQuery(context, "items");
        List<UsageItem> items;
        var isSingle = true;
        var org = Caller.Of(context).Org;
        using (var body = await IngestRequest.ReadAsync(context, door.BytesMax))
        {
            var headers = context.Request.Headers;
            items = CloudEvents.IsBinary(headers) ? CloudEvents.ReadBinary(headers, body.Span, org) : CloudEvents.Read(body.Span, org, out isSingle);
        }

        return await AnswerAsync(context, door, items, isSingle);
    }

    private static async Task<IResult> ToolCallsAsync(HttpContext context, Door door)
    {
        Inputs.OnlyQuery(context, "items");
        List<UsageItem> items;
        using (var body = await IngestRequest.ReadAsync(context, door.BytesMax)) items = ToolCallItems.Read(body.Span);
        var all = IsAllAsked(context);
        var caller = Caller.Of(context);
        return AnswerOf(await door.ToolCalls.TakeAsync(items, "api", caller, AuditOf(context, caller, door), context.RequestAborted), all);
    }

    /// <param name="isSingle">One event alone: what is wrong with it is the answer's own status, for senders that look at nothing else.</param>
    private static async Task<IResult> AnswerAsync(HttpContext context, Door door, List<UsageItem> items, bool isSingle)
    {
        var (all, caller) = (IsAllAsked(context), Caller.Of(context));
        var outcomes = await door.Intake.TakeAsync(items, caller, EnvelopeOf(context), context.RequestAborted, AuditOf(context, caller, door));
        if (isSingle && outcomes[0] is { Status: not ItemStatus.Quarantined, Why: { } why }) throw new ApiRefusedException(why.Error, why.Detail);
        return AnswerOf(outcomes, all);
    }

    private static bool IsAllAsked(HttpContext context) => Inputs.Query(context, "items") switch
    {
        null => false,
        "all" => true,
        var other => throw new ApiRefusedException(ApiError.ParameterInvalid, $"items may be 'all', not '{Inputs.Shown(other)}'."),
    };

    /// <summary>How a call of the platform's people is recorded; null: the call is a tenant's.</summary>
    public static IngestAudit? AuditOf(HttpContext context, Caller caller, Door door) =>
        caller.IsPlatform ? new IngestAudit(door.Ledger, AdminCalls.Of(context)) : null;

    private static IResult AnswerOf(IReadOnlyList<ItemOutcome> outcomes, bool all)
    {
        var listed = outcomes.Where(outcome => all || outcome.Status is not ItemStatus.Accepted)
            .Select(outcome => new IngestItemBody(outcome.Item.Index, outcome.Item.Id is { } id ? Inputs.Shown(id) : null, Name(outcome.Status),
                outcome.Usage?.ToString(), outcome.Why?.Error.Code, outcome.Why?.Detail));
        var body = new IngestBody(
            Count(ItemStatus.Accepted), Count(ItemStatus.Replayed), Count(ItemStatus.Conflict), Count(ItemStatus.Refused), Count(ItemStatus.Quarantined),
            [.. listed]);
        return Answer.Ok(body, IngestJson.Default.IngestBody);

        int Count(ItemStatus status) => outcomes.Count(outcome => outcome.Status == status);
    }

    /// <summary>The envelope for all items that bear none of their own.</summary>
    /// <exception cref="ApiRefusedException">There are two.</exception>
    public static string? EnvelopeOf(HttpContext context) => context.Request.Headers[Envelope.Header] switch
    {
        [] => null,
        [var only] => only,
        _ => throw new ApiRefusedException(ApiError.EnvelopeRefused, "Send one envelope: the request has two Tieout-Envelope headers."),
    };

    private static string Name(ItemStatus status) => status switch
    {
        ItemStatus.Accepted => "accepted",
        ItemStatus.Replayed => "replayed",
        ItemStatus.Conflict => "conflict",
        ItemStatus.Quarantined => "quarantined",
        _ => "refused",
    };
}

/// <summary>What all addresses need.</summary>
/// <param name="BytesMax">Of an unpacked body.</param>
internal sealed record Door(Intake Intake, ToolCallIntake ToolCalls, ILedger Ledger, long BytesMax);
