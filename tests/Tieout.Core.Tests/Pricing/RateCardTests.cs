using System.Globalization;
using System.Text.Json;
using Tieout.Core.Metering;
using Tieout.Core.Pricing;

namespace Tieout.Core.Tests.Pricing;

public sealed class RateCardTests
{
    // Every rate is a different power of ten per unit, so that a sum shows what was charged as what.
    [Theory]
    [InlineData("input_tokens 1", "input_tokens 7 cache_read_tokens 5", "7")]
    [InlineData("input_tokens 1, cache_read_tokens 10", "input_tokens 7 cache_read_tokens 5", "52")]
    [InlineData("input_tokens 1, cache_write_tokens 10, cache_write_1h_tokens 100", "input_tokens 9 cache_write_tokens 5 cache_write_1h_tokens 3", "324")]
    [InlineData("input_tokens 1, cache_write_tokens 10, cache_write_1h_tokens 100", "input_tokens 9 cache_write_tokens 5 cache_write_5m_tokens 5", "54")]
    [InlineData("input_tokens 1, cache_read_tokens 10, input_audio_tokens 100, cache_audio_read_tokens 1000",
        "input_tokens 9 cache_read_tokens 4 input_audio_tokens 3 cache_audio_read_tokens 2", "2124")]
    [InlineData("input_tokens 1, cache_read_tokens 10, input_audio_tokens 100",
        "input_tokens 9 cache_read_tokens 4 input_audio_tokens 3 cache_audio_read_tokens 2", "324")]
    [InlineData("output_tokens 1, output_reasoning_tokens 10", "output_tokens 9 output_reasoning_tokens 4", "45")]
    [InlineData("output_tokens 1", "output_tokens 9 output_reasoning_tokens 4 output_image_tokens 5", "9")]
    [InlineData("input_tokens 1, output_tokens 10", "input_tokens 3 output_tokens 2 web_searches 8", "23")]
    public void Each_unit_is_charged_for_what_no_part_of_it_was_charged_for(string rates, string counts, string total)
    {
        var card = new RateCard(rates.Split(", ").Select(Pair).Select(pair => KeyValuePair.Create(pair.Unit, (Rate)(pair.Number * pair.Unit.Per))));
        var words = counts.Split(' ').Chunk(2).Select(pair => Pair(string.Join(' ', pair)));

        Assert.Equal(total, card.Price(UnitCounts.Of([.. words])).Total.ToString("0.####", CultureInfo.InvariantCulture));
    }

    [Fact]
    public void A_lot_is_what_the_registry_says()
    {
        var card = new RateCard(UsageUnits.All.Select(unit => KeyValuePair.Create(unit, (Rate)1)));

        Assert.All(UsageUnits.All.Where(unit => unit.Depth == 0 || unit.Direction == "input" && unit.Depth == 1), unit =>
            Assert.Equal(1 + (unit == UsageUnits.Requests ? 0 : 0.001m), card.Price(UnitCounts.Of((unit, unit.Per))).Total));
    }

    [Theory]
    [InlineData(0, "5")]
    [InlineData(200_000, "5")]
    [InlineData(200_001, "10")]
    [InlineData(1_000_000, "10")]
    [InlineData(1_000_001, "7")]
    public void A_tier_begins_above_its_start_and_holds_for_every_token(long inputTokens, string each)
    {
        var rate = Rate.Read(JsonDocument.Parse("""["5",[1000000,"7"],[200000,"10"]]""").RootElement);

        Assert.Equal(each, rate.At(inputTokens).ToString(CultureInfo.InvariantCulture));
    }

    [Fact]
    public void The_dearest_tier_within_reach_need_not_be_the_last()
    {
        var rate = Rate.Tiered(5, [new(10, 9), new(20, 7)]);

        Assert.Equal([5, 5, 9, 9], new[] { 0L, 10, 11, 1_000 }.Select(rate.DearestTo));
    }

    [Theory]
    [InlineData("2.5")]
    [InlineData("\"\"")]
    [InlineData("\"-1\"")]
    [InlineData("\"1e3\"")]
    [InlineData("\"1,000\"")]
    [InlineData("\"1000001\"")]
    [InlineData("""["5"]""")]
    [InlineData("""["5",[1]]""")]
    [InlineData("""["5",[-1,"2"]]""")]
    [InlineData("""["5",[1,"2"],[1,"3"]]""")]
    public void What_is_no_rate_is_refused(string json) => Assert.Throws<FormatException>(() => Rate.Read(JsonDocument.Parse(json).RootElement));

    private static (UsageUnit Unit, long Number) Pair(string text) =>
        (UsageUnits.Find(text.Split(' ')[0])!, long.Parse(text.Split(' ')[1], CultureInfo.InvariantCulture));
}
