using System.Text;
using System.Text.Json;
using Tieout.Core.Metering;
using Tieout.Core.Pricing;
using Tieout.Tests;

namespace Tieout.Core.Tests.Metering;

/// <summary>Blocks as providers send them; the numbers of research/standards.md, section 0, findings 4 to 6.</summary>
public sealed class UsageReadingTests
{
    [Theory]
    [InlineData("openai", "chat",
        """{"model":"m","usage":{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,"prompt_tokens_details":{"cached_tokens":60,"audio_tokens":5},"completion_tokens_details":{"reasoning_tokens":8}}}""", "cache_read_tokens 60, input_audio_tokens 5, input_tokens 100, output_reasoning_tokens 8, output_tokens 20")]
    [InlineData("openai", "chat", """{"model":"m","usage":{"prompt_tokens":100,"completion_tokens":20,"prompt_tokens_details":null}}""",
        "input_tokens 100, output_tokens 20")]
    [InlineData("openai", "responses",
        """{"model":"m","usage":{"input_tokens":4020,"input_tokens_details":{"cache_write_tokens":4012,"cached_tokens":0},"output_tokens":5,"total_tokens":4025}}""", "cache_write_tokens 4012, input_tokens 4020, output_tokens 5")]
    [InlineData("openai", "embeddings", """{"model":"m","usage":{"prompt_tokens":7,"total_tokens":7}}""", "input_tokens 7")]
    [InlineData("anthropic", "default",
        """{"model":"m","usage":{"input_tokens":3,"cache_creation_input_tokens":10,"cache_read_input_tokens":20,"cache_creation":{"ephemeral_5m_input_tokens":4,"ephemeral_1h_input_tokens":6},"output_tokens":9,"server_tool_use":{"web_search_requests":2}}}""", "cache_read_tokens 20, cache_write_1h_tokens 6, cache_write_5m_tokens 4, cache_write_tokens 10, input_tokens 33, output_tokens 9, web_searches 2")]
    [InlineData("google", "default",
        """{"modelVersion":"m","usageMetadata":{"promptTokenCount":50,"cachedContentTokenCount":10,"candidatesTokenCount":5,"thoughtsTokenCount":7,"toolUsePromptTokenCount":3,"totalTokenCount":65,"promptTokensDetails":[{"modality":"TEXT","tokenCount":40},{"modality":"IMAGE","tokenCount":10}]}}""", "cache_read_tokens 10, input_image_tokens 10, input_text_tokens 40, input_tokens 53, input_tool_tokens 3, output_reasoning_tokens 7, output_tokens 12")]
    [InlineData("bedrock", "default",
        """{"usage":{"inputTokens":3,"cacheReadInputTokens":2074,"cacheWriteInputTokens":297,"outputTokens":61,"totalTokens":2435}}""",
        "cache_read_tokens 2074, cache_write_tokens 297, input_tokens 2374, output_tokens 61")]
    [InlineData("cohere", "default", """{"usage":{"billed_units":{"input_tokens":5.0,"output_tokens":2},"tokens":{"input_tokens":71,"output_tokens":4}}}""",
        "input_tokens 5, output_tokens 2")]
    [InlineData("deepseek", "chat",
        """{"model":"m","usage":{"prompt_tokens":10,"completion_tokens":2,"total_tokens":12,"prompt_tokens_details":{"cached_tokens":4},"prompt_cache_hit_tokens":4,"prompt_cache_miss_tokens":6}}""", "cache_read_tokens 4, input_tokens 10, output_tokens 2")]
    [InlineData("openrouter", "chat", """{"model":"m","usage":{"prompt_tokens":16,"completion_tokens":2,"total_tokens":18,"cost":1.4e-05}}""",
        "input_tokens 16, output_tokens 2, reported_cost_nanos 14000")]
    public void A_block_becomes_counts_whose_totals_include_their_parts(string provider, string flavor, string body, string counts)
    {
        var usage = Measure(provider, flavor, body);

        Assert.Equal(counts, usage.Units.ToString());
        Assert.Equal(UsageFlags.None, usage.Flags);
    }

    [Theory]
    [InlineData("{}", UsageRefusal.NoUsage, "usage")]
    [InlineData("""{"usage":null}""", UsageRefusal.NoUsage, "usage")]
    [InlineData("""{"usage":[1]}""", UsageRefusal.NoUsage, "usage")]
    [InlineData("not json", UsageRefusal.NoUsage, "$")]
    [InlineData("""{"usage":{"prompt_tokens":1}}""", UsageRefusal.FieldMissing, "completion_tokens")]
    [InlineData("""{"usage":{"prompt_tokens":null,"completion_tokens":1}}""", UsageRefusal.FieldMissing, "prompt_tokens")]
    [InlineData("""{"usage":{"prompt_tokens":"1","completion_tokens":1}}""", UsageRefusal.NotACount, "prompt_tokens")]
    [InlineData("""{"usage":{"prompt_tokens":true,"completion_tokens":1}}""", UsageRefusal.NotACount, "prompt_tokens")]
    [InlineData("""{"usage":{"prompt_tokens":1,"completion_tokens":1,"prompt_tokens_details":7}}""", UsageRefusal.NotACount,
        "prompt_tokens_details.cached_tokens")]
    [InlineData("""{"usage":{"prompt_tokens":-1,"completion_tokens":1}}""", UsageRefusal.NegativeCount, "prompt_tokens")]
    [InlineData("""{"usage":{"prompt_tokens":-1e30,"completion_tokens":1}}""", UsageRefusal.CountTooLarge, "prompt_tokens")]
    [InlineData("""{"usage":{"prompt_tokens":1.5,"completion_tokens":1}}""", UsageRefusal.FractionalCount, "prompt_tokens")]
    [InlineData("""{"usage":{"prompt_tokens":160000001,"completion_tokens":1}}""", UsageRefusal.CountTooLarge, "input_tokens")]
    [InlineData("""{"usage":{"prompt_tokens":99999999999999999999,"completion_tokens":1}}""", UsageRefusal.CountTooLarge, "prompt_tokens")]
    [InlineData("""{"usage":{"prompt_tokens":1e999,"completion_tokens":1}}""", UsageRefusal.CountTooLarge, "prompt_tokens")]
    public void A_block_that_cannot_be_read_says_why_and_where(string body, UsageRefusal reason, string field) =>
        Assert.Equal(new UsageReading.Refused(reason, field), Extractor("openai", "chat").Read(Encoding.UTF8.GetBytes(body)));

    [Fact]
    public void Counts_that_are_too_large_together_are_refused()
    {
        var body = """{"usage":{"input_tokens":90000000,"cache_read_input_tokens":90000000,"output_tokens":1}}"""u8.ToArray();

        Assert.Equal(new UsageReading.Refused(UsageRefusal.CountTooLarge, "input_tokens"), Extractor("anthropic", "default").Read(body));
    }

    [Theory]
    [InlineData("""{"prompt_tokens":35,"completion_tokens":12,"total_tokens":109}""", UsageFlags.TotalMismatch)]
    [InlineData("""{"prompt_tokens":66,"completion_tokens":6,"total_tokens":100}""", UsageFlags.TotalMismatch)]
    [InlineData("""{"prompt_tokens":10,"completion_tokens":6,"total_tokens":16,"prompt_tokens_details":{"cached_tokens":11}}""", UsageFlags.PartsExceedTotal)]
    [InlineData("""{"prompt_tokens":10,"completion_tokens":6,"total_tokens":16,"prompt_tokens_details":{"cached_tokens":6,"cache_write_tokens":5}}""",
        UsageFlags.PartsExceedTotal)]
    [InlineData("""{"prompt_tokens":10,"completion_tokens":6,"total_tokens":16,"completion_tokens_details":{"reasoning_tokens":7}}""",
        UsageFlags.PartsExceedTotal)]
    [InlineData("""{"prompt_tokens":10,"completion_tokens":6,"total_tokens":16,"prompt_tokens_details":{"cached_tokens":9,"audio_tokens":9}}""",
        UsageFlags.None)]
    [InlineData("""{"prompt_tokens":10,"completion_tokens":6,"total_tokens":16,"is_byok":true,"cost":0}""", UsageFlags.BringYourOwnKey)]
    [InlineData("""{"prompt_tokens":900,"completion_tokens":69,"total_tokens":969,"server_tool_use_details":{"tool_calls_executed":1,"tool_calls_requested":1}}""", UsageFlags.HiddenSubCalls)]
    [InlineData("""{"prompt_tokens":900,"completion_tokens":69,"total_tokens":969,"server_tool_use_details":{"tool_calls_executed":0}}""", UsageFlags.None)]
    public void What_does_not_tie_out_is_said(string usage, UsageFlags flags) =>
        Assert.Equal(flags, Measure("openrouter", "chat", $$"""{"usage":{{usage}}}""").Flags);

    [Fact]
    public void Compaction_is_a_sub_call_of_the_same_model_that_the_counts_leave_out()
    {
        var usage = Measure("anthropic", "default", Golden("test_anthropic_compaction_usage_with_cache.yaml"));

        Assert.Equal("input_tokens 180, output_tokens 8", usage.Units.ToString());
        Assert.Equal(UsageFlags.HiddenSubCalls, usage.Flags);
        var call = Assert.Single(usage.SubCalls);
        Assert.Equal(("compaction", null), (call.Kind, call.Model));
        Assert.Equal("cache_write_5m_tokens 55096, cache_write_tokens 55096, input_tokens 55196, output_tokens 82", call.Units.ToString());
    }

    [Fact]
    public void An_advisor_is_a_sub_call_of_another_model()
    {
        var usage = Measure("anthropic", "default", Golden("test_anthropic_advisor_tool_message_replay.yaml"));

        Assert.Equal("input_tokens 2417, output_reasoning_tokens 55, output_tokens 133", usage.Units.ToString());
        var call = Assert.Single(usage.SubCalls);
        Assert.Equal(("advisor_message", "claude-opus-4-8", "input_tokens 2529, output_tokens 38"), (call.Kind, call.Model, call.Units.ToString()));
    }

    [Fact]
    public void Iterations_that_do_not_add_up_to_the_counts_are_said()
    {
        var usage = Measure(
            "anthropic", "default", """{"usage":{"input_tokens":5,"output_tokens":1,"iterations":[{"type":"message","input_tokens":4,"output_tokens":1}]}}""");
        var unreadable = Measure("anthropic", "default",
            """{"usage":{"input_tokens":5,"output_tokens":1,"iterations":[{"type":"message","input_tokens":5,"output_tokens":1},{"type":"compaction"}]}}""");

        Assert.Equal(UsageFlags.TotalMismatch, usage.Flags);
        Assert.Equal(UsageFlags.TotalMismatch | UsageFlags.HiddenSubCalls, unreadable.Flags);
    }

    [Theory]
    [InlineData("0.0160614", "0.0160614")]
    [InlineData("1.4e-05", "0.000014")]
    [InlineData("4.1400000000000003e-05", "0.000041400000000000003")]
    [InlineData("\"0.5\"", "0.5")]
    [InlineData("0", "0")]
    [InlineData("null", null)]
    [InlineData("-1", null)]
    [InlineData("1e30", null)]
    public void A_reported_cost_is_read_as_decimal_text(string cost, string? exact)
    {
        var usage = Measure("openrouter", "chat", $$$"""{"usage":{"prompt_tokens":1,"completion_tokens":1,"cost":{{{cost}}}}}""");

        Assert.Equal(exact is null ? (decimal?)null : decimal.Parse(exact, System.Globalization.CultureInfo.InvariantCulture), usage.ReportedCost);
    }

    // Goal: flags are rare enough to be looked at. Method: every real block, read by its own provider's extractor.
    [Fact]
    public void Of_952_real_blocks_only_those_known_to_be_odd_are_flagged()
    {
        var odd = from item in Items()
                  let body = item.GetProperty("body")
                  let flags = Own(body).ReadCounts(body) is null ? UsageFlags.None : ((UsageReading.Measured)Own(body).Read(body)).Usage.Flags
                  where flags != UsageFlags.None
                  group item by flags into same
                  orderby same.Key
                  select $"{same.Key}: {same.Count()}";

        Assert.Equal(["TotalMismatch: 2", "HiddenSubCalls: 3", "BringYourOwnKey: 2"], odd);
    }

    private static UsageExtractor Own(JsonElement body)
    {
        var (provider, flavor) =
            body.TryGetProperty("usageMetadata", out _) ? ("google", "default")
            : !body.TryGetProperty("usage", out var usage) ? ("openai", "embeddings")
            : usage.TryGetProperty("inputTokens", out _) ? ("aws", "default")
            : usage.TryGetProperty("billed_units", out _) ? ("cohere", "default")
            : usage.TryGetProperty("prompt_tokens", out _) ? ("openrouter", usage.TryGetProperty("completion_tokens", out _) ? "chat" : "embeddings")
            : usage.TryGetProperty("total_tokens", out _) ? ("openai", "responses")
            : ("anthropic", "default");
        return Extractor(flavor == "embeddings" ? "openai" : provider, flavor);
    }

    private static string Golden(string file) =>
        Items().Select(item => item.GetProperty("body"))
            .First(body => body.GetProperty("file").GetString()!.EndsWith(file, StringComparison.Ordinal)).GetRawText();

    private static JsonElement.ArrayEnumerator Items() =>
        JsonDocument.Parse(File.ReadAllBytes(Repo.SharedData("usage-golden/usages.json"))).RootElement.EnumerateArray();

    private static UsageExtractor Extractor(string provider, string flavor) => BuiltinPrices.Catalogue.Provider(provider)!.Extractor(flavor)!;

    private static MeasuredUsage Measure(string provider, string flavor, string body) =>
        Assert.IsType<UsageReading.Measured>(Extractor(provider, flavor).Read(JsonDocument.Parse(body).RootElement)).Usage;
}
