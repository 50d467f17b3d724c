using Microsoft.AspNetCore.Http;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.References;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Pricing;
using Tieout.Storage;

namespace Tieout.Server.Gateway.Batches;

/// <summary><c>/v1/batches</c> and <c>/v1/messages/batches</c>: each line is held for before the batch is sent, and charged when the batch has ended.</summary>
internal sealed class BatchesGateway(ServerOptions options, KeptAtProvider kept, CurrentRoutes currentRoutes, CurrentPrices prices, BatchSettlement settlement,
    BatchSending sending, ReferenceGate references, ILedger ledger)
{
    /// <summary>Creates a batch at OpenAI, whose lines are in an uploaded file.</summary>
    public async Task CreateAsync(HttpContext context)
    {
        var api = OpenAiBatches.Instance;
        var spoken = api.Dialect;
        if (await kept.EnterAsync(context, spoken) is not { } caller || !await kept.HasRoomAsync(context, spoken, caller, ObjectKind.Batch)) return;
        using var body = await RequestBody.ReadAsync(context);
        if (BatchCreation.ReadFile(body.Span, out var fileId) is { } malformed)
        {
            await spoken.RefuseAsync(context, malformed);
            return;
        }

        if (await kept.FindAsync(context, spoken, caller, ObjectKind.File, fileId, json => FileFacts.Parse(json).Provider) is not ({ } file, { } upstream))
        {
            return;
        }

        var facts = BatchFacts.Of(caller, upstream.Options.Name, fileId);
        var order = new BatchOrder(
            api, facts, caller, upstream, prices.Of(caller.Spender.Key.Org)!, currentRoutes.Get(), Instant.From(options.Time.GetUtcNow()));
        if (await FillAsync(context, order, caller.Spender.Key.Org, upstream, fileId) is { } refused) await spoken.RefuseAsync(context, refused);
        else await sending.SendAsync(context, api, caller, facts, order, upstream, body.Span.ToArray());
    }

    /// <summary>Creates a batch at Anthropic, whose lines are in the request itself.</summary>
    public async Task CreateMessagesAsync(HttpContext context)
    {
        var api = AnthropicBatches.Instance;
        if (await kept.EnterAsync(context, api.Dialect) is not { } caller || !await kept.HasRoomAsync(context, api.Dialect, caller, ObjectKind.Batch)) return;
        using var body = await RequestBody.ReadAsync(context);
        var routes = currentRoutes.Get();
        var refused = MessageLines.Read(body.Span, context.Request, routes, out var lines);
        if (refused is not null)
        {
            await api.Dialect.RefuseAsync(context, refused);
            return;
        }

        if (await ForeignAsync(context, caller, routes, body, lines!.Upstream) is { } foreign)
        {
            await api.Dialect.RefuseAsync(context, foreign);
            return;
        }

        var facts = BatchFacts.Of(caller, lines.Upstream.Options.Name, inputFile: null);
        var order = new BatchOrder(api, facts, caller, lines.Upstream, prices.Of(caller.Spender.Key.Org)!, routes, Instant.From(options.Time.GetUtcNow()));
        foreach (var (index, (customId, request)) in lines.Requests.Index())
        {
            refused ??= order.Add(customId, MessageLines.Endpoint, request) is { } wrong
                ? wrong with { Message = $"requests.{index}: {wrong.Message ?? wrong.Error.Title}" } : null;
        }

        if (refused is not null) await api.Dialect.RefuseAsync(context, refused);
        else await sending.SendAsync(context, api, caller, facts, order, lines.Upstream, lines.Rewritten);
    }

    /// <summary>Objects that the lines name must be the org's own, at the provider that gets the batch.</summary>
    private async Task<GatewayRefusal?> ForeignAsync(HttpContext context, GatewayCaller caller, Routes routes, RequestBody body, Upstream upstream)
    {
        if (MessageLines.Endpoint.ReadReferences(body.Span, out var named) is { } malformed) return malformed;
        var check =
            await references.CheckAsync(caller, routes, upstream.Options.Dialect, MessageLines.Endpoint.Scope, asked: null, named, context.RequestAborted);
        return check.RefusalAt(upstream);
    }

    /// <summary>Reads, cancels or deletes a batch.</summary>
    public async Task ReadAsync(HttpContext context, BatchApi api)
    {
        if (await FindAsync(context, api) is not ({ } batch, { } upstream)) return;
        var verb = context.Request.Path.Value!.EndsWith("/cancel", StringComparison.Ordinal) ? "/cancel" : "";
        if (HttpMethods.IsDelete(context.Request.Method) && !await IsSettledAsync(context, api, batch, upstream)) return;
        await kept.PassAsync(context, api.Dialect, batch.Object.Org, upstream, PathOf(api, batch) + verb, body: null, async (answer, word) =>
        {
            if (!await IsSettledAsync(batch, upstream, word)) await RefuseUnsettledAsync(context, api);
            else await AnswerRelay.WriteAsync(context, answer, api.Ours(word, context.Request, batch.Object.Id));
            return false;
        });
    }

    /// <summary>Relays the results of a batch at Anthropic, once its lines are charged.</summary>
    public async Task ResultsAsync(HttpContext context)
    {
        var api = AnthropicBatches.Instance;
        if (await FindAsync(context, api) is not ({ } batch, { } upstream)) return;
        if (await IsSettledAsync(context, api, batch, upstream))
        {
            await kept.StreamAsync(context, api.Dialect, batch.Object.Org, upstream, PathOf(api, batch) + "/results");
        }
    }

    /// <summary>Lists the org's own batches, newest first, each as the provider describes it now.</summary>
    public async Task ListAsync(HttpContext context, BatchApi api)
    {
        if (await kept.EnterAsync(context, api.Dialect) is not { } caller) return;
        var routes = currentRoutes.Get();
        var page = await ObjectPage.ReadAsync(context, api.Dialect, ledger.Read, caller.Spender.Key.Org, ObjectKind.Batch, row => IsOf(api, row, routes));
        if (page is not null) await page.WriteAsync(context, api.Dialect, DescribeAsync);

        async Task<ReadOnlyMemory<byte>?> DescribeAsync(KeptObject batch)
        {
            var upstream = routes.Upstream(BatchFacts.Parse(batch.Object.Body).Provider)!;
            using var word = await kept.AskAsync(batch.Object.Org, upstream, PathOf(api, batch));
            return word is not null && await IsSettledAsync(batch, upstream, word.Bytes)
                ? api.Ours(word.Bytes, context.Request, batch.Object.Id).ToArray() : null;
        }
    }

    private static bool IsOf(BatchApi api, KeptObject batch, Routes routes) =>
        !BatchSending.IsIntent(batch.Object) && routes.Upstream(BatchFacts.Parse(batch.Object.Body).Provider)?.Options.Dialect == api.Dialect.Spoken;

    private static string PathOf(BatchApi api, KeptObject batch) => $"{api.Path}/{Uri.EscapeDataString(batch.Object.Id)}";

    private static Task RefuseUnsettledAsync(HttpContext context, BatchApi api) =>
        api.Dialect.RefuseAsync(context, ApiError.StoreUnavailable, "The batch has ended. Its usage is not recorded yet, so its end is not shown.");

    private async Task<bool> IsSettledAsync(HttpContext context, BatchApi api, KeptObject batch, Upstream upstream)
    {
        using var word = await kept.AskAsync(batch.Object.Org, upstream, PathOf(api, batch));
        if (word is not null && await IsSettledAsync(batch, upstream, word.Bytes)) return true;
        if (word is null) await api.Dialect.RefuseAsync(context, ApiError.UpstreamFailed);
        else await RefuseUnsettledAsync(context, api);
        return false;
    }

    private async Task<LocatedObject?> FindAsync(HttpContext context, BatchApi api) =>
        await kept.EnterAsync(context, api.Dialect) is { } caller
            ? await kept.FindAsync(
                context, api.Dialect, caller, ObjectKind.Batch, (string)context.Request.RouteValues["id"]!, json => BatchFacts.Parse(json).Provider)
            : null;

    private async Task<bool> IsSettledAsync(KeptObject batch, Upstream upstream, ReadOnlyMemory<byte> word)
    {
        try
        {
            return await settlement.SeeAsync(batch, upstream, word);
        }
        catch (StoreUnavailableException)
        {
            return false;
        }
    }

    /// <summary>Reads the lines of the batch from the file at the provider.</summary>
    private async Task<GatewayRefusal?> FillAsync(HttpContext context, BatchOrder order, string org, Upstream upstream, string fileId)
    {
        using var deadline = kept.Deadline(upstream);
        var number = 0;
        try
        {
            using var answer = await upstream.SendAsync(
                org, HttpMethod.Get, $"/files/{Uri.EscapeDataString(fileId)}/content", content: null, new HeaderDictionary(), deadline.Token);
            if (!answer.IsSuccessStatusCode) return new(ApiError.UpstreamFailed, $"The provider did not give the file '{fileId}'.");
            await using var text = answer.OpenBody();
            await foreach (var json in LineReader.ReadAsync(text, options.Gateway.BodyBytesMax, deadline.Token))
            {
                number++;
                deadline.StartRead();
                if (BatchFile.IsBlank(json.Span)) continue;
                if ((BatchLine.Read(json.Span, "body"u8, hasUrl: true, out var line) ?? order.Add(context.Request, line, json.Span)) is { } refused)
                {
                    return refused with { Message = $"Line {number}: {refused.Message ?? refused.Error.Title}" };
                }
            }

            return order.Holds.Count > 0 ? null : new(ApiError.ParameterInvalid, "The file has no lines.", "input_file_id");
        }
        catch (Exception error) when (error is HttpRequestException or IOException or InvalidDataException or OperationCanceledException
            && !context.RequestAborted.IsCancellationRequested)
        {
            return new(UpstreamFault.NeverReached(error, deadline) ? ApiError.UpstreamUnreachable : ApiError.UpstreamFailed,
                $"The file '{fileId}' could not be read.");
        }
    }
}
