using Microsoft.AspNetCore.Http;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Storage;

namespace Tieout.Server.Gateway.Batches;

/// <summary><c>/v1/batches</c>: what a batch may cost is held, line by line, before it leaves; what it used is charged, line by line, when it has ended.</summary>
internal sealed class BatchesGateway(ServerOptions options, KeptAtProvider kept, CurrentRoutes currentRoutes, BatchSettlement settlement, BatchSending sending, ILedger ledger)
{
    private const string Scope = "batches";

    private static readonly BatchApi Api = OpenAiBatches.Instance;

    private static Dialect Spoken => Api.Dialect;

    public async Task CreateAsync(HttpContext context)
    {
        if (await kept.EnterAsync(context, Spoken, Scope) is not { } caller) return;
        using var body = await RequestBody.ReadAsync(context);
        if (BatchCreation.Read(body.Span, out var fileId) is { } malformed)
        {
            await Spoken.RefuseAsync(context, malformed);
            return;
        }

        if (await kept.FindAsync(context, Spoken, caller, ObjectKind.File, fileId, json => FileFacts.Parse(json).Provider) is not ({ } file, { } upstream)) return;
        var facts = BatchFacts.Of(caller, upstream.Options.Name, fileId);
        var order = new BatchOrder(Api, facts, caller, upstream, currentRoutes.Get(), Instant.From(options.Time.GetUtcNow()));
        if (await FillAsync(context, order, upstream, fileId) is { } refused) await Spoken.RefuseAsync(context, refused);
        else await sending.SendAsync(context, Api, caller, facts, order, upstream, body.Span.ToArray());
    }

    public async Task ReadAsync(HttpContext context)
    {
        if (await FindAsync(context) is not ({ } batch, { } upstream)) return;
        var verb = context.Request.Path.Value!.EndsWith("/cancel", StringComparison.Ordinal) ? "/cancel" : "";
        await kept.PassAsync(context, Spoken, upstream, PathOf(batch) + verb, body: null, async (_, word) =>
        {
            if (await IsSettledAsync(batch, upstream, word)) return true;
            await Spoken.RefuseAsync(context, ApiError.StoreUnavailable, "The batch has ended, and what it used could not be recorded yet, so its end is not shown.");
            return false;
        });
    }

    /// <summary>The org's own batches, newest first, each as the provider describes it now.</summary>
    public async Task ListAsync(HttpContext context)
    {
        if (await kept.EnterAsync(context, Spoken, Scope) is not { } caller) return;
        var routes = currentRoutes.Get();
        var page = await ObjectPage.ReadAsync(context, Spoken, ledger.Read, caller.Spender.Key.Org, ObjectKind.Batch, row => IsOf(row, routes));
        if (page is not null) await page.WriteAsync(context, DescribeAsync);

        async Task<ReadOnlyMemory<byte>?> DescribeAsync(KeptObject batch)
        {
            var upstream = routes.Upstream(BatchFacts.Parse(batch.Object.Body).Provider)!;
            using var word = await kept.AskAsync(upstream, PathOf(batch));
            return word is not null && await IsSettledAsync(batch, upstream, word.Bytes) ? word.Bytes.ToArray() : null;
        }
    }

    private static bool IsOf(KeptObject batch, Routes routes) =>
        !BatchSending.IsIntent(batch.Object) && routes.Upstream(BatchFacts.Parse(batch.Object.Body).Provider)?.Options.Dialect == Spoken.Spoken;

    private static string PathOf(KeptObject batch) => $"{Api.Path}/{Uri.EscapeDataString(batch.Object.Id)}";

    private async Task<(KeptObject Kept, Upstream Upstream)?> FindAsync(HttpContext context) =>
        await kept.EnterAsync(context, Spoken, Scope) is { } caller
            ? await kept.FindAsync(context, Spoken, caller, ObjectKind.Batch, (string)context.Request.RouteValues["id"]!, json => BatchFacts.Parse(json).Provider)
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

    /// <summary>Reads what the batch asks for where it is: at the provider, line by line.</summary>
    private async Task<GatewayRefusal?> FillAsync(HttpContext context, BatchOrder order, Upstream upstream, string fileId)
    {
        using var patience = kept.Patience(upstream);
        var number = 0;
        try
        {
            using var answer = await upstream.SendAsync(HttpMethod.Get, $"/files/{Uri.EscapeDataString(fileId)}/content", content: null, new HeaderDictionary(), patience.Token);
            if (!answer.IsSuccessStatusCode) return new(ApiError.UpstreamFailed, $"The provider did not give the file '{fileId}'.");
            await using var text = await answer.Content.ReadAsStreamAsync(patience.Token);
            await foreach (var json in LineReader.ReadAsync(text, options.Gateway.BodyBytesMax, patience.Token))
            {
                number++;
                patience.Read();
                if (BatchFile.IsBlank(json.Span)) continue;
                if ((BatchLine.Read(json.Span, "body"u8, hasUrl: true, out var line) ?? order.Add(context.Request, line, json.Span)) is { } refused)
                {
                    return refused with { Message = $"Line {number}: {refused.Message ?? refused.Error.Title}" };
                }
            }

            return order.Holds.Count > 0 ? null : new(ApiError.ParameterInvalid, "The file has no lines.", "input_file_id");
        }
        catch (Exception error) when (error is HttpRequestException or IOException or InvalidDataException or OperationCanceledException && !context.RequestAborted.IsCancellationRequested)
        {
            return new(UpstreamFault.NeverReached(error, patience) ? ApiError.UpstreamUnreachable : ApiError.UpstreamFailed, $"The file '{fileId}' could not be read.");
        }
    }
}
