using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Outbox;

/// <summary>What became of messages, and another try for the dead.</summary>
internal static class OutboxEndpoints
{
    private const int ReplayMax = 10_000;

    public static void MapOutbox(this IEndpointRouteBuilder api)
    {
        api.MapGet("/outbox", List).Allow(Access.EveryRole);
        api.MapPost("/outbox/replay", Replay).Allow(Access.Roles(AdminRole.Operator));
    }

    private static async Task<IResult> List(HttpContext context, ILedger ledger, TimeProvider time)
    {
        Inputs.OnlyQuery(context, "org", "endpoint", "message", "state", "limit");
        var state = Inputs.Query(context, "state") is { } text ? State(text) : (DeliveryState?)null;
        var items = await ledger.Deliveries.ListAsync(Filter(context) with { State = state, Limit = Inputs.Limit(context) }, context.RequestAborted);
        var health = await ledger.Deliveries.HealthAsync(context.RequestAborted);
        return Answer.Ok(
            new DeliveryListBody([.. items.Select(DeliveryBody.Of)], health.Waiting, Age(health, time), health.Dead), OutboxJson.Default.DeliveryListBody);
    }

    private static async Task<IResult> Replay(HttpContext context, ILedger ledger)
    {
        Inputs.OnlyQuery(context, "org", "endpoint", "message");
        var filter = Filter(context) with { Limit = ReplayMax };
        await ledger.RecordActionAsync(AdminCalls.Of(context), filter.Org ?? "", new() { ["endpoint"] = filter.Endpoint, ["message"] = filter.MessageId });
        return Answer.Ok(new ReplayedBody(await ledger.Deliveries.ReplayAsync(filter, context.RequestAborted)), OutboxJson.Default.ReplayedBody);
    }

    /// <summary>In whole seconds.</summary>
    public static long? Age(DeliveriesHealth health, TimeProvider time) =>
        health.OldestWaiting is { } oldest ? Math.Max(0, (Instant.From(time.GetUtcNow()).UnixMicros - oldest.UnixMicros) / 1_000_000) : null;

    private static DeliveryFilter Filter(HttpContext context) =>
        new(Inputs.Query(context, "org"), Inputs.Query(context, "endpoint"), Inputs.Query(context, "message"));

    private static DeliveryState State(string text) =>
        Enum.GetValues<DeliveryState>().Where(state => SnakeCase.Of(state) == text).Select(state => (DeliveryState?)state).FirstOrDefault()
        ?? throw new ApiRefusedException(ApiError.ParameterInvalid,
            string.Create(CultureInfo.InvariantCulture, $"'{Inputs.Shown(text)}' is not a state: it is waiting, delivered, dead or dropped."));
}
