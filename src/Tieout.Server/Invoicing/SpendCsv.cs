using System.Globalization;
using Tieout.Core.Metering;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Invoicing;

/// <summary>Spend as CSV. It has no row of totals: each column sums to its total. Each row names its range, so that files can be put together.</summary>
internal static class SpendCsv
{
    private const string Cost = "provider_cost";

    private static readonly (string Name, Func<SpendLineBody, string?> Of)[] Figures =
    [
        ("attempts", line => Text(line.Attempts)), ("failures", line => Text(line.Failures)), ("input_tokens", line => Text(line.InputTokens)),
        ("cache_read_tokens", line => Text(line.CacheReadTokens)), ("cache_write_tokens", line => Text(line.CacheWriteTokens)),
        ("output_tokens", line => Text(line.OutputTokens)), ("reasoning_tokens", line => Text(line.ReasoningTokens)),
        (Cost, line => line.ProviderCost?.ToString()), ("charge", line => line.Charge.ToString()), ("corrections", line => line.Corrections.ToString()),
    ];

    public static async Task WriteAsync(Stream to, SpendBody body, Viewer viewer, CancellationToken cancellationToken)
    {
        var figures = Figures.Where(figure => figure.Name != Cost || viewer == Viewer.Platform).ToList();
        await using var csv = new CsvExport(to);
        await csv.RowAsync(
            ["kind", .. body.By, .. figures.Select(figure => figure.Name), "asset", "from", "to", "time_zone", "as_of"], cancellationToken);
        foreach (var line in body.Items)
        {
            await csv.RowAsync(
                [
                    line.Kind, .. body.By.Select(name => line.Group[name] ?? UsageLabels.Unattributed), .. figures.Select(figure => figure.Of(line)),
                    body.Asset, body.From, body.To,
                    body.TimeZone, Text(body.AsOf),
                ],
                cancellationToken);
        }

        await csv.CompleteAsync(cancellationToken);
    }

    private static string Text(Int128 number) => number.ToString(CultureInfo.InvariantCulture);
}
