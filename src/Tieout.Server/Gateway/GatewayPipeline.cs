using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.Limits;
using Tieout.Server.Gateway.References;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Telemetry;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Gateway;

/// <summary>One request through the gateway, in the ten steps of the design. Each step's rules are in a file of its own; what an API has of its own is its endpoint's.</summary>
internal sealed partial class GatewayPipeline(
    ServerOptions options, ILedger ledger, CurrentKeys keys, Identities identities, CurrentRoutes currentRoutes, RateLimits limits, Lineages lineages,
    SettlementSpool spool, StoredResponses stored, ReferenceGate references, RefusalNews refusals, OutageLog outages, ILogger<GatewayPipeline> logger)
{
    public async Task AnswerAsync(HttpContext context, Dialects.Endpoint endpoint)
    {
        // 1. Identify: key, org, tags. An envelope that came in is verified here, and outranks the headers.
        if (GatewayCaller.Read(context, keys.Get(), identities, out var caller) is { } stranger)
        {
            await endpoint.Dialect.RefuseAsync(context, stranger);
            return;
        }

        if (endpoint.Query.Read(context.Request.QueryString, out var query) is { } unknown)
        {
            await endpoint.Dialect.RefuseAsync(context, unknown);
            return;
        }

        var routes = currentRoutes.Get();
        var rules = endpoint.IsFree ? routes.FreeLimits : routes.Options.Limits;
        if (limits.Peek(rules, caller!.Spender.Key) is { } full)
        {
            await RefuseAsync(context, endpoint.Dialect, full);
            return;
        }

        using var body = await RequestBody.ReadAsync(context);
        var (malformed, request) = await endpoint.ReadAsync(context.Request, body.Memory);
        if (malformed is not null)
        {
            await endpoint.Dialect.RefuseAsync(context, malformed);
            return;
        }

        if ((caller.Spender.Refusal(endpoint.Scope, request!.Model) ?? caller.Spender.RefuseUser(request.User)) is { } notAllowed)
        {
            await endpoint.Dialect.RefuseAsync(context, notAllowed);
            return;
        }

        if (RouteOf(routes, request!, endpoint.Dialect, out var route) is { } nowhere)
        {
            await endpoint.Dialect.RefuseAsync(context, nowhere);
            return;
        }

        // 2. Guard rails: limits. (The mitigations in force stand here too.)
        using var permit = limits.Enter(rules, caller.Spender.Key, request!.Model, UsageMeter.Tokens(request.TextBytes) + (request.OutputTokensMax ?? 0));
        permit.WriteTo(context.Response.Headers, endpoint.Dialect, options.Time);
        if (permit.Refusal is { } tooMuch)
        {
            await endpoint.Dialect.RefuseAsync(context, tooMuch);
            return;
        }

        // What it names at a provider must be the org's own, and it goes only where that is.
        var (foreign, binding) = await BindAsync(caller, endpoint, routes, route!, request, body, context.RequestAborted);
        if (foreign is not null)
        {
            await endpoint.Dialect.RefuseAsync(context, foreign);
            return;
        }

        // 3 to 10, for each attempt; what is free has none.
        var call = new GatewayCall(context, endpoint, caller, request, body, routes, permit, binding, query);
        if (endpoint.IsFree) await PassFreeAsync(call, route!.First(endpoint.Dialect.Spoken, binding)!);
        else await AnswerAsync(call, route!);
    }

    private Task RefuseAsync(HttpContext context, Dialect dialect, Permit full)
    {
        full.WriteTo(context.Response.Headers, dialect, options.Time);
        return dialect.RefuseAsync(context, full.Refusal!);
    }

    private static GatewayRefusal? RouteOf(Routes routes, GatewayRequest request, Dialect dialect, out Route? route)
    {
        route = routes.Find(request.Model);
        if (route is null) return NotOffered(request.Model);
        return route.Speaks(dialect.Spoken) ? null : OtherDialect(request.Model, route.Stages[0][0]);
    }

    private async ValueTask<(GatewayRefusal? Refused, UpstreamBinding Binding)> BindAsync(
        GatewayCaller caller, Dialects.Endpoint endpoint, Routes routes, Route route, GatewayRequest request, RequestBody body, CancellationToken cancellationToken)
    {
        if (endpoint.ReadReferences(body.Span, out var named) is { } malformed) return (malformed, default);
        if (ReferenceEquals(named, RequestReferences.None) && !ReferenceGate.Concerns(routes, request.Model)) return default;
        var spoken = endpoint.Dialect.Spoken;
        var (refused, binding) = await references.CheckAsync(caller, routes, spoken, endpoint.Scope, request.Model, named, cancellationToken);
        if (refused is null && route.First(spoken, binding) is null) refused = new(ApiError.ParameterInvalid, $"The model '{request.Model}' is not served by the provider that has what the request names.", "model");
        return (refused, binding);
    }

    private async Task PassWholeOnAsync(
        GatewayCall call, GatewayAttempt attempt, UpstreamAnswer answer, UsageMeter meter, AttemptDeadline deadline, Figures held)
    {
        using var whole = await WholeAnswer.ReadAsync(answer, deadline);
        var reader = call.Endpoint.Reader(call.Request, meter);
        reader.Whole(whole.Bytes.Span);
        var kept = stored.Keep(attempt, call.Request.TextBytes, reader);
        if (reader.IsPending && whole.IsWhole)
        {
            // Its usage comes later; that it is to come must outlast us before the client knows its name.
            if (kept.Count > 0 && !await KeepAsync(call, kept)) return;
            AnswerHeaders.Stand(call.Context.Response.Headers, held);
            await WriteAsync(call.Context, answer, whole.Bytes);
            return;
        }

        if (await SettleAsync(call, attempt, (int)answer.StatusCode, meter.Finish(whole.IsWhole || whole.IsCoded, deadline.IsForNobody && !whole.IsWhole), kept) is not { } figures) return;
        AnswerHeaders.Settled(call.Context.Response.Headers, figures);
        if (whole.IsWhole) await WriteAsync(call.Context, answer, whole.Bytes);
        else await call.RefuseAsync(deadline.IsOver ? ApiError.UpstreamTimeout : ApiError.UpstreamFailed, "The provider's answer ended early. Its usage is recorded.");
    }

    private async Task PassStreamOnAsync(
        GatewayCall call, GatewayAttempt attempt, UpstreamAnswer answer, UsageMeter meter, AttemptDeadline deadline, Figures held)
    {
        var response = call.Context.Response;
        response.StatusCode = (int)answer.StatusCode;
        AnswerHeaders.PassOn(answer, response.Headers);
        AnswerHeaders.Stand(response.Headers, held);
        response.Headers.CacheControl = "no-cache";
        var reader = call.Endpoint.Reader(call.Request, meter);
        var stream = new AnswerStream(call.Context, reader, deadline, call.Routes.Options.Gateway, IsArray(call, answer));
        var whole = await stream.RelayAsync(answer.OpenBody());
        var kept = stored.Keep(attempt, call.Request.TextBytes, reader);
        var settled = await SettleAsync(call, attempt, (int)answer.StatusCode, meter.Finish(whole, deadline.IsForNobody && !whole), kept);
        if (settled is not null && whole) await stream.FinishAsync();
        else if (stream.HasStarted) call.Context.Abort();
        else if (settled is not null) await call.RefuseAsync(deadline.IsOver ? ApiError.UpstreamTimeout : ApiError.UpstreamFailed);
    }

    /// <summary>Step 9. The usage is durable before the last byte goes out (M4), with that of calls within the call and with whose the answer is.</summary>
    /// <param name="kept">What the provider keeps of the answer; null: nothing.</param>
    /// <returns>How things stand; null: it is not durable, and the client has been told so unless its answer had begun.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Figures?> SettleAsync(GatewayCall call, GatewayAttempt attempt, int status, MeteredUsage used, IReadOnlyList<Command.KeepObject>? kept = null)
    {
        var settle = attempt.Settle(status, used, call.Routes.Options.Gateway.Claims);
        var outcomes = await spool.FinishAsync(kept is null or [] ? [settle] : [settle, .. kept]);
        if (outcomes?.Count > 1) LogNotKept(kept!, outcomes.Skip(1));
        if (await StandingAsync(call, attempt.Id, outcomes?[0]) is not { } figures) return null;
        call.Permit.Used(used.Counts.InputTokens + used.Counts.OutputTokens);
        call.Spent += figures.Charge;
        return figures with { Charge = call.Spent };
    }

    /// <summary>Whose an answer is that is still being worked at.</summary>
    private async Task<bool> KeepAsync(GatewayCall call, IReadOnlyList<Command.KeepObject> kept)
    {
        if (await spool.FinishAsync([.. kept]) is { } outcomes)
        {
            LogNotKept(kept, outcomes);
            return true;
        }

        await call.RefuseAsync(ApiError.StoreUnavailable, "The answer could not be recorded yet, so it is not given.");
        return false;
    }

    /// <summary>A conversation or container that the org has from an earlier answer stays as it was recorded then.</summary>
    private void LogNotKept(IReadOnlyList<Command.KeepObject> kept, IEnumerable<Outcome> outcomes)
    {
        foreach (var (command, outcome) in kept.Zip(outcomes))
        {
            if (outcome is Outcome.Refused refused && !(refused.Reason is Refusal.IdReused && command.Object.Kind is not ObjectKind.Response)) LogNotKept(command.Object.Id, refused.Reason);
        }
    }

    private async ValueTask<Figures?> StandingAsync(GatewayCall call, AttemptId attempt, Outcome? outcome)
    {
        switch (outcome)
        {
            case Outcome.Done done: return done.Figures;
            case Outcome.Replayed done: return done.Figures;
            case Outcome.Refused refused:
                LogNotSettled(attempt.ToString(), refused.Reason);
                if (!call.Context.Response.HasStarted) await call.RefuseAsync(refused.Reason is Refusal.CommandQuarantined ? ApiError.CommandQuarantined : ApiError.Internal);
                return null;
            default:
                if (!call.Context.Response.HasStarted) await call.RefuseAsync(ApiError.StoreUnavailable, "The answer's usage could not be recorded yet, so the answer is not given.");
                return null;
        }
    }

    public static async Task WriteAsync(HttpContext context, UpstreamAnswer answer, ReadOnlyMemory<byte> bytes)
    {
        context.Response.StatusCode = (int)answer.StatusCode;
        AnswerHeaders.PassOn(answer, context.Response.Headers);
        if (answer.StatusCode is HttpStatusCode.NoContent or HttpStatusCode.ResetContent) return;
        context.Response.ContentLength = bytes.Length;
        if (!context.RequestAborted.IsCancellationRequested) await context.Response.BodyWriter.WriteAsync(bytes, context.RequestAborted);
    }

    private static GatewayRefusal NotOffered(string model) => new(ApiError.ModelNotFound, $"The model '{model}' does not exist here.", "model");

    private static GatewayRefusal OtherDialect(string model, Target target)
    {
        var spoken = Dialect.For(target.Upstream.Options.Dialect).Name;
        return new(ApiError.ParameterInvalid, $"The model '{model}' is served in the dialect '{spoken}' only: ask for it at an address of that dialect.", "model");
    }

    private static bool IsStream(HttpContentHeaders headers) =>
        !WholeAnswer.IsCodedBy(headers) && string.Equals(headers.ContentType?.MediaType, "text/event-stream", StringComparison.OrdinalIgnoreCase);

    /// <summary>Google's other way to stream: one array, element by element.</summary>
    private static bool IsArray(GatewayCall call, UpstreamAnswer answer) =>
        call.Request.Stream && call.Endpoint.StreamsArrays && answer.ContentHeaders.ContentType?.MediaType == "application/json";

    [LoggerMessage(EventId = LogEvents.ProviderUnreachable, Level = LogLevel.Warning, Message = "The provider {Provider} cannot be reached: {Reason}")]
    private partial void LogUnreachable(string provider, string reason);

    [LoggerMessage(EventId = LogEvents.ProviderGaveNoAnswer, Level = LogLevel.Warning, Message = "The provider {Provider} gave no answer: {Reason}")]
    private partial void LogNoAnswer(string provider, string reason);

    [LoggerMessage(EventId = LogEvents.UsageNotSettled, Level = LogLevel.Error, Message = "The settlement of {UsageId} was refused: {Refusal}")]
    private partial void LogNotSettled(string usageId, Refusal refusal);

    [LoggerMessage(EventId = LogEvents.ResponseNotRecorded, Level = LogLevel.Error, Message = "The owner of the response {Response} could not be recorded: {Refusal}. Clients cannot read it again")]
    private partial void LogNotKept(string response, Refusal refusal);
}
