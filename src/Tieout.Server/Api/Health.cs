using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Tieout.Server.Gateway;
using Tieout.Storage;

namespace Tieout.Server.Api;

/// <param name="Status"><c>ok</c>, or <c>read_only</c>: new spend is refused, and <paramref name="Reason"/> says why.</param>
/// <param name="QueueDepth">Commands that wait for a commit.</param>
/// <param name="SpoolDepth">Finished spend that waits for the store to come back.</param>
/// <param name="DroppedRecords">Finished spend that was given up. Always 0.</param>
/// <param name="LastCommitMs">How long the last commit took, in milliseconds.</param>
public sealed record LedgerHealthBody(
    string Status, bool Writable, string? Reason, int QueueDepth, int SpoolDepth, long DroppedRecords, decimal LastCommitMs, string? LastWriteAt, int Orgs, int OpenHolds, long AsOf);

/// <summary>How the ledger is doing.</summary>
internal static class LedgerHealthEndpoint
{
    public static void MapLedgerHealth(this IEndpointRouteBuilder api) => api.MapGet("/health", (ILedger ledger, SettlementSpool spool) =>
    {
        var health = ledger.Health;
        return Answer.Ok(
            new LedgerHealthBody(
                health.IsWritable ? "ok" : "read_only", health.IsWritable, health.Reason, health.QueueDepth, spool.Count, spool.Dropped, Math.Round(health.LastCommitMs, 3),
                health.LastWriteAt?.ToString(), ledger.Read.Orgs.Count, ledger.Read.OpenHolds(org: null).Count, health.Commit),
            ApiJson.Default.LedgerHealthBody);
    });
}
