using Tieout.Core.Ledger;

namespace Tieout.Storage.Sqlite.Rows;

/// <summary>The rows of the hot path: holds, usage, postings and the link of the chain.</summary>
internal sealed partial class RowInserts
{
    private void Write(HoldRow row)
    {
        var s = _hold;
        var hold = row.Hold;
        s.Bind(1, hold.Seq);
        s.BindBlob(2, hold.Id.Value);
        s.Bind(3, hold.Labels);
        s.Bind(4, hold.EndUser);
        s.Bind(5, hold.OperationId);
        s.Bind(6, hold.Amount);
        s.Bind(7, hold.HeldAt.UnixMicros);
        s.Bind(8, hold.ExpiresAt.UnixMicros);
        s.Bind(9, row.Crc);
        s.Run();
    }

    private void Write(HoldEnd row, long commit)
    {
        var s = _holdEnd;
        s.Bind(1, row.Hold.Seq);
        s.Bind(2, (long)row.State);
        s.Bind(3, row.EndedAt.UnixMicros);
        s.Bind(4, commit);
        s.Bind(5, row.Crc);
        s.Run();
    }

    private void Write(UsageRow row)
    {
        var s = _usage;
        var usage = row.Usage;
        var counts = usage.Counts;
        s.Bind(1, row.Seq);
        s.BindBlob(2, usage.Id.Value);
        s.Bind(3, row.Labels);
        s.Bind(4, usage.OperationId);
        s.Bind(5, usage.AttemptNo);
        s.Bind(6, usage.WorkflowId);
        s.Bind(7, usage.CorrelationId);
        s.Bind(8, usage.TraceId);
        s.Bind(9, usage.EndUser);
        s.Bind(10, usage.OccurredAt.UnixMicros);
        s.Bind(11, usage.DurationMs);
        s.Bind(12, usage.StatusCode);
        s.Bind(13, counts.InputTokens);
        s.Bind(14, counts.CacheReadTokens);
        s.Bind(15, counts.CacheWriteTokens);
        s.Bind(16, counts.OutputTokens);
        s.Bind(17, counts.ReasoningTokens);
        s.Bind(18, counts.More);
        s.Bind(19, (long)usage.Basis);
        s.Bind(20, (long)usage.Flags);
        s.Bind(21, row.Price);
        s.Bind(22, row.ProviderCost);
        s.Bind(23, row.Charge);
        s.Bind(24, (long)row.Flags);
        s.Bind(25, row.EffectiveAt.UnixMicros);
        s.Bind(26, row.RecordedAt.UnixMicros);
        s.Bind(27, row.Crc);
        s.Run();
    }

    private void WriteCorrelation(UsageRow row)
    {
        if (row.Usage.CorrelationId is not { } correlation || IdTime.IsThatOf(row.Usage.Id.Value, correlation)) return;
        _correlation.Bind(1, correlation);
        _correlation.Bind(2, row.Seq);
        _correlation.Run();
    }

    private void Write(PostingRow row)
    {
        var s = _posting;
        var posting = row.Posting;
        s.Bind(1, posting.Seq);
        s.Bind(2, (long)posting.Kind);
        s.Bind(3, posting.Debit);
        s.Bind(4, posting.Credit);
        s.Bind(5, posting.Amount);
        s.Bind(6, posting.UsageSeq);
        s.Bind(7, posting.CommandId);
        s.Bind(8, posting.Reverses);
        s.Bind(9, posting.Reason);
        s.Bind(10, posting.EffectiveAt.UnixMicros);
        s.Bind(11, posting.RecordedAt.UnixMicros);
        s.Bind(12, posting.IsPostingRepair ? 1 : 0);
        s.Bind(13, row.Crc);
        s.Run();
    }

    private void Write(ChainRow row)
    {
        var s = _chain;
        var last = row.Last;
        s.Bind(1, row.Commit);
        s.BindBlob(2, row.Hash);
        s.Bind(3, row.RecordedAt.UnixMicros);
        s.Bind(4, last.Usage);
        s.Bind(5, last.Posting);
        s.Bind(6, last.Hold);
        s.Bind(7, last.Setting);
        s.Bind(8, last.Finding);
        s.Bind(9, last.Outbox);
        s.Bind(10, last.Labels);
        s.Bind(11, last.Price);
        s.Bind(12, last.Account);
        s.Bind(13, last.Budget);
        s.Bind(14, last.Object);
        s.Bind(15, last.Lineage);
        s.Bind(16, last.Audit);
        s.Bind(17, last.Record);
        s.Run();
    }
}
