using System.Globalization;
using System.Text.Json;
using Tieout.Core.Pricing;
using Tieout.Tests;

namespace Tieout.Core.Tests.Pricing;

/// <summary>952 real usage blocks with the extraction and the prices that others expect of them.</summary>
public sealed class GoldenTests
{
    private static readonly JsonDocument Golden = JsonDocument.Parse(File.ReadAllBytes(Repo.SharedData("usage-golden/usages.json")));

    // Goal: every count, every extractor and every price of the golden set, exact, in order; nothing more and nothing less.
    // Method: only the bodies go in; what comes out in the golden form is held against what the set expects, as plain text lines.
    [Fact]
    public void Every_block_is_read_and_priced_as_expected()
    {
        var file = JsonReading.ToText(json => GoldenRating.Write(json, Bodies(), BuiltinPrices.Catalogue, GoldenRating.At));
        using var rated = JsonDocument.Parse(file);
        var actual = rated.RootElement.GetProperty("items").EnumerateArray().Select(Lines).ToArray();
        var expected = Golden.RootElement.EnumerateArray().Select(Lines).ToArray();

        Assert.Equal(952, expected.Length);
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++) Assert.True(expected[i] == actual[i], $"Item {i}:\n{expected[i]}\nis not\n{actual[i]}");
    }

    private static JsonElement Bodies()
    {
        var bodies = Golden.RootElement.EnumerateArray().Select(item => item.GetProperty("body"));
        return JsonDocument.Parse($"[{string.Join(',', bodies.Select(body => $"{{\"body\":{body.GetRawText()}}}"))}]").RootElement;
    }

    private static string Lines(JsonElement item)
    {
        var lines = new StringWriter(CultureInfo.InvariantCulture);
        lines.WriteLine(Text(item, "model"));
        foreach (var extracted in item.GetProperty("extracted").EnumerateArray())
        {
            lines.WriteLine(string.Join(
                ' ', extracted.GetProperty("usage").EnumerateObject().Select(count => $"{count.Name}={count.Value}").Order(StringComparer.Ordinal)));
            foreach (var one in extracted.GetProperty("extractors").EnumerateArray())
            {
                lines.WriteLine(
                    $"  {Text(one, "provider_id")}/{Text(one, "api_flavor")} {Price(one, "input_price")} {Price(one, "output_price")} {Price(one, "total_price")}");
            }
        }

        return lines.ToString();
    }

    private static string? Text(JsonElement json, string member) => json.TryGetProperty(member, out var value) ? value.GetString() : null;

    /// <summary>As a number: the set writes some prices with exponents or closing zeros.</summary>
    private static string? Price(JsonElement json, string member) =>
        Text(json, member) is { } text
            ? decimal.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture).ToString("0.############################", CultureInfo.InvariantCulture)
            : null;
}
