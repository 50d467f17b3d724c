namespace Tieout.Server.Reconciliation.Bills;

/// <summary>OpenAI's <c>/v1/organization/costs</c> (dollars) and <c>/v1/organization/usage/completions</c> (tokens; input includes cached).</summary>
internal static class OpenAiBills
{
    private static readonly string[] Measures = ["input_tokens", "input_cached_tokens", "output_tokens", "num_model_requests"];

    public static Task ReadCostsAsync(Stream file, string? column, Action<BillLine> line, CancellationToken cancellationToken) =>
        ReadAsync(file, (result, day, place) =>
        {
            var amount = BillJson.Object(result, "amount", place);
            BillJson.Usd(BillJson.Text(amount, "currency", place), place);

            // "gpt-4o-2024-08-06, input": the model comes first. Null where the costs were not grouped by line item.
            var item = BillJson.Text(result, "line_item", place);
            line(new(day, BillJson.Figure(amount, "value", place), place)
            {
                Project = BillJson.Text(result, "project_id", place),
                Model = item?.Split(',')[0].Trim(),
            });
        }, "organization.costs.result", cancellationToken);

    public static Task ReadUsageAsync(Stream file, string? column, Action<BillLine> line, CancellationToken cancellationToken) =>
        ReadAsync(file, (result, day, place) =>
        {
            foreach (var measure in Measures)
            {
                line(new(day, BillJson.Count(result, measure, place), place)
                {
                    Measure = measure,
                    Project = BillJson.Text(result, "project_id", place),
                    Key = BillJson.Text(result, "api_key_id", place),
                    Model = BillJson.Text(result, "model", place),
                });
            }
        }, "organization.usage.completions.result", cancellationToken);

    private static async Task ReadAsync(
        Stream file, Action<System.Text.Json.JsonElement, string?, string> result, string kind, CancellationToken cancellationToken)
    {
        var hasMore = false;
        await BillJson.PagesAsync(file, (page, at) =>
        {
            foreach (var (bucket, place) in BillJson.Buckets(page, at))
            {
                var day = BillJson.Day(BillJson.Seconds(bucket, "start_time", place), BillJson.Seconds(bucket, "end_time", place), place);
                var number = 0;
                foreach (var one in BillJson.Array(bucket, "results", place))
                {
                    var where = $"{place}.results[{number++}]";
                    if (BillJson.Text(one, "object", where) != kind)
                    {
                        throw FileRefused.Whole($"{where}.object is not {kind}: it is another bill than its format says.");
                    }

                    result(one, day, where);
                }
            }

            hasMore = BillJson.Find(page, "has_more", out var more) && more.ValueKind == System.Text.Json.JsonValueKind.True;
        }, cancellationToken);
        BillJson.Complete(hasMore);
    }
}
