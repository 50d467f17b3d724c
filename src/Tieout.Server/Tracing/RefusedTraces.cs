using Tieout.Core;
using Tieout.Core.Money;
using Tieout.Storage;

namespace Tieout.Server.Tracing;

/// <summary>Refused requests of one org as steps of a trace. They cost nothing and are found for a day.</summary>
internal sealed class RefusedTraces(ILedger ledger, TimeProvider time)
{
    private const int RowsMax = 200;

    /// <param name="org">Empty: of strangers and of the platform's own people.</param>
    public Task<IReadOnlyList<RefusedRequest>> FindAsync(string org, string correlationId, CancellationToken cancellationToken) =>
        ledger.RefusedRequests.FindAsync(org, correlationId, Instant.From(time.GetUtcNow()) - IRefusedRequests.StoredFor, RowsMax, cancellationToken);

    /// <summary>The trace of an id that only refused requests have.</summary>
    public TraceBody Body(string id, string org, IReadOnlyList<RefusedRequest> rows)
    {
        var asset = ledger.Read.Orgs.FirstOrDefault(state => state.Org.Id == org)?.Org.Asset;
        return new(
            id, "correlation_id", org.Length == 0 ? null : org, asset, CorrelationIds: [id], TraceIds: [], OperationIds: [], Settled: true, Amount.Zero,
            Envelopes: [],
            [.. rows.Select(Step)], Truncated: rows.Count == RowsMax, ledger.Read.AsOf);
    }

    public static TraceBody AddTo(TraceBody trace, IReadOnlyList<RefusedRequest> rows) =>
        rows.Count == 0 ? trace : trace with { Steps = [.. trace.Steps.Concat(rows.Select(Step)).OrderBy(step => step.At, StringComparer.Ordinal)] };

    private static TraceStepBody Step(RefusedRequest row) => new(
        row.At.ToString(), "refused", Id: null,
        $"{row.Status} {row.Code}: {row.Method} {row.Route ?? "an unknown address"} by {row.Token ?? "nobody known"} from {row.Address ?? "an unknown address"}",
        Amount: null, OperationId: null, UsageId: null, AttemptNo: null, row.CorrelationId, TraceId: null, Commit: null, Hash: null);
}
