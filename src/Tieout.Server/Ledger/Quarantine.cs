using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core.Ledger;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Ledger;

/// <param name="Total">Commands in quarantine, also those that the limit leaves out.</param>
public sealed record QuarantineListBody(IReadOnlyList<QuarantinedBody> Items, int Total, long AsOf);

/// <summary>A command that was refused because of a fault of the ledger.</summary>
/// <param name="Org">Whose command it is; empty: the platform's, or no org is known for it.</param>
/// <param name="Kind">For example <c>settle</c>.</param>
/// <param name="UsageId">The attempt that it names.</param>
/// <param name="NotCharged">The charge that it would have made.</param>
/// <param name="Exception">The kind of the fault.</param>
/// <param name="Consequence">What follows from it, and what to do.</param>
/// <param name="Command">All of it.</param>
public sealed record QuarantinedBody(
    string Id, string Org, string Kind, string? UsageId, string? NotCharged, string? Exception, string? Reason, string? Consequence, string RecordedAt,
    JsonElement Command);

/// <summary>Commands in quarantine: each is kept whole, so that nothing that was spent is lost.</summary>
internal static class QuarantineEndpoint
{
    public static void MapQuarantine(this IEndpointRouteBuilder api) => api.MapGet("/quarantine", ListAsync).Allow(Access.EveryRole);

    private static async Task<IResult> ListAsync(HttpContext context, ILedger ledger)
    {
        Inputs.OnlyQuery(context, "org", "limit");
        var (asOf, limit, org) = (ledger.Read.AsOf, Inputs.Limit(context), Inputs.Query(context, "org"));
        var newest = new PriorityQueue<RecordRow, long>();
        var total = 0;
        await foreach (var row in ledger.Read.AllRecordsAsync(RecordKind.Quarantine, org, context.RequestAborted))
        {
            total++;
            if (newest.Count < limit) newest.Enqueue(row, row.RecordedAt.UnixMicros);
            else newest.EnqueueDequeue(row, row.RecordedAt.UnixMicros);
        }

        var shown = newest.UnorderedItems.Select(item => item.Element).OrderByDescending(row => row.RecordedAt.UnixMicros);
        return Answer.Ok(new QuarantineListBody([.. shown.Select(Body)], total, asOf), LedgerJson.Default.QuarantineListBody);
    }

    private static QuarantinedBody Body(RecordRow row)
    {
        using var body = JsonDocument.Parse(row.Body);
        var summary = body.RootElement.GetProperty(QuarantineSummary.Member);
        return new(
            row.Name, Text("org") ?? row.Org, Text("kind") ?? "unknown", Text("usage_id"), Text("not_charged"), Text("exception"), Text("reason"),
            Text("consequence"), row.RecordedAt.ToString(),
            body.RootElement.GetProperty("command").Clone());

        string? Text(string name) => summary.TryGetProperty(name, out var member) ? member.GetString() : null;
    }
}
