using System.Text.Json;

namespace Tieout.Server.Reconciliation.Bills;

/// <summary>Anthropic's <c>cost_report</c> (decimal strings of <b>cents</b>) and <c>usage_report/messages</c> (tokens; the classes of input are
/// disjoint).</summary>
internal static class AnthropicBills
{
    public static Task ReadCostAsync(Stream file, string? column, Action<BillLine> line, CancellationToken cancellationToken) =>
        ReadAsync(file, (result, day, place) =>
        {
            BillJson.Usd(BillJson.Text(result, "currency", place), place);
            if (!BillJson.Find(result, "amount", out var amount) || amount.ValueKind != JsonValueKind.String)
            {
                throw FileRefused.Whole($"{place}.amount is not a decimal string of cents.");
            }

            line(new(day, BillJson.Figure(result, "amount", place), place)
            {
                Project = BillJson.Text(result, "workspace_id", place),
                Model = BillJson.Text(result, "model", place),
            });
        }, cancellationToken);

    public static Task ReadUsageAsync(Stream file, string? column, Action<BillLine> line, CancellationToken cancellationToken) =>
        ReadAsync(file, (result, day, place) =>
        {
            var written = BillJson.Find(result, "cache_creation", out var creation) && creation.ValueKind == JsonValueKind.Object
                ? BillJson.Count(creation, "ephemeral_5m_input_tokens", place) + BillJson.Count(creation, "ephemeral_1h_input_tokens", place)
                : 0;
            foreach (var (measure, count) in (ReadOnlySpan<(string, long)>)[
                ("uncached_input_tokens", BillJson.Count(result, "uncached_input_tokens", place)),
                ("cache_read_input_tokens", BillJson.Count(result, "cache_read_input_tokens", place)),
                ("cache_creation_input_tokens", written), ("output_tokens", BillJson.Count(result, "output_tokens", place))])
            {
                line(new(day, count, place)
                {
                    Measure = measure,
                    Project = BillJson.Text(result, "workspace_id", place),
                    Key = BillJson.Text(result, "api_key_id", place),
                    Model = BillJson.Text(result, "model", place),
                });
            }
        }, cancellationToken);

    private static async Task ReadAsync(Stream file, Action<JsonElement, string?, string> result, CancellationToken cancellationToken)
    {
        var hasMore = false;
        await BillJson.PagesAsync(file, (page, at) =>
        {
            foreach (var (bucket, place) in BillJson.Buckets(page, at))
            {
                var day = BillJson.Day(BillJson.Time(bucket, "starting_at", place), BillJson.Time(bucket, "ending_at", place), place);
                var number = 0;
                foreach (var one in BillJson.Array(bucket, "results", place)) result(one, day, $"{place}.results[{number++}]");
            }

            hasMore = BillJson.Find(page, "has_more", out var more) && more.ValueKind == JsonValueKind.True;
        }, cancellationToken);
        BillJson.Complete(hasMore);
    }
}
