using Tieout.Core.Ledger;

namespace Tieout.Server.Tests.Gateway;

/// <summary>What is refused is refused in the client's own dialect, and what can be made affordable is, on request.</summary>
public sealed class DialectsRefusalTests
{
    private const string Messages = """{"model":"claude-sonnet-4-5","max_tokens":100000,"messages":[{"role":"user","content":"How much?"}]}""";
    private const string Chat = """{"model":"gpt-4o","messages":[{"role":"user","content":"Hi"}],"max_tokens":16000}""";
    private const string Responses = """{"model":"gpt-4o","input":"Hi"}""";
    private const string Gemini = """{"contents":[{"role":"user","parts":[{"text":"How much?"}]}]}""";
    private const string Generate = "/v1beta/models/gemini-2.5-flash:generateContent";

    [Theory]
    [InlineData("no key", 401, "authentication_error", "UNAUTHENTICATED")]
    [InlineData("short", 402, "billing_error", "RESOURCE_EXHAUSTED")]
    [InlineData("unknown model", 404, "not_found_error", "NOT_FOUND")]
    [InlineData("other dialect", 400, "invalid_request_error", "INVALID_ARGUMENT")]
    [InlineData("malformed", 400, "invalid_request_error", "INVALID_ARGUMENT")]
    [InlineData("store down", 503, "overloaded_error", "UNAVAILABLE")]
    public async Task Our_own_errors_have_the_dialects_shape(string why, int status, string anthropic, string gemini)
    {
        await using var world = await DialectsWorld.StartAsync(topUp: why == "short" ? "0" : "1000");
        if (why == "store down") world.Ledger.Broken = command => command is Command.PlaceHold;
        var model = why switch { "unknown model" => "nobody-knows", "other dialect" => "gpt-4o", _ => null };

        var theirs = await (await PostAsync(
            "/v1/messages", model is null ? Messages : Messages.Replace("claude-sonnet-4-5", model, StringComparison.Ordinal))).ErrorAsync(status);
        var googles = await (await PostAsync(
            model is null ? Generate : Generate.Replace("gemini-2.5-flash", model, StringComparison.Ordinal), Gemini)).ErrorAsync(status);

        Assert.Equal(("error", anthropic), (theirs.GetProperty("type").GetString(), theirs.GetProperty("error").GetProperty("type").GetString()));
        Assert.Equal(
            (status, gemini), (googles.GetProperty("error").GetProperty("code").GetInt32(), googles.GetProperty("error").GetProperty("status").GetString()));
        Assert.Equal(theirs.GetProperty("error").GetProperty("code").GetString()!.ToUpperInvariant(),
            googles.GetProperty("error").GetProperty("details")[0].GetProperty("reason").GetString());
        Assert.Empty(world.Bill.Calls());
        world.Ledger.Broken = null;

        Task<HttpResponseMessage> PostAsync(string path, string body) => world.PostAsync(
            path, why == "malformed" ? body[..^1] : body, why == "no key" ? "X-Nothing: 1" : DialectsChargeTests.KeyOf(path));
    }

    [Theory]
    [InlineData("/v1/anthropic/nothing", "not_found_error")]
    [InlineData("/v1beta/nothing", "NOT_FOUND")]
    [InlineData("/v1/nothing", "not_found")]
    public async Task An_address_with_nothing_at_it_says_so_in_its_dialect(string path, string word)
    {
        await using var world = await DialectsWorld.StartAsync();
        Assert.Contains(word, (await (await world.PostAsync(path, "{}")).ErrorAsync(404)).GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_in_the_address_opens_the_gateway_and_goes_no_further()
    {
        var seen = new List<string>();
        await using var provider = await DialectsComplaintTests.AnsweringAsync("application/json", "{}",
            request => seen.Add($"{request.Path}{request.QueryString} {string.Join(' ', request.Headers.Select(one => $"{one.Key}={one.Value}"))}"));
        await using var world = await DialectsWorld.StartAsync(providerUrl: provider.Urls.First());

        using var response = await world.PostAsync($"{Generate}?%6Bey={World.Secret}&prettyPrint=false&key={World.Secret}", Gemini);

        Assert.Equal(401, (int)response.StatusCode);
        using var again = await world.PostAsync($"{Generate}?key={World.Secret}&prettyPrint=false", Gemini);
        Assert.Equal(200, (int)again.StatusCode);
        var line = Assert.Single(seen);
        Assert.Contains("/models/gemini-2.5-flash:generateContent ", line, StringComparison.Ordinal);
        Assert.Contains($"x-goog-api-key={World.ProviderKey}", line, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(World.Secret, line, StringComparison.Ordinal);
    }

    // Each of them may cost more than the cent that there is; what is left pays for some hundred tokens of an answer.
    [Theory]
    [InlineData("/v1/messages", Messages)]
    [InlineData("/v1/chat/completions", Chat)]
    [InlineData("/v1/responses", Responses)]
    [InlineData(Generate, Gemini)]
    [InlineData(Generate, """{"contents":[],"generationConfig":{"temperature":0.70}}""")]
    [InlineData(Generate, """{"generationConfig":{"maxOutputTokens":60000},"contents":[]}""")]
    public async Task What_is_short_is_refused_or_on_request_made_as_long_as_is_affordable(string path, string body)
    {
        await using var world = await DialectsWorld.StartAsync(topUp: "0.01");

        using var refused = await world.PostAsync(path, body, DialectsChargeTests.KeyOf(path));
        Assert.Equal(402, (int)refused.StatusCode);
        using var clamped = await world.PostAsync(path, body, DialectsChargeTests.KeyOf(path), "Tieout-On-Short: clamp", "X-Sim-Completion-Tokens: 100000");

        Assert.True(clamped.IsSuccessStatusCode, await clamped.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        var row = Assert.Single(await world.UsageAsync());
        Assert.Equal(
            clamped.Headers.GetValues("Tieout-Clamped").Single(), row.Usage.Counts.OutputTokens.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Assert.InRange(row.Charge.ToDecimal(), 0.005m, 0.01m);
        Assert.Empty(await world.Read.FindingsAsync(World.Org, 10, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Clamping_can_be_the_gateways_way_and_a_request_may_still_want_to_be_refused()
    {
        await using var world =
            await DialectsWorld.StartAsync(topUp: "0.01", gateway: gateway => gateway with { OnShort = Tieout.Server.Configuration.OnShort.Clamp });

        using var refused = await world.PostAsync("/v1/messages", Messages, DialectsChargeTests.KeyOf("messages"), "Tieout-On-Short: refuse");
        using var clamped = await world.PostAsync("/v1/messages", Messages, DialectsChargeTests.KeyOf("messages"));

        Assert.Equal((402, 200), ((int)refused.StatusCode, (int)clamped.StatusCode));
    }
}
