using Microsoft.AspNetCore.Http;
using Tieout.Core.Attribution;
using Tieout.Core.Ledger;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Gateway;

/// <summary>Reads, cancels and deletes responses that the provider stores. Free, except that the first answer that shows a background response finished settles
/// it.</summary>
internal sealed class ResponsesGateway(ServerOptions options, CurrentKeys keys, Identities identities, StoredResponses stored)
{
    public async Task AnswerAsync(HttpContext context)
    {
        var dialect = OpenAiDialect.Instance;
        if (Identify(context, out var caller) is { } stranger)
        {
            await dialect.RefuseAsync(context, stranger);
            return;
        }

        var rules = context.Request.Path.Value!.EndsWith("/input_items", StringComparison.Ordinal) ? QueryRules.StoredResponseItems : QueryRules.StoredResponse;
        if (rules.Read(context.Request.QueryString, out var query) is { } unknown)
        {
            await dialect.RefuseAsync(context, unknown);
            return;
        }

        var id = (string)context.Request.RouteValues["id"]!;
        if (await stored.FindAsync(caller!.Spender.Key.Org, id, context.RequestAborted) is not { } kept)
        {
            await dialect.RefuseAsync(context, ApiError.NotFound, $"The response '{id}' does not exist.");
            return;
        }

        if (stored.Upstream(kept) is not { } upstream)
        {
            await dialect.RefuseAsync(context, ApiError.UpstreamUnreachable, "The provider that stores the response is no longer configured.");
            return;
        }

        await RelayAsync(context, kept, upstream, query);
    }

    private async Task RelayAsync(HttpContext context, ProviderObject kept, Upstream upstream, string query)
    {
        var dialect = OpenAiDialect.Instance;
        using var deadline = new AttemptDeadline(Timeouts.Of(new(), upstream.Options.Timeouts, options.Gateway), options.Gateway.DrainTimeout, options.Time);
        try
        {
            using var answer = await SendAsync(context.Request, kept, query, upstream, deadline);
            using var whole = await WholeAnswer.ReadAsync(answer, deadline);
            if (!whole.IsWhole)
            {
                await dialect.RefuseAsync(context, deadline.IsOver ? ApiError.UpstreamTimeout : ApiError.UpstreamFailed);
                return;
            }

            if (answer.IsSuccessStatusCode && kept.IsPending && !JsonMember.IsWhole(whole.Bytes.Span))
            {
                // The body may be the finished answer. An answer that cannot be charged is not given.
                await dialect.RefuseAsync(context, ApiError.UpstreamFailed, "The provider's answer cannot be read.");
                return;
            }

            if (answer.IsSuccessStatusCode && !await SettleAsync(context, kept, whole.Bytes, (int)answer.StatusCode)) return;
            await AnswerRelay.WriteAsync(context, answer, whole.Bytes);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException)
        {
            await dialect.RefuseAsync(context, UpstreamFault.NeverReached(error, deadline) ? ApiError.UpstreamUnreachable : ApiError.UpstreamFailed);
        }
    }

    /// <summary>An envelope binds the request as it does for a new response. Without one, none is issued: nothing is spent here.</summary>
    private GatewayRefusal? Identify(HttpContext context, out GatewayCaller? caller) => context.Request.Headers.ContainsKey(Envelope.Header)
        ? GatewayCaller.Read(context, keys.Get(), identities, out caller)
        : GatewayCaller.Read(context, out caller);

    private static ValueTask<UpstreamAnswer> SendAsync(HttpRequest http, ProviderObject kept, string query, Upstream upstream, AttemptDeadline deadline)
    {
        var verb = http.Path.Value!.EndsWith("/cancel", StringComparison.Ordinal)
            ? "/cancel" : http.Path.Value.EndsWith("/input_items", StringComparison.Ordinal) ? "/input_items" : "";
        var path = $"/responses/{Uri.EscapeDataString(kept.Id)}{verb}{query}";
        return upstream.SendAsync(kept.Org, new HttpMethod(http.Method), path, body: null, http.Headers, deadline.Token);
    }

    /// <summary>Makes the usage durable before the client sees the finished answer (M4).</summary>
    /// <returns>False: the usage is not durable, and the client has the error.</returns>
    private async Task<bool> SettleAsync(HttpContext context, ProviderObject kept, ReadOnlyMemory<byte> body, int status)
    {
        if (await stored.SettleAsync(kept, body, status) is not { } settlement) return true;
        switch (settlement.Outcome)
        {
            case Outcome.Done done:
                AnswerHeaders.WriteCost(context.Response.Headers, done.Figures);
                return true;
            case Outcome.Replayed done:
                AnswerHeaders.WriteCost(context.Response.Headers, done.Figures);
                return true;
            case Outcome.Refused:
                await OpenAiDialect.Instance.RefuseAsync(context, ApiError.Internal);
                return false;
            default:
                // The client may ask again at no cost.
                await OpenAiDialect.Instance.RefuseAsync(
                    context, ApiError.StoreUnavailable, "The answer's usage could not be recorded yet, so the answer is not given.");
                return false;
        }
    }
}
