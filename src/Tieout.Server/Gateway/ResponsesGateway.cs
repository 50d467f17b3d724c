using Microsoft.AspNetCore.Http;
using Tieout.Core.Ledger;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Gateway;

/// <summary>Asking again for a response that the provider keeps: free, but for the first answer that shows one from the background finished, which settles it.</summary>
internal sealed class ResponsesGateway(ServerOptions options, CurrentKeys keys, StoredResponses stored, SettlementSpool spool)
{
    public async Task AnswerAsync(HttpContext context)
    {
        var dialect = OpenAiDialect.Instance;
        if (Caller.Identify(context, dialect, keys.Get(), out var caller) is { } stranger)
        {
            await dialect.RefuseAsync(context, stranger);
            return;
        }

        var id = (string)context.Request.RouteValues["id"]!;
        if (!stored.TryFind(id, caller!.Spender.Key.Org, out var response))
        {
            await dialect.RefuseAsync(context, ApiError.NotFound, $"There is no response '{id}' here.");
            return;
        }

        using var patience = new Patience(response.Attempt.Target.Timeouts, options.Gateway.DrainTimeout, options.Time);
        try
        {
            using var answer = await SendAsync(context.Request, id, response.Attempt.Target.Upstream, patience);
            using var whole = await WholeAnswer.ReadAsync(answer, patience);
            if (!whole.IsWhole)
            {
                await dialect.RefuseAsync(context, patience.IsOver ? ApiError.UpstreamTimeout : ApiError.UpstreamFailed);
                return;
            }

            if (answer.IsSuccessStatusCode && !await SettleAsync(context, response, whole.Bytes, (int)answer.StatusCode)) return;
            await GatewayPipeline.WriteAsync(context, answer, whole.Bytes);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException)
        {
            await dialect.RefuseAsync(context, UpstreamFault.NeverReached(error, patience) ? ApiError.UpstreamUnreachable : ApiError.UpstreamFailed);
        }
    }

    private static Task<HttpResponseMessage> SendAsync(HttpRequest http, string id, Upstream upstream, Patience patience)
    {
        var verb = http.Path.Value!.EndsWith("/cancel", StringComparison.Ordinal) ? "/cancel" : http.Path.Value.EndsWith("/input_items", StringComparison.Ordinal) ? "/input_items" : "";
        var path = $"/responses/{Uri.EscapeDataString(id)}{verb}{Dialect.Query(http.QueryString)}";
        return upstream.SendAsync(new HttpMethod(http.Method), path, body: null, http.Headers, patience.Token);
    }

    /// <summary>The usage is durable before anybody sees that there is one (M4).</summary>
    /// <returns>False: it could not be made durable, and the client has been told.</returns>
    private async Task<bool> SettleAsync(HttpContext context, StoredResponse response, ReadOnlyMemory<byte> body, int status)
    {
        if (!response.IsPending) return true;
        await response.Settling.WaitAsync(context.RequestAborted);
        try
        {
            var attempt = response.Attempt;
            var meter = new UsageMeter(attempt.Caller.Spender.Prices.Reader(attempt.Target.Upstream, "responses"), response.PromptBytes, attempt.Price);
            var reader = new ResponsesAnswerReader(meter);
            reader.Whole(body.Span);
            if (!response.IsPending || reader.IsPending || reader.StoredId is null) return true;
            var used = meter.Finish(whole: true);
            var settle = attempt.Settle(status, used);
            foreach (var command in (IReadOnlyList<Command>)[.. attempt.Inside(settle, used), settle])
            {
                switch (await spool.FinishAsync(command))
                {
                    case Outcome.Done { Figures: var figures }: AnswerHeaders.Settled(context.Response.Headers, figures); break;
                    case Outcome.Replayed { Figures: var figures }: AnswerHeaders.Settled(context.Response.Headers, figures); break;
                    case Outcome.Refused:
                        await OpenAiDialect.Instance.RefuseAsync(context, ApiError.Internal);
                        return false;
                    default:
                        // It waits in the spool and counts once; until then nobody sees the answer, and asking again is free.
                        response.IsPending = false;
                        await OpenAiDialect.Instance.RefuseAsync(context, ApiError.StoreUnavailable, "The answer's usage could not be recorded yet, so the answer is not given.");
                        return false;
                }
            }

            response.IsPending = false;
            return true;
        }
        finally
        {
            response.Settling.Release();
        }
    }
}
