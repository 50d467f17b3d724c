using Tieout.Core.Money;
using Tieout.Server.Configuration;

namespace Tieout.Server.Tests.Gateway;

/// <summary>Providers that speak like OpenAI in ways of their own, reached by configuration alone.</summary>
public sealed class DialectsUpstreamTests
{
    private const string Answer =
        """{"id":"x","object":"chat.completion","model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}}""";

    // Azure insists on its header and its version; a bearer token, ours or the client's, must not come along.
    [Theory]
    [InlineData("azure", "/openai/deployments/fast", "api-key", "api-version=2024-10-21", "/openai/deployments/fast/chat/completions?api-version=2024-10-21")]
    [InlineData("azure", "/openai/v1", "api-key", null, "/openai/v1/chat/completions")]
    [InlineData("openrouter", "/api/v1", null, null, "/api/v1/chat/completions")]
    [InlineData("vllm", "/v1", null, null, "/v1/chat/completions")]
    [InlineData("ollama", "/v1", null, null, "/v1/chat/completions")]
    public async Task A_provider_gets_the_key_and_the_query_where_it_wants_them(string name, string at, string? header, string? query, string expected)
    {
        var hasKey = name is "azure" or "openrouter";
        var seen = new List<(string Url, string Authorization, string ApiKey)>();
        await using var provider = await DialectsComplaintTests.AnsweringAsync(
            "application/json", Answer,
            http => seen.Add((http.Path + http.QueryString, http.Headers.Authorization.ToString(), http.Headers["api-key"].ToString())));
        await using var world = await World.StartAsync(change: options => options with
        {
            Providers =
            [
                new(name, ProviderDialect.OpenAi, new Uri(provider.Urls.First() + at), hasKey ? World.ProviderKey : null, ["X-*", "api-*"],
                    "openai") { AuthHeader = header, Query = query },
            ],
            Models = [new("gpt-4o", [new(name, "gpt-4o")])],
        });

        using var response = await world.ChatAsync(World.Hello, "api-key: the client's own");

        Assert.Equal("0.0035", response.Headers.GetValues("Tieout-Cost").Single());
        Assert.Equal((expected, header is null && hasKey ? $"Bearer {World.ProviderKey}" : "", header is null ? "" : World.ProviderKey), Assert.Single(seen));
        Assert.Equal(Amount.Parse("0.0035"), await world.TiesOutAsync());
    }

    [Fact]
    public async Task A_clients_query_and_its_header_never_stand_in_for_the_configured_ones()
    {
        var seen = new List<(string Query, string Key)>();
        await using var provider = await DialectsComplaintTests.AnsweringAsync(
            "application/json", Answer, http => seen.Add((http.QueryString.Value!, string.Join('|', http.Headers["X-Gate"].AsEnumerable()))));
        await using var world = await World.StartAsync(change: options => options with
        {
            Providers = [options.Providers[0] with { BaseUrl = new Uri(provider.Urls.First() + "/v1"), ForwardHeaders = ["X-*"], AuthHeader = "X-Gate",
                Query = "api-version=1" }],
        });

        using var request = new HttpRequestMessage(HttpMethod.Post,
            "/v1/chat/completions?api-version=2&api-key=theirs")
        { Content = new StringContent(World.Hello, System.Text.Encoding.UTF8, "application/json") };
        request.Headers.Add("X-Gate", "the client's own");
        using var response = await world.Http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal(("?api-version=1", World.ProviderKey), Assert.Single(seen));
    }
}
