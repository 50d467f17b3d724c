using System.Globalization;
using System.Text;
using Tieout.Core.Pricing;

namespace Tieout.Core.Tests.Pricing;

public sealed class PriceCatalogueTests
{
    private const string List = """
        {"format":"tieout-prices/1","list":"test","version":"1","asset":"USD","providers":[
        {"id":"acme","name":"Acme","alias":{"contains":"acme"},"models_like":{"starts_with":"rocket"},"fallbacks":["other"],
         "usage":[{"flavor":"chat","block":"usage","model":"model","required":{"in":["input_tokens"]},"optional":{"c":["input_tokens","cache_read_tokens"]}}],
         "models":[
        {"id":"rocket","match":{"starts_with":"rocket"},"context_window":1000,"prices":[
          {"rates":{"input_tokens":"1"}},
          {"from":"2026-03-01","rates":{"input_tokens":"2"}},
          {"daily":"23:00-01:00","rates":{"input_tokens":"3"}},
          {"from":"2026-09-01","rates":{"input_tokens":"4"}}]},
        {"id":"nameless","match":"nameless","rates":{}}]},
        {"id":"other","name":"Other","usage":[],"models":[{"id":"lent","match":"lent","rates":{"input_tokens":"9"}}]}]}
        """;

    private static readonly PriceCatalogue Test = PriceCatalogueJson.Read(Encoding.UTF8.GetBytes(List));

    [Theory]
    [InlineData("acme", "rocket-1", "2026-01-01T12:00", "1")]
    [InlineData("acme", "rocket-1", "2026-02-28T23:30", "3")]
    [InlineData("acme", "rocket-1", "2026-02-28T00:59", "3")]
    [InlineData("acme", "rocket-1", "2026-02-28T01:00", "1")]
    [InlineData("acme", "rocket-1", "2026-03-01T12:00", "2")]
    [InlineData("acme", "rocket-1", "2026-08-31T23:00", "3")]
    [InlineData("acme", "rocket-1", "2026-09-01T00:00", "4")]
    [InlineData("ACME", "Rocket-1", "2026-01-01T12:00", "1")]
    [InlineData(" acme-europe ", "rocket-1", "2026-01-01T12:00", "1")]
    [InlineData(null, "rocket-1", "2026-01-01T12:00", "1")]
    [InlineData("acme", "lent", "2026-01-01T12:00", "9")]
    [InlineData("other", "rocket-1", "2026-01-01T12:00", null)]
    [InlineData("acme", "unheard-of", "2026-01-01T12:00", null)]
    [InlineData("acme", "nameless", "2026-01-01T12:00", null)]
    [InlineData("nobody", "rocket-1", "2026-01-01T12:00", null)]
    [InlineData(null, "lent", "2026-01-01T12:00", null)]
    public void The_price_in_force_is_found_or_none_is(string? provider, string model, string at, string? rate)
    {
        var found = Test.Find(provider, model, At(at));

        Assert.Equal(rate, found?.Cost.Rates.Single().Value.Base.ToString(CultureInfo.InvariantCulture));
        Assert.Same(found, Test.Find(provider, model, At(at)));
        if (found is not null) Assert.Equal(("test@1", "acme"), (found.List, found.Provider));
    }

    [Theory]
    [InlineData("openai", "gpt-4o-2024-08-06", "openai", "gpt-4o")]
    [InlineData("azure", "gpt-4o-2024-08-06", "azure", "gpt-4o")]
    [InlineData("amazon-bedrock", "us.anthropic.claude-sonnet-5-20260101-v1:0", "aws", "regional.anthropic.claude-sonnet-5-v1:0")]
    [InlineData("vertex-ai", "gemini-2.5-pro", "google", "gemini-2.5-pro")]
    [InlineData(null, "claude-sonnet-4-6", "anthropic", "claude-sonnet-4-6")]
    public void The_builtin_list_knows_providers_by_their_other_names(string? provider, string model, string asProvider, string asModel)
    {
        var price = BuiltinPrices.Catalogue.Find(provider, model, At("2026-08-21T12:00"))!;

        Assert.Equal((asProvider, asModel, "builtin@2026-08-21"), (price.Provider, price.Model, price.List));
    }

    [Fact]
    public void Answers_stay_right_when_there_are_too_many_names_to_remember()
    {
        for (var i = 0; i < 10_100; i++) Test.Find("acme", $"made-up-{i}", At("2026-01-01T12:00"));

        Assert.NotNull(Test.Find("acme", "rocket-1", At("2026-01-01T12:00")));
        Assert.Null(Test.Find("acme", "made-up-1", At("2026-01-01T12:00")));
    }

    [Theory]
    [InlineData("[]", "is not an object")]
    [InlineData("{", "Not valid JSON: line 1")]
    [InlineData("""{"format":"tieout-prices/2"}""", "'format' must be tieout-prices/1")]
    [InlineData("""{"format":"tieout-prices/1","asset":"dollars"}""", "'dollars' is not an asset")]
    [InlineData("""{"format":"tieout-prices/1","asset":"USD","list":"l","version":"1","effective":"21.8.2026"}""", "'21.8.2026' is not a day")]
    [InlineData("""{"format":"tieout-prices/1","asset":"USD","list":"l","version":"1","providers":[{"id":"a","models":[{"id":"m","match":"m","rates":{"input_tokens":"-1"}}]}]}""", "Provider 'a': Model 'm': \"-1\" is not a rate")]
    [InlineData("""{"format":"tieout-prices/1","asset":"USD","list":"l","version":"1","providers":[{"id":"a","models":[{"id":"m","match":"m","rates":{"hugs":"1"}}]}]}""", "Provider 'a': Model 'm': 'hugs' is not a unit")]
    [InlineData("""{"format":"tieout-prices/1","asset":"USD","list":"l","version":"1","providers":[{"id":"a","models":[{"id":"m","match":{"like":"m"},"rates":{}}]}]}""", "Provider 'a': Model 'm': {\"like\":\"m\"} is not a condition")]
    [InlineData("""{"format":"tieout-prices/1","asset":"USD","list":"l","version":"1","providers":[{"id":"a","models":[{"id":"m","match":"m"}]}]}""",
        "neither 'rates' nor 'prices'")]
    [InlineData("""{"format":"tieout-prices/1","asset":"USD","list":"l","version":"1","providers":[{"id":"a","models":[{"id":"m","match":{"regex":"("},"rates":{}}]}]}""", "is not a pattern")]
    [InlineData("""{"format":"tieout-prices/1","asset":"USD","list":"l","version":"1","providers":[{"id":"a","models":[]},{"id":"A","models":[]}]}""",
        "listed twice")]
    [InlineData("""{"format":"tieout-prices/1","asset":"USD","list":"l","version":"1","providers":[{"id":"a","fallbacks":["b"],"models":[]}]}""",
        "falls back to 'b'")]
    [InlineData("""{"format":"tieout-prices/1","asset":"USD","list":"l","version":"1","providers":[{"id":"a","usage":[{"flavor":"f","block":"u","model":"m","required":{"x":"input_tokens"}}],"models":[]}]}""", "Provider 'a': \"input_tokens\" is not an array")]
    [InlineData("""{"format":"tieout-prices/1","asset":"USD","list":"l","version":"1","providers":[{"id":"a","models":[{"id":"m","match":"m","prices":[{"daily":"9-17","rates":{}}]}]}]}""", "'9-17' is not a span of hours")]
    [InlineData("""{"format":"tieout-prices/1","asset":"USD","list":"l","version":"1","providers":{}}""", "{} is not an array")]
    public void A_list_that_cannot_be_read_says_where(string file, string says)
    {
        var error = Assert.Throws<FormatException>(() => PriceCatalogueJson.Read(Encoding.UTF8.GetBytes(file)));

        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}", "root must be an array")]
    [InlineData("[1]", "1 is not an object")]
    [InlineData("""[{"id":"a","name":"A","api_pattern":"a","models":[{"id":"m","match":{"equals":"m"},"prices":{"hugs_mtok":1}}]}]""",
        "Provider 'a': Model 'm': 'hugs_mtok' is a price of no unit")]
    [InlineData("""[{"id":"a","name":"A","api_pattern":"a","models":[{"id":"m","match":{"equals":"m"},"prices":{"input_mtok":-1}}]}]""", "-1 is not a price")]
    [InlineData("""[{"id":"a","name":"A","api_pattern":"a","models":[{"id":"m","match":{"equals":"m"},"prices":{"input_mtok":"1"}}]}]""", "is not a price")]
    [InlineData("""[{"id":"a","name":"A","api_pattern":"a","models":[{"id":"m","match":{"equals":"m"},"prices":[{"prices":{},"constraint":{"start_time":"00:30:00+02:00","end_time":"01:00:00Z"}}]}]}]""", "is not a time of day in UTC")]
    [InlineData("""[{"id":"a","name":"A","api_pattern":"a","models":[{"id":"m","match":{"equals":"m"},"prices":[{"prices":{},"constraint":{"region":"eu"}}]}]}]""", "'start_time' is missing in {\"region\":\"eu\"}")]
    [InlineData("""[{"id":"a","name":"A","api_pattern":"a","models":[{"id":"m","match":{"equals":"m"},"prices":7}]}]""", "Model 'm': 7 is not an object")]
    [InlineData("""[{"id":"a","name":"A","api_pattern":"a","models":[],"extractors":[{"root":"u","mappings":[{"path":["l",{"type":"array-match","field":"f","match":{"contains":"x"}},"n"],"dest":"input_tokens"}]}]}]""", "something else than equality")]
    public void A_genai_prices_file_that_cannot_be_read_says_where(string file, string says)
    {
        var error = Assert.Throws<FormatException>(() => GenaiPrices.Import(Encoding.UTF8.GetBytes(file), "x", "1", null));

        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_imported_list_is_written_and_read_with_its_day_and_name()
    {
        var imported = GenaiPrices.Import("[]"u8.ToArray(), "ours", "7", new(2026, 9, 1));
        var again = PriceCatalogueJson.Read(Encoding.UTF8.GetBytes(PriceCatalogueJson.Write(imported)));

        Assert.Equal(("ours@7", new DateOnly(2026, 9, 1), "USD"), (again.Id, again.Effective, again.Asset.Code));
    }

    private static Instant At(string text) =>
        Instant.From(DateTimeOffset.Parse(text + "Z", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal));
}
