using System.Text.Json;
using System.Text.Json.Serialization;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Metering;

/// <summary>One row of a list of usage: a usage record with its charge, or a posting that corrects that charge. <see cref="UsageColumns"/> has the same
/// members as columns.</summary>
/// <param name="InputTokens">A total; cache reads and writes are parts of it. A correction has no tokens.</param>
/// <param name="OutputTokens">A total; reasoning is part of it.</param>
/// <param name="Charge">What the row adds to what the org pays: below zero for a reversal. The charges of a list sum to the ledger's postings.</param>
/// <param name="Basis">reported, estimated, failed or imported: zero, nothing and estimated are different things.</param>
/// <param name="Unpriced">No price was known: the charge of zero is not a price.</param>
/// <param name="UsageFlags">What is odd about the counts; empty: nothing.</param>
/// <param name="ControlPlaneComponent">Whether the component steers work instead of doing it; null, as its neighbours: the usage is not of a runtime.</param>
/// <param name="EffectiveAt">The time the row counts in; differs from <paramref name="OccurredAt"/> when that period was closed.</param>
/// <param name="Seq">Number of the usage record, also in the rows that correct it.</param>
/// <param name="Kind">usage, reversal or re_entry.</param>
/// <param name="PostingSeq">Number of the posting that corrects; null: the row is a usage record.</param>
/// <param name="Reason">Why the correction was made.</param>
/// <param name="ProviderCost">What the provider takes; null: a tenant reads, and neither the member nor its column is there.</param>
public sealed record UsageLine(
    string UsageId, string OperationId, string OccurredAt, string OrgId, string? ProjectId, string? TeamId, string? KeyId, string? UserId, string? Feature,
    string UsageSource, string? TriggerType, string? Provider, string? Model, long InputTokens, long CacheReadTokens, long CacheWriteTokens, long OutputTokens,
    long ReasoningTokens, Amount Charge, string? CorrelationId, string? TraceId, string Basis,
    int AttemptNo, string? WorkflowId, int StatusCode, int DurationMs, bool Unpriced, string UsageFlags, string ChargeFlags, string? MoreUnits,
    string EffectiveAt, string RecordedAt, long Seq, string? AppInstanceId, string? RuntimeComponent, bool? ControlPlaneComponent,
    string? OperatingMode, string? ControlPlaneScope, string? RuntimeBackend,
    string Kind = EntryKind.Usage, long? PostingSeq = null, string? Reason = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Amount? ProviderCost = null)
{
    internal static UsageLine From(UsageRow row, Viewer viewer) => From(new UsageEntry(row), viewer);

    internal static UsageLine From(UsageEntry entry, Viewer viewer)
    {
        var (row, usage, labels, isUsage) = (entry.Usage, entry.Usage.Usage, entry.Usage.Usage.Labels, entry.Correction is null);
        var counts = isUsage ? usage.Counts : default;
        return new(
            usage.Id.ToString(), usage.OperationId, usage.OccurredAt.ToString(), labels.Org, labels.Project, labels.Team, labels.Key, usage.EndUser,
            labels.Feature,
            SnakeCase.Of(labels.Source), labels.Trigger, labels.Provider, labels.Model, counts.InputTokens, counts.CacheReadTokens, counts.CacheWriteTokens,
            counts.OutputTokens, counts.ReasoningTokens, entry.Charge, usage.CorrelationId, usage.TraceId,
            SnakeCase.Of(usage.Basis),
            usage.AttemptNo, usage.WorkflowId, usage.StatusCode, usage.DurationMs, row.Flags.HasFlag(Core.Ledger.ChargeFlags.Unpriced),
            FlagNames.Of(usage.Flags), FlagNames.Of(row.Flags), counts.More, entry.EffectiveAt.ToString(), entry.RecordedAt.ToString(), row.Seq,
            labels.Runtime?.AppInstance, labels.Runtime?.Component, labels.Runtime?.IsControlPlane, labels.Runtime?.OperatingMode,
            labels.Runtime?.ControlPlaneScope, labels.Runtime?.Backend, EntryKind.Of(entry), entry.Correction?.Posting.Seq, entry.Correction?.Posting.Reason,
            viewer != Viewer.Platform ? null : isUsage ? row.ProviderCost : Amount.Zero);
    }

    /// <summary>As cells of a table with all columns; null: empty.</summary>
    internal IEnumerable<string?> Cells()
    {
        var members = JsonSerializer.SerializeToElement(this, MeteringJson.Default.UsageLine);
        return UsageColumns.NamesFor(Viewer.Platform).Select(name => !members.TryGetProperty(name, out var value) ? null : value.ValueKind switch
        {
            JsonValueKind.Null => null,
            JsonValueKind.String => value.GetString(),
            _ => value.GetRawText(),
        });
    }
}
