using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tieout.Core.Ledger;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Gateway.Batches;

/// <summary>Sends a batch whose lines are held for, so that it is found again if its request fails.</summary>
/// <remarks>
/// First the holds, then the intent, then the request, then the batch under the provider's id. A failure between the last two leaves an
/// intent without a batch: <see cref="RecoverAsync"/> searches the provider's own list for it.
/// </remarks>
internal sealed partial class BatchSending(ServerOptions options, KeptAtProvider kept, BatchHolds holds, ILedger ledger, ILogger<BatchSending> logger)
{
    private const string IntentPrefix = "sending_";

    /// <summary>Difference allowed between our clock and the provider's.</summary>
    private const long ClockSkewSeconds = 120;

    /// <summary>A batch that is not in the provider's list by then was never made.</summary>
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromMinutes(15);

    public static bool IsIntent(ProviderObject batch) => batch.Id.StartsWith(IntentPrefix, StringComparison.Ordinal);

    public async Task SendAsync(
        HttpContext context, BatchApi api, GatewayCaller caller, BatchFacts facts, BatchOrder order, Upstream upstream, ReadOnlyMemory<byte> body)
    {
        if (QueryRules.Of(api.Dialect).Read(context.Request.QueryString, out var query) is { } unknown)
        {
            await api.Dialect.RefuseAsync(context, unknown);
            return;
        }

        // Nothing is sent before all lines are held for (M2).
        var hold = await holds.PlaceAsync(order);
        var refused = hold.Refused;
        var key = caller.Spender.Key;
        var intent = new ProviderObject(
            key.Org, ObjectKind.Batch, IntentPrefix + facts.Seed.ToString("n"), key.Id, Attempt: null, caller.OperationId, IsPending: true, facts.ToJson());
        if (refused is null && !await TryAsync([new Command.KeepObject(intent)]))
        {
            await holds.ReleaseAsync(order.Attempts);
            refused = new(ApiError.StoreUnavailable);
        }

        if (refused is not null)
        {
            await api.Dialect.RefuseAsync(context, refused);
            return;
        }

        context.Response.Headers["Tieout-Operation"] = caller.OperationId;
        AnswerHeaders.WriteRemaining(context.Response.Headers, hold.Figures!);
        await ForwardAsync(context, api, intent, order, upstream, query, body);
    }

    /// <summary>Searches for the batch of an intent whose request was never answered.</summary>
    public async Task RecoverAsync(KeptObject intent, Upstream upstream)
    {
        var facts = BatchFacts.Parse(intent.Object.Body);
        var api = BatchApi.For(Dialect.For(upstream.Options.Dialect));
        var age = options.Time.GetUtcNow() - intent.Row.RecordedAt.ToDateTimeOffset();

        // The request of a younger intent may still be running, and will record its batch itself.
        var onItsWay = Timeouts.Of(new(), upstream.Options.Timeouts, options.Gateway).Total;
        if (facts.InputFile is null || age < onItsWay) return;
        using var list = await kept.AskAsync(intent.Object.Org, upstream, api.Path + "?limit=100");
        if (list is null) return;
        var from = intent.Row.RecordedAt.ToDateTimeOffset().ToUnixTimeSeconds() - ClockSkewSeconds;
        foreach (var id in Candidates(list.Bytes, facts.InputFile, from))
        {
            if (!ProviderObject.IsValidId(id) || await ledger.Read.ObjectAsync(intent.Object.Org, ObjectKind.Batch, id, CancellationToken.None) is not null)
            {
                continue;
            }

            LogFound(id);
            await TryAsync([new Command.KeepObject(intent.Object with { Id = id }), Over(intent.Object)]);
            return;
        }

        if (age < onItsWay + GiveUpAfter) return;
        await AbandonAsync(
            intent.Object, ledger.Read.OpenHolds(intent.Object.Org).Where(hold => facts.Has(hold.Id, hold.OperationId)).Select(hold => hold.Id).ToList());
    }

    private async Task ForwardAsync(
        HttpContext context, BatchApi api, ProviderObject intent, BatchOrder order, Upstream upstream, string query, ReadOnlyMemory<byte> body)
    {
        using var deadline = kept.Deadline(upstream);
        var ids = order.Attempts;
        try
        {
            var http = context.Request;
            using var answer = await upstream.SendAsync(intent.Org, HttpMethod.Post, api.Path + query, body, http.Headers, deadline.Token);
            using var whole = await WholeAnswer.ReadAsync(answer, deadline);
            if ((int)answer.StatusCode is >= 400 and < 500)
            {
                await AbandonAsync(intent, ids);
                await AnswerRelay.WriteAsync(context, answer, whole.Bytes);
            }
            else if (!answer.IsSuccessStatusCode || !whole.IsWhole
                || Encoding.UTF8.GetString(JsonMember.Text(whole.Bytes.Span, "id"u8)) is not { Length: > 0 } id)
            {
                await RefuseUnknownAsync(context, api, ApiError.UpstreamFailed);
            }
            else if (await TryAsync([new Command.KeepObject(intent with { Id = id }), Over(intent)]))
            {
                await AnswerRelay.WriteAsync(context, answer, whole.Bytes);
            }
            else
            {
                await RefuseUnknownAsync(context, api, ApiError.StoreUnavailable);
            }
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException
            && !context.RequestAborted.IsCancellationRequested)
        {
            var neverSent = UpstreamFault.NeverReached(error, deadline);
            if (neverSent) await AbandonAsync(intent, ids);
            if (neverSent) await api.Dialect.RefuseAsync(context, ApiError.UpstreamUnreachable);
            else await RefuseUnknownAsync(context, api, deadline.IsOver ? ApiError.UpstreamTimeout : ApiError.UpstreamFailed);
        }
    }

    /// <summary>Ends an intent whose batch was certainly not created.</summary>
    private async Task AbandonAsync(ProviderObject intent, IEnumerable<Core.Metering.AttemptId> lines)
    {
        await holds.ReleaseAsync(lines);
        await TryAsync([Over(intent)]);
    }

    private static Task RefuseUnknownAsync(HttpContext context, BatchApi api, ApiError error) =>
        api.Dialect.RefuseAsync(context, error, "It is not known whether the batch was created. If it was, it appears in the list of batches and is charged.");

    private static Command.EndObject Over(ProviderObject intent) => new(intent.Org, intent.Kind, intent.Id, """{"over":true}""");

    private async Task<bool> TryAsync(IReadOnlyList<Command> commands)
    {
        try
        {
            var outcomes = await ledger.SubmitAsync(commands, CancellationToken.None);
            return outcomes.All(outcome => outcome is not Outcome.Refused);
        }
        catch (StoreUnavailableException unavailable)
        {
            LogNotKept(unavailable.Message);
            return false;
        }
    }

    /// <summary>Batches of the same file in the provider's list that were created since, oldest first, so that each intent finds its own.</summary>
    private static List<string> Candidates(ReadOnlyMemory<byte> list, string inputFile, long fromUnixSeconds)
    {
        try
        {
            using var json = JsonDocument.Parse(list);
            return
            [
                .. json.RootElement.GetProperty("data").EnumerateArray()
                    .Where(batch => batch.GetProperty("input_file_id").GetString() == inputFile
                        && batch.GetProperty("created_at").GetInt64() >= fromUnixSeconds)
                    .OrderBy(batch => batch.GetProperty("created_at").GetInt64())
                    .Select(batch => batch.GetProperty("id").GetString()!),
            ];
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return [];
        }
    }

    [LoggerMessage(EventId = LogEvents.BatchFoundAgain, Level = LogLevel.Warning,
        Message = "The batch {Id} was created although its client got no answer; it is followed now")]
    private partial void LogFound(string id);

    [LoggerMessage(EventId = LogEvents.BatchNotRecorded, Level = LogLevel.Error, Message = "A batch could not be recorded, and is looked for later: {Reason}")]
    private partial void LogNotKept(string reason);
}
