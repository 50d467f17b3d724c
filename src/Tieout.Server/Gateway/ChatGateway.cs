using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Gateway;

/// <summary>One chat request through the gateway, in the ten steps of the design. Each step's rules are in a file of its own.</summary>
internal sealed partial class ChatGateway(
    ServerOptions options, ILedger ledger, CurrentKeys keys, Routes routes, SettlementSpool spool, ILogger<ChatGateway> logger)
{
    /// <summary>A hold outlives the longest attempt by this, so that only a dead gateway's holds expire.</summary>
    private static readonly TimeSpan HoldMargin = TimeSpan.FromMinutes(1);

    public async Task AnswerAsync(HttpContext context)
    {
        // 1. Identify: key, org, tags. (An envelope that came in is verified here, and outranks the headers.)
        if (Caller.Identify(context, keys.Get(), out var caller) is { } stranger)
        {
            await RefuseAsync(context, stranger);
            return;
        }

        using var body = await RequestBody.ReadAsync(context);
        if (ChatRequestReader.Read(body.Span, out var request) is { } malformed)
        {
            await RefuseAsync(context, malformed);
            return;
        }

        if (caller!.Spender.Refusal(KeyScopes.Chat, request!.Model) is { } notAllowed)
        {
            await RefuseAsync(context, notAllowed);
            return;
        }

        // 2. Guard rails. (Rate limits and the mitigations in force stand here.)

        // 3. Estimate the most it may cost.
        if (Estimate(caller!, request!, out var attempt, out var ceiling) is { } impossible)
        {
            await RefuseAsync(context, impossible);
            return;
        }

        // 4. Hold that much. Nothing is sent before the hold is durable (M2).
        AnswerHeaders.Identify(context.Response.Headers, attempt!);
        if (await HoldAsync(context, attempt!, ceiling) is not { } held) return;

        // 5. Forward the client's bytes.
        using var patience = new Patience(options.Gateway, options.Time);
        await using var watch = context.RequestAborted.UnsafeRegister(static patience => ((Patience)patience!).ClientGone(), patience);
        var meter = new UsageMeter(caller!.Spender.Prices.Chat(attempt!.Target.Upstream), request!.TextBytes);
        var outgoing = ChatRequestRewriter.Rewrite(body.Span, request, attempt.Target.ModelJson);
        using var answer = await SendAsync(context, attempt, outgoing, meter, patience);

        // 6. Retry or fall back. (A new attempt with a hold and a record of its own goes back to step 3 from here, as long as nothing was sent to the client.)
        if (answer is null) return;

        // 7 to 10. Pass on, meter, settle, answer.
        if (!answer.IsSuccessStatusCode) await PassErrorOnAsync(context, attempt, answer, patience);
        else if (IsStream(answer.Content.Headers)) await PassStreamOnAsync(context, attempt, request, answer, meter, patience, held);
        else await PassWholeOnAsync(context, attempt, answer, meter, patience);
    }

    private GatewayRefusal? Estimate(Caller caller, ChatRequest request, out GatewayAttempt? attempt, out Amount ceiling)
    {
        (attempt, ceiling) = (null, Amount.Zero);
        if (routes.Find(request.Model) is not { } target) return NotOffered(request.Model);
        var answer = caller.Spender.Prices.Find(target.Upstream, target.Model, Instant.From(options.Time.GetUtcNow()));
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
    private async Task<Figures?> HoldAsync(HttpContext context, GatewayAttempt attempt, Amount ceiling)
    {
        if (spool.IsFull)
        {
            await context.WriteOpenAiAsync(ApiError.StoreUnavailable);
            return null;
        }

        try
        {
            var lasting = options.Gateway.RequestTimeout + options.Gateway.DrainTimeout + HoldMargin;
            switch (await ledger.SubmitAsync(attempt.Hold(ceiling, lasting), CancellationToken.None))
            {
                case Outcome.Done held: return held.Figures;
                case Outcome.Replayed held: return held.Figures;
                case Outcome.Refused refused: await RefuseAsync(context, HoldRefusal.Of(refused, ceiling)); break;
            }
        }
        catch (StoreUnavailableException unavailable)
        {
            LogNotHeld(unavailable.Message);
            if (unavailable.Effect is StoreEffect.Unknown) await spool.FinishAsync(new Command.Release(attempt.Id));
            await context.WriteOpenAiAsync(ApiError.StoreUnavailable);
        }

        return null;
    }

    /// <returns>The head of the answer; null: none came, and the attempt is ended and answered.</returns>
    private async Task<HttpResponseMessage?> SendAsync(
        HttpContext context, GatewayAttempt attempt, ReadOnlyMemory<byte> outgoing, UsageMeter meter, Patience patience)
    {
        try
        {
            return await attempt.Target.Upstream.SendChatAsync(outgoing, context.Request.Headers, patience.Token);
        }
        catch (Exception error) when (UpstreamFault.NeverReached(error, patience))
        {
            LogUnreachable(attempt.Target.Upstream.Options.Name, error.Message);
            await spool.FinishAsync(new Command.Release(attempt.Id));
            await context.WriteOpenAiAsync(ApiError.UpstreamUnreachable, $"The provider '{attempt.Target.Upstream.Options.Name}' cannot be reached.");
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException)
        {
            // It may have been spent on: recorded as an estimate, to be trued up.
            LogNoAnswer(attempt.Target.Upstream.Options.Name, error.Message);
            if (await SettleAsync(context, attempt.Settle(status: 0, meter.Finish(whole: false))) is { } figures)
            {
                AnswerHeaders.Settled(context.Response.Headers, figures);
                await context.WriteOpenAiAsync(patience.IsOver ? ApiError.UpstreamTimeout : ApiError.UpstreamFailed);
            }
        }

        return null;
    }

    /// <summary>An error is the provider's own words, unless it is no error but a redirect, which is followed by nobody.</summary>
    private async Task PassErrorOnAsync(HttpContext context, GatewayAttempt attempt, HttpResponseMessage answer, Patience patience)
    {
        var isError = (int)answer.StatusCode >= StatusCodes.Status400BadRequest;
        using var words = await WholeAnswer.ReadAsync(answer, patience);
        var settle = attempt.Settle(isError ? (int)answer.StatusCode : StatusCodes.Status502BadGateway, UsageMeter.Failed);
        if (await SettleAsync(context, settle) is not { } figures) return;
        AnswerHeaders.Settled(context.Response.Headers, figures);
        if (isError && words.IsWhole) await WriteAsync(context, answer, words.Bytes);
        else await context.WriteOpenAiAsync(ApiError.UpstreamFailed);
    }

    private async Task PassWholeOnAsync(HttpContext context, GatewayAttempt attempt, HttpResponseMessage answer, UsageMeter meter, Patience patience)
    {
        using var whole = await WholeAnswer.ReadAsync(answer, patience);
        if (!ChatAnswer.TryRead(whole.Bytes.Span, out var read) && read.TextBytes == 0) meter.SeeText(whole.Bytes.Length);
        meter.See(read, whole.Bytes.Span);
        if (await SettleAsync(context, attempt.Settle((int)answer.StatusCode, meter.Finish(whole.IsWhole))) is not { } figures) return;
        AnswerHeaders.Settled(context.Response.Headers, figures);
        if (whole.IsWhole) await WriteAsync(context, answer, whole.Bytes);
        else await context.WriteOpenAiAsync(patience.IsOver ? ApiError.UpstreamTimeout : ApiError.UpstreamFailed, "The provider's answer broke off. What it used is recorded.");
    }

    private async Task PassStreamOnAsync(
        HttpContext context, GatewayAttempt attempt, ChatRequest request, HttpResponseMessage answer, UsageMeter meter, Patience patience, Figures held)
    {
        var response = context.Response;
        response.StatusCode = (int)answer.StatusCode;
        AnswerHeaders.PassOn(answer, response.Headers);
        AnswerHeaders.Stand(response.Headers, held);
        response.Headers.CacheControl = "no-cache";
        var stream = new ChatStream(context, request, meter, patience, options.Gateway);
        var whole = await stream.RelayAsync(await answer.Content.ReadAsStreamAsync(CancellationToken.None));
        var settled = await SettleAsync(context, attempt.Settle((int)answer.StatusCode, meter.Finish(whole)));
        if (settled is not null && whole) await stream.FinishAsync();
        else if (stream.HasStarted) context.Abort();
        else if (settled is not null) await context.WriteOpenAiAsync(patience.IsOver ? ApiError.UpstreamTimeout : ApiError.UpstreamFailed);
    }

    /// <summary>Step 9. The usage is durable before the last byte goes out (M4).</summary>
    /// <returns>How things stand; null: it is not durable, and the client has been told so unless its answer had begun.</returns>
    private async Task<Figures?> SettleAsync(HttpContext context, Command.Settle settle)
    {
        switch (await spool.FinishAsync(settle))
        {
            case Outcome.Done done: return done.Figures;
            case Outcome.Replayed done: return done.Figures;
            case Outcome.Refused refused:
                LogNotSettled(settle.Usage.Usage.Id.ToString(), refused.Reason);
                if (!context.Response.HasStarted) await context.WriteOpenAiAsync(ApiError.Internal);
                return null;
            default:
                if (!context.Response.HasStarted) await context.WriteOpenAiAsync(ApiError.StoreUnavailable, "The answer's usage could not be recorded yet, so the answer is not given.");
                return null;
        }
    }

    private static async Task WriteAsync(HttpContext context, HttpResponseMessage answer, ReadOnlyMemory<byte> bytes)
    {
        context.Response.StatusCode = (int)answer.StatusCode;
        AnswerHeaders.PassOn(answer, context.Response.Headers);
        context.Response.ContentLength = bytes.Length;
        if (!context.RequestAborted.IsCancellationRequested) await context.Response.BodyWriter.WriteAsync(bytes, context.RequestAborted);
    }

    private static Task RefuseAsync(HttpContext context, GatewayRefusal refusal) => context.WriteOpenAiAsync(refusal.Error, refusal.Message, refusal.Parameter);

    private static GatewayRefusal NotOffered(string model) => new(ApiError.ModelNotFound, $"The model '{model}' is not offered here.", "model");

    private static bool IsStream(HttpContentHeaders headers) =>
        string.Equals(headers.ContentType?.MediaType, "text/event-stream", StringComparison.OrdinalIgnoreCase);

    [LoggerMessage(EventId = 2001, Level = LogLevel.Warning, Message = "No hold could be made durable: {Reason}")]
    private partial void LogNotHeld(string reason);

    [LoggerMessage(EventId = 2002, Level = LogLevel.Warning, Message = "The provider {Provider} cannot be reached: {Reason}")]
    private partial void LogUnreachable(string provider, string reason);

    [LoggerMessage(EventId = 2003, Level = LogLevel.Warning, Message = "The provider {Provider} gave no answer: {Reason}")]
    private partial void LogNoAnswer(string provider, string reason);

    [LoggerMessage(EventId = 2004, Level = LogLevel.Error, Message = "The settlement of {UsageId} was refused: {Refusal}")]
    private partial void LogNotSettled(string usageId, Refusal refusal);
}
