using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Gateway;

/// <summary>One request through the gateway, in the ten steps of the design. Each step's rules are in a file of its own; what an API has of its own is its endpoint's.</summary>
internal sealed partial class GatewayPipeline(
    ServerOptions options, ILedger ledger, CurrentKeys keys, Routes routes, MemorySpool spool, StoredResponses stored, ILogger<GatewayPipeline> logger)
{
    /// <summary>A hold outlives the longest attempt by this, so that only a dead gateway's holds expire.</summary>
    private static readonly TimeSpan HoldMargin = TimeSpan.FromMinutes(1);

    /// <summary>How long a provider may work at what nobody waits for.</summary>
    private static readonly TimeSpan BackgroundMax = TimeSpan.FromHours(24);

    public async Task AnswerAsync(HttpContext context, Dialects.Endpoint endpoint)
    {
        // 1. Identify: key, org, tags. (An envelope that came in is verified here, and outranks the headers.)
        if (Caller.Identify(context, endpoint.Dialect, keys.Get(), out var caller) is { } stranger)
        {
            await endpoint.Dialect.RefuseAsync(context, stranger);
            return;
        }

        using var body = await RequestBody.ReadAsync(context);
        if (endpoint.Read(context.Request, body.Span, out var request) is { } malformed)
        {
            await endpoint.Dialect.RefuseAsync(context, malformed);
            return;
        }

        var call = new GatewayCall(context, endpoint, caller!, request!, body);

        if (endpoint.IsFree)
        {
            await PassFreeAsync(call);
            return;
        }

        // 2. Guard rails. (Rate limits and the mitigations in force stand here.)

        // 3. Estimate the most it may cost.
        if (Estimate(call, out var attempt, out var ceiling) is { } impossible)
        {
            await call.RefuseAsync(impossible);
            return;
        }

        // 4. Hold that much, or what there is for it. Nothing is sent before the hold is durable (M2).
        AnswerHeaders.Identify(context.Response.Headers, attempt!);
        if (await HoldAsync(call, attempt!, ceiling) is not { } held) return;

        // 5. Forward the client's bytes.
        using var patience = new Patience(options.Gateway, options.Time);
        await using var watch = context.RequestAborted.UnsafeRegister(static patience => ((Patience)patience!).ClientGone(), patience);
        var meter = new UsageMeter(caller!.Spender.Prices.Reader(attempt!.Target.Upstream, endpoint.Flavor, endpoint.OwnExtractor), request!.TextBytes, attempt.Price);
        using var answer = await SendAsync(call, attempt, meter, patience);

        // 6. Retry or fall back. (A new attempt with a hold and a record of its own goes back to step 3 from here, as long as nothing was sent to the client.)
        if (answer is null) return;

        // 7 to 10. Pass on, meter, settle, answer.
        if (!answer.IsSuccessStatusCode) await PassErrorOnAsync(call, attempt, answer, patience);
        else if (IsStream(answer.Content.Headers) || IsArray(call, answer)) await PassStreamOnAsync(call, attempt, answer, meter, patience, held);
        else await PassWholeOnAsync(call, attempt, answer, meter, patience, held);
    }

    private GatewayRefusal? Find(GatewayCall call, out Target? target)
    {
        target = routes.Find(call.Request.Model);
        if (target is null) return NotOffered(call.Request.Model);
        return target.Upstream.Options.Dialect == call.Endpoint.Dialect.Spoken ? null : OtherDialect(call.Request.Model, target);
    }

    private GatewayRefusal? Estimate(GatewayCall call, out GatewayAttempt? attempt, out Amount ceiling)
    {
        var (caller, request) = (call.Caller, call.Request);
        (attempt, ceiling) = (null, Amount.Zero);
        if (Find(call, out var target) is { } nowhere) return nowhere;
        var answer = caller.Spender.Prices.Find(target!.Upstream, target.Model, Instant.From(options.Time.GetUtcNow()));
        if (answer.IsRefused)
        {
            return routes.Only is null
                ? new(ApiError.ModelNotPriced, $"The model '{request.Model}' has no price for this org, and models without a price are refused.", "model")
                : NotOffered(request.Model);
        }

        attempt = new(caller, target, caller.EndUser(request.User), answer.Price, options.Time);
        if (answer.Price is not { } price) return null;
        try
        {
            ceiling = price.Ceiling(Ceiling.Of(request, target.OutputTokensMax, answer.Limits, options.Gateway.OutputTokensDefault)).Charge;
            return null;
        }
        catch (OverflowException)
        {
            return new(ApiError.AmountTooLarge, "What the request may cost is more than any amount can be. Ask for fewer tokens.");
        }
    }

    /// <returns>How things stand after the hold; null: refused, and answered.</returns>
    private async Task<Figures?> HoldAsync(GatewayCall call, GatewayAttempt attempt, Amount ceiling)
    {
        if (spool.IsFull)
        {
            await call.RefuseAsync(ApiError.StoreUnavailable);
            return null;
        }

        try
        {
            var lasting = call.Request.Background ? BackgroundMax : options.Gateway.RequestTimeout + options.Gateway.DrainTimeout + HoldMargin;
            var outcome = await ledger.SubmitAsync(attempt.Hold(ceiling, lasting), CancellationToken.None);
            if (outcome is Outcome.Refused { Left: { } left } && Clamp(call, attempt, left) is { } affordable)
            {
                ceiling = affordable;
                outcome = await ledger.SubmitAsync(attempt.Hold(ceiling, lasting), CancellationToken.None);
            }

            switch (outcome)
            {
                case Outcome.Done held: return held.Figures;
                case Outcome.Replayed held: return held.Figures;
                case Outcome.Refused refused: await call.RefuseAsync(HoldRefusal.Of(refused, ceiling)); break;
            }
        }
        catch (StoreUnavailableException unavailable)
        {
            LogNotHeld(unavailable.Message);
            if (unavailable.Effect is StoreEffect.Unknown) await spool.FinishAsync(new Command.Release(attempt.Id));
            await call.RefuseAsync(ApiError.StoreUnavailable);
        }

        return null;
    }

    /// <returns>The head of the answer; null: none came, and the attempt is ended and answered.</returns>
    private async Task<HttpResponseMessage?> SendAsync(GatewayCall call, GatewayAttempt attempt, UsageMeter meter, Patience patience)
    {
        var (http, target) = (call.Context.Request, attempt.Target);
        try
        {
            var outgoing = call.Endpoint.Rewrite(call.Body.Span, call.Request, target, call.OutputTokensMax);
            var path = call.Endpoint.PathAt(call.Request, target) + Dialect.Query(http.QueryString);
            return await target.Upstream.SendAsync(HttpMethod.Post, path, outgoing, http.Headers, patience.Token, http.ContentType);
        }
        catch (Exception error) when (UpstreamFault.NeverReached(error, patience))
        {
            LogUnreachable(attempt.Target.Upstream.Options.Name, error.Message);
            await spool.FinishAsync(new Command.Release(attempt.Id));
            await call.RefuseAsync(ApiError.UpstreamUnreachable, $"The provider '{attempt.Target.Upstream.Options.Name}' cannot be reached.");
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException)
        {
            // It may have been spent on: recorded as an estimate, to be trued up.
            LogNoAnswer(attempt.Target.Upstream.Options.Name, error.Message);
            if (await SettleAsync(call, attempt, 0, meter.Finish(whole: false)) is { } figures)
            {
                AnswerHeaders.Settled(call.Context.Response.Headers, figures);
                await call.RefuseAsync(patience.IsOver ? ApiError.UpstreamTimeout : ApiError.UpstreamFailed);
            }
        }

        return null;
    }

    /// <summary>An error is the provider's own words, unless it is no error but a redirect, which is followed by nobody.</summary>
    private async Task PassErrorOnAsync(GatewayCall call, GatewayAttempt attempt, HttpResponseMessage answer, Patience patience)
    {
        var isError = (int)answer.StatusCode >= StatusCodes.Status400BadRequest;
        using var words = await WholeAnswer.ReadAsync(answer, patience);
        var status = isError ? (int)answer.StatusCode : StatusCodes.Status502BadGateway;
        if (await SettleAsync(call, attempt, status, UsageMeter.Failed) is not { } figures) return;
        AnswerHeaders.Settled(call.Context.Response.Headers, figures);
        if (isError && words.IsWhole) await WriteAsync(call.Context, answer, words.Bytes);
        else await call.RefuseAsync(ApiError.UpstreamFailed);
    }

    private async Task PassWholeOnAsync(
        GatewayCall call, GatewayAttempt attempt, HttpResponseMessage answer, UsageMeter meter, Patience patience, Figures held)
    {
        using var whole = await WholeAnswer.ReadAsync(answer, patience);
        var reader = call.Endpoint.Reader(call.Request, meter);
        reader.Whole(whole.Bytes.Span);
        Keep(call, attempt, reader);
        if (reader.IsPending && whole.IsWhole)
        {
            AnswerHeaders.Stand(call.Context.Response.Headers, held);
            await WriteAsync(call.Context, answer, whole.Bytes);
            return;
        }

        if (await SettleAsync(call, attempt, (int)answer.StatusCode, meter.Finish(whole.IsWhole)) is not { } figures) return;
        AnswerHeaders.Settled(call.Context.Response.Headers, figures);
        if (whole.IsWhole) await WriteAsync(call.Context, answer, whole.Bytes);
        else await call.RefuseAsync(patience.IsOver ? ApiError.UpstreamTimeout : ApiError.UpstreamFailed, "The provider's answer broke off. What it used is recorded.");
    }

    private async Task PassStreamOnAsync(
        GatewayCall call, GatewayAttempt attempt, HttpResponseMessage answer, UsageMeter meter, Patience patience, Figures held)
    {
        var response = call.Context.Response;
        response.StatusCode = (int)answer.StatusCode;
        AnswerHeaders.PassOn(answer, response.Headers);
        AnswerHeaders.Stand(response.Headers, held);
        response.Headers.CacheControl = "no-cache";
        var reader = call.Endpoint.Reader(call.Request, meter);
        var stream = new AnswerStream(call.Context, reader, patience, options.Gateway, IsArray(call, answer));
        var whole = await stream.RelayAsync(await answer.Content.ReadAsStreamAsync(CancellationToken.None));
        Keep(call, attempt, reader);
        var settled = await SettleAsync(call, attempt, (int)answer.StatusCode, meter.Finish(whole));
        if (settled is not null && whole) await stream.FinishAsync();
        else if (stream.HasStarted) call.Context.Abort();
        else if (settled is not null) await call.RefuseAsync(patience.IsOver ? ApiError.UpstreamTimeout : ApiError.UpstreamFailed);
    }

    /// <summary>Step 9. The usage is durable before the last byte goes out (M4), that of calls within the call first.</summary>
    /// <returns>How things stand; null: it is not durable, and the client has been told so unless its answer had begun.</returns>
    private async Task<Figures?> SettleAsync(GatewayCall call, GatewayAttempt attempt, int status, MeteredUsage used)
    {
        var settle = attempt.Settle(status, used);
        var inside = Amount.Zero;
        foreach (var charge in attempt.Inside(settle, used))
        {
            if (await FinishAsync(call, charge) is not { } charged) return null;
            inside += charged.Charge;
        }

        return await FinishAsync(call, settle) is { } figures ? figures with { Charge = figures.Charge + inside } : null;
    }

    private async Task<Figures?> FinishAsync(GatewayCall call, Command command)
    {
        switch (await spool.FinishAsync(command))
        {
            case Outcome.Done done: return done.Figures;
            case Outcome.Replayed done: return done.Figures;
            case Outcome.Refused refused:
                LogNotSettled((command as Command.Settle)?.Usage.Usage.Id.ToString() ?? "a call within a call", refused.Reason);
                if (!call.Context.Response.HasStarted) await call.RefuseAsync(ApiError.Internal);
                return null;
            default:
                if (!call.Context.Response.HasStarted) await call.RefuseAsync(ApiError.StoreUnavailable, "The answer's usage could not be recorded yet, so the answer is not given.");
                return null;
        }
    }

    public static async Task WriteAsync(HttpContext context, HttpResponseMessage answer, ReadOnlyMemory<byte> bytes)
    {
        context.Response.StatusCode = (int)answer.StatusCode;
        AnswerHeaders.PassOn(answer, context.Response.Headers);
        context.Response.ContentLength = bytes.Length;
        if (!context.RequestAborted.IsCancellationRequested) await context.Response.BodyWriter.WriteAsync(bytes, context.RequestAborted);
    }

    /// <summary>Whose it is, for whoever asks for it again.</summary>
    private void Keep(GatewayCall call, GatewayAttempt attempt, AnswerReader reader)
    {
        if (reader.StoredId is { } id) stored.Keep(id, new(attempt, call.Request.TextBytes, reader.IsPending));
    }

    private static GatewayRefusal NotOffered(string model) => new(ApiError.ModelNotFound, $"The model '{model}' is not offered here.", "model");

    private static GatewayRefusal OtherDialect(string model, Target target)
    {
        var spoken = Dialect.For(target.Upstream.Options.Dialect).Name;
        return new(ApiError.ParameterInvalid, $"The model '{model}' is served in the dialect '{spoken}' only: ask for it at an address of that dialect.", "model");
    }

    private static bool IsStream(HttpContentHeaders headers) =>
        string.Equals(headers.ContentType?.MediaType, "text/event-stream", StringComparison.OrdinalIgnoreCase);

    /// <summary>Google's other way to stream: one array, element by element.</summary>
    private static bool IsArray(GatewayCall call, HttpResponseMessage answer) =>
        call.Request.Stream && call.Endpoint.StreamsArrays && answer.Content.Headers.ContentType?.MediaType == "application/json";

    [LoggerMessage(EventId = 2001, Level = LogLevel.Warning, Message = "No hold could be made durable: {Reason}")]
    private partial void LogNotHeld(string reason);

    [LoggerMessage(EventId = 2002, Level = LogLevel.Warning, Message = "The provider {Provider} cannot be reached: {Reason}")]
    private partial void LogUnreachable(string provider, string reason);

    [LoggerMessage(EventId = 2003, Level = LogLevel.Warning, Message = "The provider {Provider} gave no answer: {Reason}")]
    private partial void LogNoAnswer(string provider, string reason);

    [LoggerMessage(EventId = 2004, Level = LogLevel.Error, Message = "The settlement of {UsageId} was refused: {Refusal}")]
    private partial void LogNotSettled(string usageId, Refusal refusal);
}
