namespace Tieout.Core.Ledger;

/// <summary>The fields of each kind of row, in their order, behind the tag of the kind.</summary>
public sealed partial class RowBytes
{
    public uint Add(SettingRow row)
    {
        Row(1);
        Long(row.Seq);
        Long((long)row.Kind);
        Text(row.Org);
        Text(row.Name);
        Text(row.Body);
        Long(row.AfterHold);
        Long(row.RecordedAt.UnixMicros);
        return Crc();
    }

    public uint Add(LabelsRow row)
    {
        var labels = row.Labels;

        // A tag of its own, so that labels without a runtime have the bytes they always had.
        Row(labels.Runtime is null ? (byte)2 : (byte)14);
        Long(row.No);
        Text(labels.Org);
        Text(labels.Project);
        Text(labels.Team);
        Text(labels.Key);
        Text(labels.Feature);
        Text(labels.Provider);
        Text(labels.Model);
        Long((long)labels.Source);
        Text(labels.Trigger);
        if (labels.Runtime is { } runtime)
        {
            Text(runtime.AppInstance);
            Text(runtime.Component);
            Long(runtime.IsControlPlane ? 1 : 0);
            Text(runtime.OperatingMode);
            Text(runtime.ControlPlaneScope);
            Text(runtime.Backend);
        }

        return Crc();
    }

    public uint Add(PriceRow row)
    {
        Row(3);
        Long(row.No);
        Text(row.Json);
        return Crc();
    }

    public uint Add(CommandRow row)
    {
        Row(4);
        Text(row.Org);
        Text(row.Id);
        Text(row.Content);
        Long(row.Posting);
        return Crc();
    }

    public uint Add(Hold hold)
    {
        Row(5);
        Id(hold.Id);
        Long(hold.Seq);
        Long(hold.Labels);
        Text(hold.EndUser);
        Text(hold.OperationId);
        Nanos(hold.Amount);
        Long(hold.HeldAt.UnixMicros);
        Long(hold.ExpiresAt.UnixMicros);
        return Crc();
    }

    public uint Add(HoldEnd end)
    {
        Row(6);
        Long(end.Hold.Seq);
        Long((long)end.State);
        Long(end.EndedAt.UnixMicros);
        return Crc();
    }

    public uint Add(UsageRow row)
    {
        var usage = row.Usage;
        var counts = usage.Counts;
        Row(7);
        Long(row.Seq);
        Id(usage.Id);
        Long(row.Labels);
        Text(usage.OperationId);
        Long(usage.AttemptNo);
        Text(usage.WorkflowId);
        Text(usage.CorrelationId);
        Text(usage.TraceId);
        Text(usage.EndUser);
        Long(usage.OccurredAt.UnixMicros);
        Long(usage.DurationMs);
        Long(usage.StatusCode);
        Long(counts.InputTokens);
        Long(counts.CacheReadTokens);
        Long(counts.CacheWriteTokens);
        Long(counts.OutputTokens);
        Long(counts.ReasoningTokens);
        Text(counts.More);
        Long((long)usage.Basis);
        Long((long)usage.Flags);
        Long(row.Price);
        Nanos(row.ProviderCost);
        Nanos(row.Charge);
        Long((long)row.Flags);
        Long(row.EffectiveAt.UnixMicros);
        Long(row.RecordedAt.UnixMicros);
        return Crc();
    }

    public uint Add(in Posting posting)
    {
        Row(8);
        Long(posting.Seq);
        Long((long)posting.Kind);
        Text(posting.Org);
        Long(posting.Debit);
        Long(posting.Credit);
        Nanos(posting.Amount);
        Long(posting.UsageSeq);
        Text(posting.CommandId);
        Long(posting.Reverses);
        Text(posting.Reason);
        Long(posting.EffectiveAt.UnixMicros);
        Long(posting.RecordedAt.UnixMicros);
        Long(posting.IsPostingRepair ? 1 : 0);
        return Crc();
    }

    public uint Add(FindingRow row)
    {
        Row(9);
        Long(row.Seq);
        Text(row.Code.Name);
        Text(row.Code.Severity);
        Text(row.Org);
        if (row.Attempt is { } attempt) Id(attempt);
        else Long(0);
        Text(row.Detail);
        Long(row.RecordedAt.UnixMicros);
        return Crc();
    }

    public uint Add(OutboxRow row)
    {
        Row(10);
        Long(row.Seq);
        Text(row.Id);
        Text(row.Org);
        Text(row.Type);
        Text(row.Body);
        Long(row.RecordedAt.UnixMicros);
        return Crc();
    }

    public uint Add(ObjectRow row)
    {
        var what = row.Object;
        Row(11);
        Long(row.Seq);
        Text(what.Org);
        Long((long)what.Kind);
        Text(what.Id);
        Text(what.Key);
        if (what.Attempt is { } attempt) Id(attempt);
        else Long(0);
        Text(what.OperationId);
        Long(what.IsPending ? 1 : 0);
        Text(what.Body);
        Long(row.RecordedAt.UnixMicros);
        return Crc();
    }

    public uint Add(ObjectEnd end)
    {
        Row(12);
        Long(end.Object.Seq);
        Text(end.Body);
        Long(end.EndedAt.UnixMicros);
        return Crc();
    }

    public uint Add(LineageEntry entry)
    {
        var row = entry.Row;
        Row(13);
        Long(entry.Seq);
        Text(entry.Org);
        Text(entry.OperationId);
        Text(row.Issuance);
        Long(row.No);
        Text(entry.KeyId);
        Bytes(entry.TokenSha256);
        Long((long)row.Step.Kind);
        Text(row.Step.Id);
        Long(row.Step.AttemptNo);
        Text(row.Step.Executor);
        Text(row.Step.Target);
        Long(row.Step.At.UnixMicros);
        Bytes(row.Link);
        return Crc();
    }

    public uint Add(AuditRow row)
    {
        Row(15);
        Long(row.Seq);
        Text(row.Org);
        Text(row.Actor.Id);
        Text(row.Actor.Role);
        Text(row.Actor.CorrelationId);
        Text(row.Actor.Address);
        Text(row.Actor.Agent);
        Text(row.Action);
        Text(row.Target);
        Text(row.Before);
        Text(row.After);
        Text(row.Outcome);
        Long(row.RecordedAt.UnixMicros);
        return Crc();
    }

    public uint Add(RecordRow row)
    {
        Row(16);
        Long(row.Seq);
        Long((long)row.Kind);
        Text(row.Org);
        Text(row.Name);
        Text(row.Body);
        Long(row.RecordedAt.UnixMicros);
        return Crc();
    }
}
