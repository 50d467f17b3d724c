using Tieout.Core.Metering;

namespace Tieout.Core.Ledger.Tables;

public readonly struct UsageTable : IChainedTable<UsageRow>
{
    public static string Name => "usage";
    public static byte Tag => 7;
    public static string Key => "seq";
    public static string? Last => "last_usage";
    public static UsageRow Blank { get; } = new(
        0, new(default, new() { Org = "", Source = UsageSource.Gateway }, "", 0, null, null, null, null, default, 0, 0, default, default, default), 0, 0,
        default, default, default, default, default, 0);
    public static IReadOnlyList<UsageRow> Rows(WriteSet writes) => writes.Usage;
    public static long Number(UsageRow row) => row.Seq;
    public static long LastIn(in Sequences last) => last.Usage;
    public static string Describe(UsageRow row) => $"{row.Seq} ({row.Usage.Id})";

    public static void Write<TColumns>(ref TColumns to, UsageRow row)
        where TColumns : struct, IColumns
    {
        var usage = row.Usage;
        var counts = usage.Counts;
        to.Long("seq", row.Seq);
        to.Id("id", usage.Id.Value);
        to.Int("attribution", row.Labels);
        to.Text("operation_id", usage.OperationId);
        to.Int("attempt_no", usage.AttemptNo);
        to.OptionalText("workflow_id", usage.WorkflowId);
        to.OptionalText("correlation_id", usage.CorrelationId);
        to.OptionalText("trace_id", usage.TraceId);
        to.OptionalText("end_user", usage.EndUser);
        to.Long("occurred_at", usage.OccurredAt.UnixMicros);
        to.Int("duration_ms", usage.DurationMs);
        to.Int("status_code", usage.StatusCode);
        to.Long("input_tokens", counts.InputTokens);
        to.Long("cache_read_tokens", counts.CacheReadTokens);
        to.Long("cache_write_tokens", counts.CacheWriteTokens);
        to.Long("output_tokens", counts.OutputTokens);
        to.Long("reasoning_tokens", counts.ReasoningTokens);
        to.OptionalText("more", counts.More);
        to.Int("basis", (int)usage.Basis);
        to.Int("flags", (int)usage.Flags);
        to.Int("price", row.Price);
        to.Nanos("provider_cost", row.ProviderCost);
        to.Nanos("charge", row.Charge);
        to.Int("charge_flags", (int)row.Flags);
        to.Long("effective_at", row.EffectiveAt.UnixMicros);
        to.Long("recorded_at", row.RecordedAt.UnixMicros);
        to.Crc(row.Crc);
    }
}
