using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Server.Attribution;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Storage;

namespace Tieout.Server.Gateway;

/// <summary>Steps 3 to 6: one attempt after another, each with a hold and a record of its own, until one answers.</summary>
internal sealed partial class GatewayPipeline
{
    /// <summary>A hold outlives the longest attempt by this, so that only a dead gateway's holds expire.</summary>
    private static readonly TimeSpan HoldMargin = TimeSpan.FromMinutes(1);

    /// <summary>How long a provider may work at what nobody waits for.</summary>
    public static readonly TimeSpan BackgroundMax = TimeSpan.FromHours(24);

    /// <remarks>Nothing has gone to the client before an attempt answers, and nothing is tried again once one has: so nothing is sent twice.</remarks>
    private async Task AnswerAsync(GatewayCall call, Route route)
    {
        var lineage = await lineages.OfAsync(call.Caller, call.Context.RequestAborted);
        var chain = lineage.ChainOf(call.Caller);
        var journey = new RoutePlan(route, call.Endpoint.Dialect.Spoken, call.Binding, call.Caller.OperationId, lineage.Last + 1, options.Time);
        Failure? last = null;
        GatewayRefusal? impossible = null;
        try
        {
            while (journey.Next() is { } target)
            {
                // 3. Estimate the most it may cost.
                if (Estimate(call, target, out var price, out var ceiling) is { } refused)
                {
                    impossible ??= refused;
                    journey.Skip();
                    continue;
                }

                // 4. Hold that much, or what there is for it. Nothing is sent before the hold is durable (M2).
                call.OutputTokensMax = null;
                call.Context.Response.Headers.Remove("Tieout-Clamped");
                var number = lineage.Next();
                var trigger = journey.Trigger ?? (number > 1 ? Tags.RetryTrigger : call.Caller.Tags.Trigger);
                var attempt = new GatewayAttempt(call.Caller, target, call.Caller.EndUser(call.Request.User), price, number, trigger, options.Time);
                if (last is null) AnswerHeaders.Identify(call.Context.Response.Headers, attempt);
                var (held, short_) = await HoldAsync(call, attempt, ceiling, chain);
                if (short_ is not null)
                {
                    impossible = short_;
                    break;
                }

                // 5. Forward the client's bytes. 6. Where it failed and another may do better: again, from step 3.
                AnswerHeaders.Identify(call.Context.Response.Headers, attempt);
                var (failure, pause) = await AttemptAsync(call, attempt, journey, held!);
                if (failure is null) return;
                last?.Dispose();
                last = failure;
                if (pause is not { } wait || call.Context.RequestAborted.IsCancellationRequested) break;
                if (wait > TimeSpan.Zero) await Task.Delay(wait, options.Time, call.Context.RequestAborted);
            }

            await AnswerFailureAsync(call, last, impossible, journey);
        }
        finally
        {
            last?.Dispose();
        }
    }

    /// <returns>What it ended with, null: it is answered. And the pause before the next attempt, null: there is none.</returns>
    private async Task<(Failure? Failure, TimeSpan? Pause)> AttemptAsync(GatewayCall call, GatewayAttempt attempt, RoutePlan journey, Figures held)
    {
        var gateway = call.Routes.Options.Gateway;
        using var deadline = new AttemptDeadline(attempt.Target.Timeouts, gateway.DrainTimeout, options.Time);
        await using var watch = call.Context.RequestAborted.UnsafeRegister(static deadline => ((AttemptDeadline)deadline!).ClientGone(), deadline);
        var meter = new UsageMeter(call.Caller.Spender.Prices.Reader(attempt.Target.Upstream, call.Endpoint.Flavor, call.Endpoint.OwnExtractor), call.Request.TextBytes, attempt.Price);
        var reply = await attempt.Target.Breaker.SendAsync(
            static state => state.Pipeline.SendAsync(state.Call, state.Target, state.Deadline), (Pipeline: this, Call: call, attempt.Target, Deadline: deadline));

        // 7 to 10. Pass on, meter, settle, answer.
        if (reply is { Outcome: UpstreamOutcome.Answered, Head: { IsSuccessStatusCode: true } answer })
        {
            using (answer)
            {
                if (IsStream(answer.ContentHeaders) || IsArray(call, answer)) await PassStreamOnAsync(call, attempt, answer, meter, deadline, held);
                else await PassWholeOnAsync(call, attempt, answer, meter, deadline, held);
            }

            return (null, null);
        }

        if (await EndAsync(call, attempt, reply, meter, deadline) is not { } failure) return (null, null);
        return (failure, journey.GoesOn(reply, out var pause) ? pause : null);
    }

    private GatewayRefusal? Estimate(GatewayCall call, Target target, out Core.Pricing.ResolvedPrice? price, out Amount ceiling)
    {
        var (request, now) = (call.Request, Instant.From(options.Time.GetUtcNow()));
        ceiling = Amount.Zero;
        var answer = call.Caller.Spender.Prices.Find(target.Upstream, target.Model, now);
        price = answer.Price;
        if (answer.IsRefused)
        {
            return call.Routes.Only is null
                ? new(ApiError.ModelNotPriced, $"The model '{request.Model}' has no price for this org, and models without a price are refused.", "model")
                : NotOffered(request.Model);
        }

        if (price is null) return null;
        try
        {
            ceiling = price.Ceiling(Ceiling.Of(request, target.OutputTokensMax, answer.Limits, call.Routes.Options.Gateway.OutputTokensDefault)).Charge;
            return null;
        }
        catch (OverflowException)
        {
            return new(ApiError.AmountTooLarge, "The request may cost more than the largest amount. Ask for fewer tokens.");
        }
    }

    /// <returns>How things stand after the hold, or why there is none.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<(Figures? Held, GatewayRefusal? Refused)> HoldAsync(GatewayCall call, GatewayAttempt attempt, Amount ceiling, EnvelopeChain? chain)
    {
        if (spool.IsFull) return (null, new(ApiError.StoreUnavailable));
        try
        {
            var lasting = call.Request.Background ? BackgroundMax : attempt.Target.Timeouts.Total + call.Routes.Options.Gateway.DrainTimeout + HoldMargin;
            var outcome = await PlaceAsync(attempt, attempt.Hold(ceiling, lasting), chain);
            if (outcome is Outcome.Refused { Left: { } left } && Clamp(call, attempt, left) is { } affordable)
            {
                ceiling = affordable;
                outcome = await PlaceAsync(attempt, attempt.Hold(ceiling, lasting), chain);
            }

            if (outcome is Outcome.Refused lacking) refusals.See(call.Caller.Spender.Key.Org, lacking, ceiling);
            return outcome switch
            {
                Outcome.Done held => (held.Figures, null),
                Outcome.Replayed held => (held.Figures, null),
                Outcome.Refused refused => (null, HoldRefusal.Of(refused, ceiling)),
                var unknown => throw new System.Diagnostics.UnreachableException($"No answer for {unknown}."),
            };
        }
        catch (StoreUnavailableException unavailable)
        {
            outages.See("holds", unavailable.Message);
            if (unavailable.Effect is StoreEffect.Unknown) await spool.FinishAsync(new Command.Release(attempt.Id));
            return (null, new(ApiError.StoreUnavailable));
        }
    }

    private ValueTask<Outcome> PlaceAsync(GatewayAttempt attempt, Command.PlaceHold hold, EnvelopeChain? chain) =>
        chain is null ? ledger.SubmitAsync(hold, CancellationToken.None) : chain.SubmitAsync(hold, attempt.Step);

    /// <returns>What came of it. Never throws for what a provider or the network does.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Reply> SendAsync(GatewayCall call, Target target, AttemptDeadline deadline)
    {
        var http = call.Context.Request;
        var outgoing = call.Endpoint.Rewrite(call.Body.Span, call.Request, target, call.OutputTokensMax);
        var path = call.Endpoint.PathAt(call.Request, target) + call.Query;
        try
        {
            return Reply.Of(await target.Upstream.SendAsync(call.Caller.Spender.Key.Org, HttpMethod.Post, path, outgoing, http.Headers, deadline.Token, call.Request.Form?.ContentType));
        }
        catch (Exception error) when (UpstreamFault.NeverReached(error, deadline))
        {
            LogUnreachable(target.Upstream.Options.Name, error.Message);
            return new(UpstreamOutcome.Unreachable);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException)
        {
            LogNoAnswer(target.Upstream.Options.Name, UpstreamFault.Kind(error));
            return new(deadline.IsForNobody ? UpstreamOutcome.Abandoned : UpstreamOutcome.NoAnswer);
        }
    }

    /// <summary>Ends an attempt that failed: what never went out is released; the rest is a record, of what it used where that is known, else of an estimate.</summary>
    /// <returns>What the client is told if nothing better comes; null: it could not be recorded, and that is answered.</returns>
    private async Task<Failure?> EndAsync(GatewayCall call, GatewayAttempt attempt, Reply reply, UsageMeter meter, AttemptDeadline deadline)
    {
        var provider = attempt.Target.Upstream.Options.Name;
        if (!reply.Reached)
        {
            await spool.FinishAsync(new Command.Release(attempt.Id));
            return new(new GatewayRefusal(ApiError.UpstreamUnreachable, $"The provider '{provider}' cannot be reached."));
        }

        if (reply.Head is not { } head)
        {
            var settled = await SettleAsync(call, attempt, status: 0, meter.Finish(whole: false, deadline.IsForNobody));
            return settled is { } figures ? new(new GatewayRefusal(deadline.IsOver ? ApiError.UpstreamTimeout : ApiError.UpstreamFailed), figures) : null;
        }

        // An error is the provider's own words, unless it is no error but a redirect, which is followed by nobody.
        var isError = (int)head.StatusCode >= StatusCodes.Status400BadRequest;
        var words = await WholeAnswer.ReadAsync(head, deadline);
        var failure = isError && words.IsWhole ? new Failure(head, words) : new Failure(new GatewayRefusal(ApiError.UpstreamFailed), head, words);
        if (await SettleAsync(call, attempt, isError ? (int)head.StatusCode : StatusCodes.Status502BadGateway, UsageMeter.Failed) is { } free) return failure with { Figures = free };
        failure.Dispose();
        return null;
    }

    /// <summary>Nothing answered. What the last provider said is told before our own refusal of a further attempt: it is why there was to be one.</summary>
    private static async Task AnswerFailureAsync(GatewayCall call, Failure? last, GatewayRefusal? impossible, RoutePlan journey)
    {
        var headers = call.Context.Response.Headers;
        if (last is null)
        {
            if (impossible is null) headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(journey.LeftAloneFor.TotalSeconds)).ToString(System.Globalization.CultureInfo.InvariantCulture);
            await call.RefuseAsync(impossible ?? new(ApiError.UpstreamUnreachable, $"The upstreams of the model '{call.Request.Model}' have failed too often and are left alone for a while."));
            return;
        }

        if (impossible is not null) headers["Tieout-Retry-Refused"] = impossible.Error.Code;
        if (last.Figures is { } figures) AnswerHeaders.Settled(headers, figures);
        if (last.Ours is { } ours) await call.RefuseAsync(ours);
        else await WriteAsync(call.Context, last.Head!, last.Words!.Bytes);
    }

    /// <summary>What a failed attempt leaves to tell its client.</summary>
    /// <param name="Ours">Null: the provider's own words stand.</param>
    private sealed record Failure(GatewayRefusal? Ours, Figures? Figures, UpstreamAnswer? Head, WholeAnswer? Words) : IDisposable
    {
        public Failure(GatewayRefusal ours, Figures? figures = null)
            : this(ours, figures, null, null)
        {
        }

        public Failure(GatewayRefusal ours, UpstreamAnswer head, WholeAnswer words)
            : this(ours, null, head, words)
        {
        }

        public Failure(UpstreamAnswer head, WholeAnswer words)
            : this(null, null, head, words)
        {
        }

        public void Dispose()
        {
            Words?.Dispose();
            Head?.Dispose();
        }
    }
}
