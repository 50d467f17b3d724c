using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Pricing;

namespace Tieout.Server.Gateway;

/// <summary>Steps 3 to 6: makes one attempt after another, each with a hold and a record of its own, until one is answered.</summary>
/// <remarks>Nothing reaches the client before an attempt is answered, and no attempt follows one that was: so the client gets no byte twice.</remarks>
internal sealed class AttemptLoop(
    ServerOptions options, CurrentPrices current, Lineages lineages, AttemptHolds holds, AnswerRelay relay, ILogger<AttemptLoop> logger)
{
    public async Task AnswerAsync(GatewayCall call)
    {
        var lineage = await lineages.OfAsync(call.Caller, call.Context.RequestAborted);
        var chain = lineage.ChainOf(call.Caller);
        var plan = new RoutePlan(
            call.Route, call.Endpoint.Dialect.Spoken, call.Binding, call.Caller.OperationId, lineage.Last + 1, options.Time, Random.Shared.NextDouble);
        FailedAttempt? last = null;
        GatewayRefusal? refused = null;
        try
        {
            while (plan.Next() is { } target)
            {
                // step 3: estimate
                var estimate = EstimateAt(call, target);
                if (RefusalOf(call, estimate) is { } notPayable)
                {
                    refused ??= notPayable;
                    plan.Skip();
                    continue;
                }

                // step 4: hold
                var attempt = Begin(call, target, estimate, plan, lineage);
                if (last is null) AnswerHeaders.WriteIds(call.Context.Response.Headers, attempt);
                var hold = await holds.PlaceAsync(call, attempt, estimate, chain);
                if (!hold.IsPlaced)
                {
                    refused = hold.Refused;
                    break;
                }

                AnswerHeaders.WriteIds(call.Context.Response.Headers, attempt);
                var end = await ForwardAsync(call, attempt, plan, hold.Figures);
                if (end.IsAnswered) return;
                last?.Dispose();
                last = end.Failure;

                // step 6: retry or fall back
                if (end.Pause is not { } pause || call.Context.RequestAborted.IsCancellationRequested) break;
                if (pause > TimeSpan.Zero) await Task.Delay(pause, options.Time, call.Context.RequestAborted);
            }

            await AnswerFailureAsync(call, last, refused, plan);
        }
        finally
        {
            last?.Dispose();
        }
    }

    private Estimate EstimateAt(GatewayCall call, Target target)
    {
        var prices = new AttemptPrices(current.Of(call.Caller.Spender.Key.Org)!, target.Upstream, Instant.From(options.Time.GetUtcNow()));
        return Estimate.Of(prices, call.Request, target.Model, target.OutputTokensMax, call.Routes.Options.Gateway.OutputTokensDefault);
    }

    /// <summary>Where every listed model passes through, a model that no list prices is one that does not exist.</summary>
    private static GatewayRefusal? RefusalOf(GatewayCall call, in Estimate estimate) => estimate.Problem switch
    {
        EstimateProblem.None => null,
        EstimateProblem.TooLarge => new(ApiError.AmountTooLarge, "The request may cost more than the largest amount. Ask for fewer tokens."),
        _ => call.Routes.Only is null ? GatewayRefusal.ModelNotPriced(call.Request.Model) : GatewayRefusal.ModelNotOffered(call.Request.Model),
    };

    /// <summary>A clamp holds for one attempt: the next upstream has other prices. A mitigation's limit holds for all.</summary>
    private GatewayAttempt Begin(GatewayCall call, Target target, in Estimate estimate, RoutePlan plan, OperationLineage lineage)
    {
        call.OutputTokensMax = call.OutputTokensCap;
        if (call.OutputTokensCap is { } cap) call.Context.Response.Headers["Tieout-Clamped"] = cap.ToString(CultureInfo.InvariantCulture);
        else call.Context.Response.Headers.Remove("Tieout-Clamped");
        var number = lineage.Next();
        var trigger = plan.Trigger ?? (number > 1 ? Tags.RetryTrigger : call.Caller.Tags.Trigger);
        return new(call, target, estimate, number, trigger, options.Time);
    }

    private async Task<AttemptEnd> ForwardAsync(GatewayCall call, GatewayAttempt attempt, RoutePlan plan, Figures held)
    {
        using var deadline = new AttemptDeadline(attempt.Target.Timeouts, call.Routes.Options.Gateway.DrainTimeout, options.Time);
        await using var watch = call.Context.RequestAborted.UnsafeRegister(static deadline => ((AttemptDeadline)deadline!).MarkClientGone(), deadline);
        var reader = attempt.Record.Prices.Reader(call.Endpoint.Flavor, call.Endpoint.OwnExtractor);
        var meter = new UsageMeter(reader, call.Request.TextBytes, attempt.Price);

        // step 5: forward
        var reply = await attempt.Target.Breaker.SendAsync(
            static state => state.Loop.SendAsync(state.Call, state.Target, state.Deadline), (Loop: this, Call: call, attempt.Target, Deadline: deadline));
        if (reply is { Outcome: UpstreamOutcome.Answered, Head: { IsSuccessStatusCode: true } answer })
        {
            using (answer) await relay.RelayAsync(new(call, attempt, answer, meter, deadline, held));
            return AttemptEnd.Answered;
        }

        if (await EndAsync(call, attempt, reply, meter, deadline) is not { } failure) return AttemptEnd.Answered;
        return AttemptEnd.Failed(failure, plan.Continues(reply, out var pause) ? pause : null);
    }

    /// <returns>Never throws for what a provider or the network does: a failure is a reply.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Reply> SendAsync(GatewayCall call, Target target, AttemptDeadline deadline)
    {
        try
        {
            return Reply.Of(await call.SendAsync(target, deadline.Token));
        }
        catch (Exception error) when (UpstreamFault.NeverReached(error, deadline))
        {
            logger.ProviderUnreachable(target.Upstream.Options.Name, error.Message);
            return new(UpstreamOutcome.Unreachable);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException)
        {
            logger.ProviderGaveNoAnswer(target.Upstream.Options.Name, UpstreamFault.Kind(error));
            return new(deadline.IsClientGone ? UpstreamOutcome.Abandoned : UpstreamOutcome.NoAnswer);
        }
    }

    /// <summary>Ends an attempt that failed. What never went out is released; everything else gets a usage record (M1), estimated where the usage is not
    /// known.</summary>
    /// <returns>The error that the client gets if no later attempt is answered. Null: the store did not take the usage record, and the client got that
    /// error.</returns>
    private async Task<FailedAttempt?> EndAsync(GatewayCall call, GatewayAttempt attempt, Reply reply, UsageMeter meter, AttemptDeadline deadline)
    {
        if (!reply.Reached)
        {
            await holds.ReleaseAsync(attempt);
            return FailedAttempt.WithoutAnswer(new(ApiError.UpstreamUnreachable, $"The provider '{attempt.Target.Upstream.Options.Name}' cannot be reached."));
        }

        if (reply.Head is not { } head)
        {
            var figures = await relay.SettleAsync(call, attempt, status: 0, meter.Finish(whole: false, deadline.IsClientGone));
            return figures is null ? null : FailedAttempt.WithoutAnswer(new(deadline.IsOver ? ApiError.UpstreamTimeout : ApiError.UpstreamFailed), figures);
        }

        // A client gets the provider's own error. A redirect is none: nothing but the configuration decides where a request goes.
        var isError = (int)head.StatusCode >= StatusCodes.Status400BadRequest;
        var body = await WholeAnswer.ReadAsync(head, deadline);
        var failure = new FailedAttempt(isError && body.IsWhole ? null : new GatewayRefusal(ApiError.UpstreamFailed), head, body);
        if (await relay.SettleAsync(call, attempt, isError ? (int)head.StatusCode : StatusCodes.Status502BadGateway, UsageMeter.Failed) is { } settled)
        {
            return failure with { Figures = settled };
        }

        failure.Dispose();
        return null;
    }

    /// <summary>No attempt was answered. The last provider's error outranks our refusal of a further attempt: it is the reason why there was to be
    /// one.</summary>
    private static async Task AnswerFailureAsync(GatewayCall call, FailedAttempt? last, GatewayRefusal? refused, RoutePlan plan)
    {
        // step 10: answer
        var headers = call.Context.Response.Headers;
        if (last is not null)
        {
            if (refused is not null) headers["Tieout-Retry-Refused"] = refused.Error.Code;
            await last.AnswerAsync(call);
        }
        else if (refused is not null)
        {
            await call.RefuseAsync(refused);
        }
        else
        {
            headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(plan.OpenFor.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
            await call.RefuseAsync(
                ApiError.UpstreamUnreachable, $"The upstreams of the model '{call.Request.Model}' have failed too often and are left alone for a while.");
        }
    }
}
