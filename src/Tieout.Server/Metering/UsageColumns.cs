using System.Text;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Metering;

/// <summary>Takes the values of a row one after another, each under the name of its column in UTF-8.</summary>
internal interface IUsageColumns
{
    void Text(ReadOnlySpan<byte> name, string? value);

    void Id(ReadOnlySpan<byte> name, Guid value);

    void Time(ReadOnlySpan<byte> name, Instant value);

    void Number(ReadOnlySpan<byte> name, long? value);

    void Amount(ReadOnlySpan<byte> name, Amount value);

    void Flag(ReadOnlySpan<byte> name, bool? value);
}

/// <summary>The columns of an export of usage, in order. <see cref="UsageLine"/> has the same as members.</summary>
internal static class UsageColumns
{
    private static readonly UsageEntry Blank = new(Core.Ledger.Tables.UsageTable.Blank);

    public static IReadOnlyList<string> NamesFor(Viewer viewer)
    {
        var names = new Names([]);
        Write(ref names, Blank, viewer);
        return names.All;
    }

    /// <summary>What was used counts once, in the row of the usage: a correction has no tokens and no provider cost.</summary>
    public static void Write<TTo>(ref TTo to, in UsageEntry entry, Viewer viewer)
        where TTo : struct, IUsageColumns
    {
        var (row, usage) = (entry.Usage, entry.Usage.Usage);
        var (labels, isUsage) = (usage.Labels, entry.Correction is null);
        var counts = isUsage ? usage.Counts : default;
        to.Id("usage_id"u8, usage.Id.Value);
        to.Text("operation_id"u8, usage.OperationId);
        to.Time("occurred_at"u8, usage.OccurredAt);
        to.Text("org_id"u8, labels.Org);
        to.Text("project_id"u8, labels.Project);
        to.Text("team_id"u8, labels.Team);
        to.Text("key_id"u8, labels.Key);
        to.Text("user_id"u8, usage.EndUser);
        to.Text("feature"u8, labels.Feature);
        to.Text("usage_source"u8, SnakeCase.Of(labels.Source));
        to.Text("trigger_type"u8, labels.Trigger);
        to.Text("provider"u8, labels.Provider);
        to.Text("model"u8, labels.Model);
        to.Number("input_tokens"u8, counts.InputTokens);
        to.Number("cache_read_tokens"u8, counts.CacheReadTokens);
        to.Number("cache_write_tokens"u8, counts.CacheWriteTokens);
        to.Number("output_tokens"u8, counts.OutputTokens);
        to.Number("reasoning_tokens"u8, counts.ReasoningTokens);
        if (viewer == Viewer.Platform) to.Amount("provider_cost"u8, isUsage ? row.ProviderCost : Amount.Zero);
        to.Amount("charge"u8, entry.Charge);
        to.Text("correlation_id"u8, usage.CorrelationId);
        to.Text("trace_id"u8, usage.TraceId);
        to.Text("basis"u8, SnakeCase.Of(usage.Basis));
        to.Number("attempt_no"u8, usage.AttemptNo);
        to.Text("workflow_id"u8, usage.WorkflowId);
        to.Number("status_code"u8, usage.StatusCode);
        to.Number("duration_ms"u8, usage.DurationMs);
        to.Flag("unpriced"u8, row.Flags.HasFlag(ChargeFlags.Unpriced));
        to.Text("usage_flags"u8, FlagNames.Of(usage.Flags));
        to.Text("charge_flags"u8, FlagNames.Of(row.Flags));
        to.Text("more_units"u8, counts.More);
        to.Time("effective_at"u8, entry.EffectiveAt);
        to.Time("recorded_at"u8, entry.RecordedAt);
        to.Number("seq"u8, row.Seq);
        WriteRuntime(ref to, labels.Runtime);
        to.Text("kind"u8, EntryKind.Of(entry));
        to.Number("posting_seq"u8, entry.Correction?.Posting.Seq);
        to.Text("reason"u8, entry.Correction?.Posting.Reason);
    }

    private static void WriteRuntime<TTo>(ref TTo to, RuntimeLabels? runtime)
        where TTo : struct, IUsageColumns
    {
        to.Text("app_instance_id"u8, runtime?.AppInstance);
        to.Text("runtime_component"u8, runtime?.Component);
        to.Flag("control_plane_component"u8, runtime?.IsControlPlane);
        to.Text("operating_mode"u8, runtime?.OperatingMode);
        to.Text("control_plane_scope"u8, runtime?.ControlPlaneScope);
        to.Text("runtime_backend"u8, runtime?.Backend);
    }

    private readonly struct Names(List<string> all) : IUsageColumns
    {
        public List<string> All => all;

        public void Text(ReadOnlySpan<byte> name, string? value) => Add(name);

        public void Id(ReadOnlySpan<byte> name, Guid value) => Add(name);

        public void Time(ReadOnlySpan<byte> name, Instant value) => Add(name);

        public void Number(ReadOnlySpan<byte> name, long? value) => Add(name);

        public void Amount(ReadOnlySpan<byte> name, Amount value) => Add(name);

        public void Flag(ReadOnlySpan<byte> name, bool? value) => Add(name);

        private void Add(ReadOnlySpan<byte> name) => all.Add(Encoding.UTF8.GetString(name));
    }
}

/// <summary>How a list names the kinds of its rows.</summary>
internal static class EntryKind
{
    public const string Usage = "usage";

    /// <summary>usage, reversal or re_entry.</summary>
    public static string Of(in UsageEntry entry) => entry.Correction is { } correction ? SnakeCase.Of(correction.Posting.Kind) : Usage;
}

/// <summary>Flags as text, for example <c>late unpriced</c>; empty: none.</summary>
internal static class FlagNames
{
    public static string Of(UsageFlags flags) => flags == UsageFlags.None ? "" : Names(flags);

    public static string Of(ChargeFlags flags) => flags == ChargeFlags.None ? "" : Names(flags);

    private static string Names<T>(T flags)
        where T : struct, Enum => string.Join(' ', flags.ToString().Split(", ").Select(System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName));
}
