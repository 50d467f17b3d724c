using System.Text.Json.Serialization;
using Tieout.Core.Money;
using Tieout.Server.Attribution;
using Tieout.Server.Http;

namespace Tieout.Server.Tracing;

/// <summary>Everything that came of one id, in order of time.</summary>
/// <param name="FoundAs">correlation_id, operation_id or usage_id.</param>
/// <param name="Org">Null: refused requests of callers that belong to no org.</param>
/// <param name="Settled">No attempt is in flight any more.</param>
/// <param name="Charge">What it comes to: charges with their corrections.</param>
/// <param name="Envelopes">Each with its steps, and whether it is intact; empty: there was none.</param>
/// <param name="Truncated">There is more under this id than is shown.</param>
public sealed record TraceBody(
    string Id, string FoundAs, string? Org, string? Asset, IReadOnlyList<string> CorrelationIds, IReadOnlyList<string> TraceIds,
    IReadOnlyList<string> OperationIds,
    bool Settled, Amount Charge, IReadOnlyList<LineageBody> Envelopes, IReadOnlyList<TraceStepBody> Steps, bool Truncated, long AsOf);

/// <param name="Kind">refused, request, envelope, hold, hold_end, usage, posting, window, finding, message, delivery or invoice_line.</param>
/// <param name="Id">Of the row: a posting's number, a message's id, an invoice's number.</param>
/// <param name="What">In words.</param>
/// <param name="Amount">What this step held, charged or moved; null: no money.</param>
/// <param name="Commit">That made it durable; null: it follows from other rows.</param>
/// <param name="Hash">The commit's link of the chain, 64 hexadecimal digits.</param>
public sealed record TraceStepBody(
    string At, string Kind, string? Id, string What, Amount? Amount, string? OperationId, string? UsageId, int? AttemptNo, string? CorrelationId,
    string? TraceId,
    long? Commit, string? Hash);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(AmountConverter)])]
[JsonSerializable(typeof(TraceBody))]
[JsonSerializable(typeof(OperationBody))]
public sealed partial class TraceJson : JsonSerializerContext;
