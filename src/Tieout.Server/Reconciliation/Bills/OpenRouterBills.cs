using System.Globalization;

namespace Tieout.Server.Reconciliation.Bills;

/// <summary>OpenRouter's <c>/api/v1/activity</c>: dollars by day and model. What went over the client's own provider key is not billed by it.</summary>
internal static class OpenRouterBills
{
    public static Task ReadAsync(Stream file, string? column, Action<BillLine> line, CancellationToken cancellationToken) =>
        BillJson.PagesAsync(file, (page, at) =>
    {
        foreach (var (item, place) in BillJson.Buckets(page, at))
        {
            var text = BillJson.Text(item, "date", place) ?? "";
            if (!DateOnly.TryParseExact(text.Length > 10 && text.EndsWith(" 00:00:00", StringComparison.Ordinal) ? text[..10] : text, "yyyy-MM-dd",
                CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
            {
                throw FileRefused.Whole($"{place}.date is not a day.");
            }

            line(new(day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), BillJson.Figure(item, "usage", place), place)
            {
                Model = BillJson.Text(item, "model", place) ?? throw FileRefused.Whole($"{place} has no model."),
            });
        }
    }, cancellationToken);
}
