using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Signals;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway;

/// <summary>An attempt with the head of the provider's answer to it.</summary>
/// <param name="Held">How account and budgets stand after the hold.</param>
internal readonly record struct AnsweredAttempt(
    GatewayCall Call, GatewayAttempt Attempt, UpstreamAnswer Answer, UsageMeter Meter, AttemptDeadline Deadline, Figures Held)
{
    public int Status => (int)Answer.StatusCode;

    /// <summary>A stream, as its head says: of events or, at Google, one array that grows element by element.</summary>
    public bool IsStream => IsArray || (!WholeAnswer.IsCodedBy(Answer.ContentHeaders) && IsMediaType(Answer.ContentHeaders, "text/event-stream"));

    /// <summary>The client asked for a stream and the head speaks of none. Some servers give a stream of events another name.</summary>
    public bool MayBeStream => Call.Request.Stream && !IsStream && !WholeAnswer.IsCodedBy(Answer.ContentHeaders);

    public bool IsArray => Call.Request.Stream && Call.Endpoint.StreamsArrays && Answer.ContentHeaders.ContentType?.MediaType == "application/json";

    private static bool IsMediaType(HttpContentHeaders headers, string type) =>
        string.Equals(headers.ContentType?.MediaType, type, StringComparison.OrdinalIgnoreCase);
}

/// <summary>Steps 7 to 10: passes a provider's answer on to the client, and makes its usage durable before the last byte goes out (M4).</summary>
internal sealed class AnswerRelay(SettlementSpool spool, StoredResponses stored, TrafficSignals signals, ILogger<AnswerRelay> logger)
{
    public Task RelayAsync(in AnsweredAttempt answered) => answered switch
    {
        { IsStream: true } => RelayStreamAsync(answered, answered.Answer.OpenBody()),
        { MayBeStream: true } => RelayEitherAsync(answered),
        _ => RelayWholeAsync(answered, answered.Answer.OpenBody()),
    };

    /// <summary>Writes a whole answer. The answer may be a provider's with other bytes.</summary>
    public static async Task WriteAsync(HttpContext context, UpstreamAnswer answer, ReadOnlyMemory<byte> bytes)
    {
        context.Response.StatusCode = (int)answer.StatusCode;
        AnswerHeaders.Copy(answer, context.Response.Headers);
        if (answer.StatusCode is HttpStatusCode.NoContent or HttpStatusCode.ResetContent) return;
        context.Response.ContentLength = bytes.Length;
        if (!context.RequestAborted.IsCancellationRequested) await context.Response.BodyWriter.WriteAsync(bytes, context.RequestAborted);
    }

    /// <summary>Looks at the first bytes, which tell a stream of events from everything else.</summary>
    private async Task RelayEitherAsync(AnsweredAttempt answered)
    {
        var body = new PeekedBody(answered.Answer.OpenBody());
        if (await body.IsOfEventsAsync(answered.Deadline)) await RelayStreamAsync(answered, body.Stream);
        else await RelayWholeAsync(answered, body.Stream);
    }

    private async Task RelayStreamAsync(AnsweredAttempt answered, Stream body)
    {
        var (call, deadline) = (answered.Call, answered.Deadline);
        WriteHead(answered);

        // step 7: stream
        var reader = call.Endpoint.Reader(call.Request, answered.Meter);
        var stream = new AnswerStream(call.Context, reader, deadline, call.Routes.Options.Gateway, answered.IsArray);
        var whole = await stream.RelayAsync(body);

        // step 8: meter
        var kept = stored.Keep(answered.Attempt, call.Request.TextBytes, reader);
        var used = answered.Meter.Finish(whole, deadline.IsClientGone && !whole);
        signals.See(call.Caller, answered.Meter.FinishedBy);
        var figures = await SettleAsync(call, answered.Attempt, answered.Status, used, kept);

        // step 10: answer. A stream that broke off must not look complete.
        if (figures is not null && whole) await stream.FinishAsync();
        else if (stream.HasStarted) call.Context.Abort();
        else if (figures is not null) await call.RefuseAsync(deadline.IsOver ? ApiError.UpstreamTimeout : ApiError.UpstreamFailed);
    }

    private static void WriteHead(in AnsweredAttempt answered)
    {
        var response = answered.Call.Context.Response;
        response.StatusCode = answered.Status;
        AnswerHeaders.Copy(answered.Answer, response.Headers);
        AnswerHeaders.WriteRemaining(response.Headers, answered.Held);
        response.Headers.CacheControl = "no-cache";
    }

    private async Task RelayWholeAsync(AnsweredAttempt answered, Stream body)
    {
        var (call, deadline) = (answered.Call, answered.Deadline);
        using var whole = await WholeAnswer.ReadAsync(answered.Answer, body, deadline);

        // step 8: meter
        var reader = call.Endpoint.Reader(call.Request, answered.Meter);
        reader.Whole(whole.Bytes.Span);
        var kept = stored.Keep(answered.Attempt, call.Request.TextBytes, reader);
        if (reader.IsPending && whole.IsWhole)
        {
            await AnswerPendingAsync(answered, whole, kept);
            return;
        }

        var used = answered.Meter.Finish(whole.IsWhole || whole.IsCoded, deadline.IsClientGone && !whole.IsWhole);
        signals.See(call.Caller, answered.Meter.FinishedBy);
        if (await SettleAsync(call, answered.Attempt, answered.Status, used, kept) is not { } figures) return;

        // step 10: answer
        AnswerHeaders.WriteCost(call.Context.Response.Headers, figures);
        if (whole.IsWhole)
        {
            await WriteAsync(call.Context, answered.Answer, whole.Bytes);
        }
        else
        {
            await call.RefuseAsync(
                deadline.IsOver ? ApiError.UpstreamTimeout : ApiError.UpstreamFailed, "The provider's answer ended early. Its usage is recorded.");
        }
    }

    /// <summary>The usage of a response in the background comes later. Its record must outlast this server before the client knows the response's id.</summary>
    private async Task AnswerPendingAsync(AnsweredAttempt answered, WholeAnswer whole, IReadOnlyList<Command.KeepObject> kept)
    {
        var call = answered.Call;
        if (kept.Count > 0)
        {
            if (await spool.FinishAsync([.. kept]) is not { } outcomes)
            {
                await call.RefuseAsync(ApiError.StoreUnavailable, "The answer could not be recorded yet, so it is not given.");
                return;
            }

            LogNotKept(kept, outcomes);
        }

        AnswerHeaders.WriteRemaining(call.Context.Response.Headers, answered.Held);
        await WriteAsync(call.Context, answered.Answer, whole.Bytes);
    }

    /// <summary>Makes usage, charge and release durable in one command, with the objects that the provider keeps of the answer.</summary>
    /// <param name="status">The provider's HTTP status; 0: no answer came.</param>
    /// <param name="kept">Null: the provider keeps nothing.</param>
    /// <returns>How account and budgets stand, with the charges of all attempts; null: the usage is not durable, and the client has been told so unless its
    /// answer had begun.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<Figures?> SettleAsync(
        GatewayCall call, GatewayAttempt attempt, int status, MeteredUsage used, IReadOnlyList<Command.KeepObject>? kept = null)
    {
        // step 9: settle
        var settle = attempt.Settle(status, used, call.Routes.Options.Gateway.Claims);
        var outcomes = await spool.FinishAsync(kept is null or [] ? [settle] : [settle, .. kept]);
        if (outcomes?.Count > 1) LogNotKept(kept!, outcomes.Skip(1));
        if (await FiguresOrRefuseAsync(call, attempt.Id, outcomes?[0]) is not { } figures) return null;
        call.Permit.Used(used.Counts.InputTokens + used.Counts.OutputTokens);
        call.Spent += figures.Charge;
        return figures with { Charge = call.Spent };
    }

    private async ValueTask<Figures?> FiguresOrRefuseAsync(GatewayCall call, AttemptId attempt, Outcome? outcome)
    {
        switch (outcome)
        {
            case Outcome.Done done: return done.Figures;
            case Outcome.Replayed done: return done.Figures;
            case Outcome.Refused refused:
                logger.UsageNotSettled(attempt.ToString(), refused.Reason);
                if (!call.Context.Response.HasStarted)
                {
                    await call.RefuseAsync(refused.Reason is Refusal.CommandQuarantined ? ApiError.CommandQuarantined : ApiError.Internal);
                }

                return null;
            default:
                if (!call.Context.Response.HasStarted)
                {
                    await call.RefuseAsync(ApiError.StoreUnavailable, "The answer's usage could not be recorded yet, so the answer is not given.");
                }

                return null;
        }
    }

    /// <summary>A conversation or container that the org has from an earlier answer keeps its first record, so that refusal is expected.</summary>
    private void LogNotKept(IReadOnlyList<Command.KeepObject> kept, IEnumerable<Outcome> outcomes)
    {
        foreach (var (command, outcome) in kept.Zip(outcomes))
        {
            if (outcome is not Outcome.Refused refused) continue;
            if (refused.Reason is Refusal.IdReused && command.Object.Kind is not ObjectKind.Response) continue;
            logger.ResponseNotRecorded(command.Object.Id, refused.Reason);
        }
    }
}
