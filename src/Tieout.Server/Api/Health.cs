using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Tieout.Storage;

namespace Tieout.Server.Api;

/// <param name="Status"><c>ok</c>, or <c>read_only</c>: new spend is refused, and <paramref name="Reason"/> says why.</param>
/// <param name="LastCommitMs">How long the last commit took, in milliseconds.</param>
public sealed record LedgerHealthBody(
    string Status, bool Writable, string? Reason, int QueueDepth, decimal LastCommitMs, string? LastWriteAt, int Orgs, int OpenHolds, long AsOf);

/// <summary>How the ledger is doing.</summary>
internal static class LedgerHealthEndpoint
{
    public static void MapLedgerHealth(this IEndpointRouteBuilder api) => api.MapGet("/health", (ILedger ledger) =>
    {
        var health = ledger.Health;
        return Answer.Ok(
            new LedgerHealthBody(
                health.IsWritable ? "ok" : "read_only", health.IsWritable, health.Reason, health.QueueDepth, Math.Round(health.LastCommitMs, 3),
                health.LastWriteAt?.ToString(), ledger.Read.Orgs.Count, ledger.Read.OpenHolds(org: null).Count, health.Commit),
            ApiJson.Default.LedgerHealthBody);
    });
}
