using System.Globalization;

namespace Tieout.Server.Tests.Gateway;

/// <summary>How limits are told and refused, in the words of each dialect.</summary>
public sealed class DialectsLimitTests
{
    private const string Messages = """{"model":"claude-sonnet-4-5","max_tokens":20,"messages":[{"role":"user","content":"How much?"}]}""";
    private const string Gemini = """{"contents":[{"role":"user","parts":[{"text":"How much?"}]}]}""";
    private const string GeminiPath = "/v1beta/models/gemini-2.5-flash:generateContent";

    private static Task<World> LimitedAsync() =>
        DialectsWorld.StartAsync(change: options => options with { Limits = [new("acme", null, null, null, 1, 1_000_000, null)] });

    [Fact]
    public async Task OpenAIs_headers_and_error()
    {
        await using var world = await LimitedAsync();

        using var first = await world.PostAsync("/v1/chat/completions", World.Hello, DialectsChargeTests.KeyOf(""));
        using var second = await world.PostAsync("/v1/chat/completions", World.Hello, DialectsChargeTests.KeyOf(""));

        Assert.Equal(("1", "0", "1000000"),
            (Header(first, "x-ratelimit-limit-requests"), Header(first, "x-ratelimit-remaining-requests"), Header(first, "x-ratelimit-limit-tokens")));
        Assert.Equal(Header(second, "Retry-After"),
            Math.Ceiling(int.Parse(Header(second, "Retry-After-Ms"), CultureInfo.InvariantCulture) / 1000m).ToString(CultureInfo.InvariantCulture));
        Assert.Equal("rate_limit_exceeded", (await second.ErrorAsync(429)).GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task Anthropics_headers_and_error()
    {
        await using var world = await LimitedAsync();

        using var first = await world.PostAsync("/v1/messages", Messages, DialectsChargeTests.KeyOf("messages"));
        using var second = await world.PostAsync("/v1/messages", Messages, DialectsChargeTests.KeyOf("messages"));

        Assert.Equal(("1", "0", "1000000"),
            (Header(first, "anthropic-ratelimit-requests-limit"), Header(first, "anthropic-ratelimit-requests-remaining"),
                Header(first, "anthropic-ratelimit-tokens-limit")));
        var reset = DateTimeOffset.Parse(Header(first, "anthropic-ratelimit-requests-reset"), CultureInfo.InvariantCulture) - DateTimeOffset.UtcNow;
        Assert.InRange(reset.TotalSeconds, 30, 61);
        Assert.False(first.Headers.Contains("x-ratelimit-limit-requests"));
        Assert.InRange(int.Parse(Header(second, "Retry-After"), CultureInfo.InvariantCulture), 1, 60);
        Assert.Equal("rate_limit_error", (await second.ErrorAsync(429)).GetProperty("error").GetProperty("type").GetString());
    }

    [Fact]
    public async Task Googles_error_says_when_to_try_again()
    {
        await using var world = await LimitedAsync();

        using var first = await world.PostAsync(GeminiPath, Gemini, DialectsChargeTests.KeyOf("models/"));
        using var second = await world.PostAsync(GeminiPath, Gemini, DialectsChargeTests.KeyOf("models/"));

        Assert.Equal(200, (int)first.StatusCode);
        Assert.DoesNotContain(first.Headers, header => header.Key.Contains("ratelimit", StringComparison.OrdinalIgnoreCase));
        var error = (await second.ErrorAsync(429)).GetProperty("error");
        Assert.Equal("RESOURCE_EXHAUSTED", error.GetProperty("status").GetString());
        var details = error.GetProperty("details").EnumerateArray().ToDictionary(detail => detail.GetProperty("@type").GetString()!.Split('.')[^1]);
        Assert.Equal("RATE_LIMIT_EXCEEDED", details["ErrorInfo"].GetProperty("reason").GetString());
        Assert.Equal($"{Header(second, "Retry-After")}s", details["RetryInfo"].GetProperty("retryDelay").GetString());
    }

    [Theory]
    [InlineData("/v1/files")]
    [InlineData("/v1/batches")]
    [InlineData("/v1/messages/batches/none")]
    public async Task What_providers_keep_is_asked_for_within_the_limits_too(string path)
    {
        await using var world = await LimitedAsync();

        using var first = await world.SendAsync(HttpMethod.Get, path);
        using var second = await world.SendAsync(HttpMethod.Get, path);

        Assert.NotEqual(429, (int)first.StatusCode);
        Assert.Equal(429, (int)second.StatusCode);
        Assert.True(second.Headers.Contains("Retry-After"));
    }

    private static string Header(HttpResponseMessage response, string name) => response.Headers.GetValues(name).Single();
}
