using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Pricing;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Gateway;

/// <summary>Records which org owns a response that a provider stores, and which responses are still to be charged. Both are objects of the ledger, so they
/// survive a restart.</summary>
internal sealed partial class StoredResponses(
    IObjectsReader objects, IAttemptsReader attempts, CurrentPrices prices, CurrentRoutes routes, SettlementSpool spool, TimeProvider time,
    ILogger<StoredResponses> logger)
{
    /// <summary>Some 5 MB of the newest objects, so that one that is still in the spool is found. At this many, all are forgotten: the ledger has
    /// them.</summary>
    private const int RecentMax = 10_000;

    private readonly ConcurrentDictionary<(string Org, ObjectKind Kind, string Id), ProviderObject> _recent = new();

    // Of many clients that ask for one response at once, one settles it.
    private readonly SemaphoreSlim[] _settling = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1))];

    /// <summary>Commands that record what the provider stores since an answer: the answer itself, and the objects that it made.</summary>
    public IReadOnlyList<Command.KeepObject> Keep(GatewayAttempt attempt, long promptBytes, AnswerReader reader)
    {
        if (reader is { StoredId: null, Made.Count: 0 }) return [];
        var kept = new List<Command.KeepObject>();
        if (reader.StoredId is { } id && ProviderObject.IsValidId(id)) kept.Add(KeepAnswer(attempt, promptBytes, reader, id));
        var (key, provider) = (attempt.Caller.Spender.Key, attempt.Record.Upstream.Options.Name);
        foreach (var (kind, made) in reader.Made)
        {
            if (!ProviderObject.IsValidId(made) || FindRecent(key.Org, kind, made) is not null) continue;
            var body = JsonSerializer.Serialize(new MadeObject(provider), StoredJson.Default.MadeObject);
            kept.Add(new(Remember(new(key.Org, kind, made, key.Id, Attempt: null, OperationId: null, IsPending: false, body))));
        }

        return kept;
    }

    /// <summary>An object made a short time ago, which may not be durable yet; null: ask the ledger.</summary>
    public ProviderObject? FindRecent(string org, ObjectKind kind, string id) => _recent.GetValueOrDefault((org, kind, id));

    private Command.KeepObject KeepAnswer(GatewayAttempt attempt, long promptBytes, AnswerReader reader, string id)
    {
        var record = attempt.Record;
        var body = JsonSerializer.Serialize(
            reader.IsPending
                ? new StoredResponse(record.Upstream.Options.Name, record.Model, promptBytes, record.AttemptNo, record.WorkflowId, record.CorrelationId,
                    record.TraceId, record.OccurredAt.UnixMicros)
                : new StoredResponse(record.Upstream.Options.Name, record.Model),
            StoredJson.Default.StoredResponse);
        var key = attempt.Caller.Spender.Key;
        return new(Remember(new(key.Org, ObjectKind.Response, id, key.Id, attempt.Id, record.OperationId, reader.IsPending, body)));
    }

    private ProviderObject Remember(ProviderObject kept)
    {
        if (_recent.Count >= RecentMax) _recent.Clear();
        return _recent[(kept.Org, kept.Kind, kept.Id)] = kept;
    }

    /// <returns>Null: no such response, or another org owns it. The client must not learn which.</returns>
    public async Task<ProviderObject?> FindAsync(string org, string id, CancellationToken cancellationToken)
    {
        if (await objects.ObjectAsync(org, ObjectKind.Response, id, cancellationToken) is { } kept)
        {
            return kept.IsPending ? kept.Object : kept.Object with { IsPending = false };
        }

        return FindRecent(org, ObjectKind.Response, id);
    }

    /// <summary>The provider that stores an object; null: the provider is no longer configured.</summary>
    public Upstream? Upstream(ProviderObject kept) => routes.Get().Upstream(Read(kept).Provider);

    /// <summary>Charges a pending response once, if this answer of its provider shows it finished.</summary>
    /// <returns>Null: nothing was charged, because the response is not finished or is charged already.</returns>
    public async Task<Settlement?> SettleAsync(ProviderObject kept, ReadOnlyMemory<byte> answer, int status)
    {
        if (!kept.IsPending || kept.Attempt is not { } id || Upstream(kept) is not { } upstream) return null;
        var gate = _settling[(kept.Id.GetHashCode(StringComparison.Ordinal) & int.MaxValue) % _settling.Length];
        await gate.WaitAsync();
        try
        {
            if (await attempts.AttemptAsync(kept.Org, id, CancellationToken.None) is not { Hold: { } hold } attempt) return null;
            if (attempt.Usage is not null)
            {
                // The response is charged, but the server ended before it recorded the end of the object.
                await spool.FinishAsync([End(kept)]);
                return null;
            }

            var stored = Read(kept);
            var record = Record(stored, hold, upstream);
            var meter = new UsageMeter(record.Prices.Reader("responses"), stored.PromptBytes, record.Price);
            var reader = new ResponsesAnswerReader(meter);
            reader.Whole(answer.Span);
            if (reader.IsPending || reader.StoredId is null || FindRecent(kept.Org, ObjectKind.Response, kept.Id) is { IsPending: false }) return null;
            var settle = record.Settle(status, meter.Finish(whole: true),
                TimeSpan.FromMicroseconds(Instant.From(time.GetUtcNow()).UnixMicros - record.OccurredAt.UnixMicros), hold.Amount,
                routes.Get().Options.Gateway.Claims);
            var outcomes = await spool.FinishAsync([settle, End(kept)]);

            // A settlement that waits in the spool counts too: the response must not be metered twice.
            _recent[(kept.Org, ObjectKind.Response, kept.Id)] = kept with { IsPending = false };
            if (outcomes?[0] is Outcome.Refused refused) LogNotSettled(kept.Id, refused.Reason);
            return new(outcomes?[0]);
        }
        finally
        {
            gate.Release();
        }
    }

    private static Command.EndObject End(ProviderObject kept) => new(kept.Org, ObjectKind.Response, kept.Id, "{\"settled\":true}");

    private static StoredResponse Read(ProviderObject kept) => JsonSerializer.Deserialize(kept.Body, StoredJson.Default.StoredResponse)!;

    /// <summary>Restores the facts of the attempt from its hold and from the stored response.</summary>
    private AttemptRecord Record(StoredResponse stored, Hold hold, Upstream upstream)
    {
        var own = new AttemptPrices(prices.Of(hold.Scope.Org)!, upstream, new Instant(stored.OccurredAt));
        return new(
            hold.Id, hold.OperationId, stored.AttemptNo, stored.Workflow, stored.Correlation, stored.Trace, hold.EndUser,
            stored.Model, own.Of(stored.Model).Price, own, new(hold));
    }

    [LoggerMessage(EventId = LogEvents.ResponseNotSettled, Level = LogLevel.Error,
        Message = "The settlement of the response {Response} was refused: {Refusal}")]
    private partial void LogNotSettled(string response, Refusal refusal);
}

/// <param name="Outcome">Null: the settlement is not durable yet.</param>
internal sealed record Settlement(Outcome? Outcome);

/// <summary>Facts that settling a response needs and its hold does not have. A response that is charged already needs only its provider.</summary>
/// <param name="PromptBytes">For an estimate.</param>
internal sealed record StoredResponse(
    string Provider, string Model, long PromptBytes = 0, int AttemptNo = 0, string? Workflow = null, string? Correlation = null, string? Trace = null,
    long OccurredAt = 0);

/// <summary>The provider that stores an object which costs nothing by itself.</summary>
internal sealed record MadeObject(string Provider);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(StoredResponse))]
[JsonSerializable(typeof(MadeObject))]
internal sealed partial class StoredJson : JsonSerializerContext;
