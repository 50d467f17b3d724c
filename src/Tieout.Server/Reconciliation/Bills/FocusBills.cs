using System.Globalization;
using System.Text.Json;
using Tieout.Server.Http;

namespace Tieout.Server.Reconciliation.Bills;

/// <summary>FOCUS 1.0 to 1.3 cost and usage, as CSV. Times are UTC; the literal <c>NULL</c> and times without a <c>T</c> are what exports really
/// write.</summary>
internal static class FocusBills
{
    private const string DefaultCost = "BilledCost";

    public static Task ReadAsync(Stream file, string? column, Action<BillLine> line, CancellationToken cancellationToken)
    {
        // 1.3 has ServiceProviderName, and ProviderName as deprecated; the model is in the price details (1.5) or in a column of ours.
        (string, bool)[] columns =
        [
            (column ?? DefaultCost, true), ("BillingCurrency", false), ("ChargeCategory", true), ("ChargePeriodStart", true), ("ChargePeriodEnd", true),
            ("SubAccountId", false), ("ServiceProviderName", false), ("ProviderName", false), ("SkuPriceDetails", false), ("x_Model", false),
            ("x_KeyId", false), ("x_ProjectId", false),
        ];
        return CsvRows.ReadAsync(file, columns, (cells, at) => line(Line(cells, at, column ?? DefaultCost)), cancellationToken);
    }

    private static BillLine Line(string?[] cells, long at, string cost)
    {
        var figure = Figure.Read(cells[0]?.Trim(), at, cost);
        if (Named(cells[1]) is { } currency && currency != "USD") throw FileRefused.At(at, $"It is in '{Inputs.Shown(currency)}'; only USD is compared.");
        var category = Named(cells[2]) ?? throw FileRefused.At(at, "It has no ChargeCategory.");
        var (start, end) = (Time(cells[3], at, "ChargePeriodStart"), Time(cells[4], at, "ChargePeriodEnd"));
        return new(BillJson.Day(start, end, $"Line {at}"), figure, $"Line {at}")
        {
            Project = Named(cells[11]) ?? Named(cells[5]),
            Provider = Named(cells[6]) ?? Named(cells[7]),
            Model = Named(cells[9]) ?? Model(Named(cells[8]), at),
            Key = Named(cells[10]),
            Aside = category switch
            {
                "Usage" => null,
                "Purchase" => "purchase",
                "Tax" => "tax",
                "Credit" => "credit",
                "Adjustment" => "adjustment",
                _ => throw FileRefused.At(at, $"'{Inputs.Shown(category)}' is no ChargeCategory of FOCUS."),
            },
        };
    }

    private static string? Named(string? cell) => cell?.Trim() is { Length: > 0 } text && !Figure.IsNull(text) ? text : null;

    private static DateTimeOffset Time(string? text, long at, string column) =>
        DateTimeOffset.TryParseExact(
            Named(text),
            ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd HH:mm:ss.FFF", "yyyy-MM-dd HH:mm:ss 'UTC'",
                "yyyy-MM-dd"],
            CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? time
            : throw FileRefused.At(at, $"'{Inputs.Shown(text)}' in {column} is not a time such as 2026-11-22T00:00:00Z.");

    private static string? Model(string? details, long at)
    {
        if (details is null) return null;
        try
        {
            using var document = JsonDocument.Parse(details);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? BillJson.Text(document.RootElement, "ModelId", $"Line {at}: SkuPriceDetails") : null;
        }
        catch (JsonException)
        {
            throw FileRefused.At(at, "SkuPriceDetails is not JSON.");
        }
    }
}
