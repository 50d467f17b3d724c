using System.Text.Json;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Tests;

namespace Tieout.Core.Tests.Pricing;

/// <summary>Spend that tokens at list price do not explain: research/standards.md, section 0, findings 4 and 5.</summary>
public sealed class RatingTests
{
    private static readonly Instant At = Instant.From(new(2026, 8, 21, 12, 0, 0, TimeSpan.Zero));

    [Fact]
    public void A_reported_cost_that_tokens_do_not_explain_is_said_and_either_can_be_charged()
    {
        var byRates = Rate("test_openrouter_advisor_tool.yaml", "openrouter", PricePolicy.AtCost);
        var byReport = Rate("test_openrouter_advisor_tool.yaml", "openrouter", new(markup: 2, basis: CostBasis.ReportedCost));

        Assert.Equal("0.0001764", byRates.Charge.ToString());
        Assert.Equal(("0.0160614", "0.0321228"), (byReport.ProviderCost.ToString(), byReport.Charge.ToString()));
        Assert.Equal(UsageFlags.HiddenSubCalls | UsageFlags.ReportedCostDiffers, byRates.Lines[0].Flags);
        Assert.Equal(byRates.Lines[0].Flags, byReport.Lines[0].Flags);
    }

    [Fact]
    public void M3_a_charge_by_reported_cost_is_recomputed_from_what_is_stored()
    {
        var line = Rate("test_openrouter_advisor_tool.yaml", "openrouter", new(basis: CostBasis.ReportedCost)).Lines[0];

        Assert.Equal(line.Charge, ResolvedPrice.Parse(line.Price!.ToJson()).Price(line.Counts.ToUsageCounts()).Charge);
    }

    // Goal: the flag is neither deaf nor noisy. Method: every real block with a reported cost, each against the list.
    [Fact]
    public void Reported_costs_agree_with_the_list_but_for_known_blocks()
    {
        var rated = Bodies().Where(body => body.TryGetProperty("usage", out var usage) && usage.TryGetProperty("cost", out _))
            .Select(body => (File: body.GetProperty("file").GetString()!, Rated: Rate(body, "openrouter", PricePolicy.AtCost))).ToArray();
        var priced = rated.Where(one => one.Rated.Lines[0].Price is not null).ToArray();
        var differing = priced.Where(one => one.Rated.Lines[0].Flags.HasFlag(UsageFlags.ReportedCostDiffers)).Select(
            one => Path.GetFileNameWithoutExtension(one.File));

        Assert.Equal(28, rated.Length);
        Assert.Equal(24, priced.Length);
        Assert.Equal(
            ["test_openrouter_advisor_tool", "test_openrouter_google_nested_schema", "test_openrouter_google_nested_schema",
                "test_openrouter_thinking_false_profile_gated_model"],
            differing);
    }

    [Fact]
    public void A_sub_call_is_priced_as_its_own_model()
    {
        var rated = Rate("test_anthropic_advisor_tool_message_replay.yaml", "anthropic", PricePolicy.AtCost);

        Assert.Equal([("response", "claude-sonnet-5"), ("advisor_message", "claude-opus-4-8")], rated.Lines.Select(line => (line.Kind, line.Price!.Model)));
        Assert.Equal(UsageFlags.HiddenSubCalls, rated.Lines[0].Flags);

        // 2417 in and 133 out at 2 and 10; 2529 in and 38 out at 5 and 25.
        Assert.Equal(["0.006164", "0.013595"], rated.Lines.Select(line => line.Charge.ToString()));
        Assert.Equal("0.019759", rated.Charge.ToString());
    }

    [Fact]
    public void Compaction_is_priced_as_the_model_it_ran_in()
    {
        var rated = Rate("test_anthropic_compaction_usage_with_cache.yaml", "anthropic", PricePolicy.AtCost);

        // 180 in, 8 out; and 100 in, 55096 written to the cache, 82 out: at 3, 15 and 3.75.
        Assert.Equal(["0.00066", "0.20814"], rated.Lines.Select(line => line.Charge.ToString()));
    }

    [Theory]
    [InlineData("[]", "item_malformed", "$")]
    [InlineData("{}", "provider_missing", "provider")]
    [InlineData("""{"provider":"nobody"}""", "provider_unknown", "nobody")]
    [InlineData("""{"provider":"openai","flavor":"morse"}""", "flavor_unknown", "flavor")]
    [InlineData("""{"provider":"openai"}""", "no_usage", "usage")]
    [InlineData("""{"provider":"openai","flavor":"chat","usage":{"prompt_tokens":-1,"completion_tokens":1}}""", "negative_count", "prompt_tokens")]
    public void What_cannot_be_rated_says_why(string item, string refusal, string where)
    {
        var rated = Rate(item, PricePolicy.AtCost);

        Assert.Equal((refusal, where, Amount.Zero), (rated.Refusal, rated.Where, rated.Charge));
        Assert.Equal($$"""{"refused":"{{refusal}}","where":"{{where}}"}""", JsonReading.ToText(rated.Write));
    }

    [Fact]
    public void The_answer_names_the_list_the_model_and_the_odd_things()
    {
        var rated = Rate(
            """{"provider":"openai","model":"gpt-4o","usage":{"prompt_tokens":100,"completion_tokens":10,"total_tokens":111}}""", PricePolicy.AtCost);
        var unpriced = Rate("""{"provider":"openai","model":"gpt-99","usage":{"prompt_tokens":100,"completion_tokens":10}}""", PricePolicy.AtCost);

        Assert.Equal(
            """{"flavor":"chat","provider_cost":"0.00035","charge":"0.00035","lines":[{"kind":"response","provider":"openai","model":"gpt-4o","usage":{"input_tokens":100,"output_tokens":10},"price_list":"builtin@2026-08-21","priced_as":"gpt-4o","provider_cost":"0.00035","charge":"0.00035","flags":["total_mismatch"]}]}""",
            JsonReading.ToText(rated.Write));
        Assert.Contains("""
            "price_list":null,"priced_as":null,"provider_cost":null,"charge":null,"flags":["unpriced"]
            """, JsonReading.ToText(unpriced.Write), StringComparison.Ordinal);
    }

    private static RatedResponse Rate(string item, PricePolicy policy) =>
        Rating.Rate(JsonDocument.Parse(item).RootElement, PriceBook.Builtin, At, policy);

    private static RatedResponse Rate(string file, string provider, PricePolicy policy) =>
        Rate(Bodies().First(body => body.GetProperty("file").GetString()!.EndsWith(file, StringComparison.Ordinal)), provider, policy);

    private static RatedResponse Rate(JsonElement body, string provider, PricePolicy policy) =>
        Rate($$"""{"provider":"{{provider}}",{{body.GetRawText()[1..]}}""", policy);

    private static IEnumerable<JsonElement> Bodies() =>
        JsonDocument.Parse(File.ReadAllBytes(Repo.SharedData("usage-golden/usages.json"))).RootElement.EnumerateArray().Select(
            item => item.GetProperty("body"));
}
