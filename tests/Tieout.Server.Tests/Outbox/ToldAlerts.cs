using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Core.Ledger;
using Tieout.Server.Ledger;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Outbox;

/// <summary>The alerts in the outbox.</summary>
internal static class ToldAlerts
{
    private static int _markers;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Type and scope of each alert; of an end the code. Announcements are submitted beside the look, in order, so a marker behind them shows that all
    /// are there.</summary>
    public static async Task<IReadOnlyList<string>> AllAsync(ApiWorld world)
    {
        var marker = $"alerts-marker-{Interlocked.Increment(ref _markers)}";
        world.Server.Services.GetRequiredService<Announcements>().Tell(new Command.Announce(marker, "", "marker", "{}"));
        for (var i = 0; i < 400; i++)
        {
            var rows = await RowsAsync(world);
            if (rows.Exists(row => row.Id == marker)) return [.. rows.Where(row => row.Type.StartsWith("alert.", StringComparison.Ordinal)).Select(Said)];
            await Task.Delay(25, Stop);
        }

        throw new TimeoutException("The outbox has no marker after ten seconds.");
    }

    private static async Task<List<OutboxRow>> RowsAsync(ApiWorld world)
    {
        var rows = new List<OutboxRow>();
        while (await world.Ledger.Read.OutboxAsync(null, rows.Count == 0 ? 0 : rows[^1].Seq, 1_000, Stop) is { Count: > 0 } more) rows.AddRange(more);
        return rows;
    }

    private static string Said(OutboxRow row)
    {
        using var body = JsonDocument.Parse(row.Body);
        return $"{row.Type} {body.RootElement.GetProperty(row.Type == "alert.resolved" ? "alert" : "scope").GetString()}";
    }
}
