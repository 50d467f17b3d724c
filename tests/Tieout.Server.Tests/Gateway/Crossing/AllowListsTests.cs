namespace Tieout.Server.Tests.Gateway.Crossing;

/// <summary>Of a client's query and headers a provider gets what is on a list, and nothing that could hide what was used.</summary>
public sealed class AllowListsTests
{
    private const string Generate = "/v1beta/models/gemini-2.5-flash:generateContent";
    private const string Stream = "/v1beta/models/gemini-2.5-flash:streamGenerateContent";
    private const string Answer =
        """{"model":"gpt-4o","choices":[],"content":[],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2,"input_tokens":1,"output_tokens":1},"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":1,"totalTokenCount":2}}""";

    [Theory]
    [InlineData(Generate, "fields=candidates")]
    [InlineData(Generate, "$fields=candidates")]
    [InlineData(Generate, "%66ields=candidates")]
    [InlineData(Generate, "alt=proto")]
    [InlineData(Generate, "$alt=proto")]
    [InlineData(Generate, "alt=sse")]
    [InlineData(Generate, "callback=x")]
    [InlineData(Generate, "$.xgafv=1")]
    [InlineData(Generate, "quotaUser=x")]
    [InlineData(Stream, "alt=sse&alt=proto")]
    [InlineData(Stream, "alt=SSE")]
    [InlineData("/v1/chat/completions", "stream=false")]
    [InlineData("/v1/chat/completions", "fields=choices")]
    [InlineData("/v1/messages", "beta=false")]
    [InlineData("/v1/messages/count_tokens", "x=1")]
    [InlineData("/v1/messages/batches", "x=1")]
    public async Task A_parameter_that_is_on_no_list_is_refused_by_its_name_and_nothing_is_sent(string path, string query)
    {
        var seen = new List<string>();
        await using var provider = await DialectsComplaintTests.AnsweringAsync("application/json", Answer, http => seen.Add(http.Path));
        await using var world = await DialectsWorld.StartAsync(providerUrl: provider.Urls.First());

        var error = await (await world.PostAsync($"{path}?{query}", Body(path), DialectsChargeTests.KeyOf(path))).ErrorAsync(400);

        Assert.Contains(Uri.UnescapeDataString(query.Split('&')[^1].Split('=')[0]), error.GetRawText(), StringComparison.Ordinal);
        Assert.Empty(seen);
        Assert.Empty(await world.UsageAsync());
    }

    [Theory]
    [InlineData(Generate, "alt=json&prettyPrint=false&key=x", "?alt=json")]
    [InlineData("/v1/messages", "beta=true", "?beta=true")]
    [InlineData("/v1/chat/completions", "api-version=2024-10-21&api-key=x&access_token=y", "")]
    public async Task What_is_on_a_list_goes_on_written_anew(string path, string query, string expected)
    {
        var seen = new List<string>();
        await using var provider = await DialectsComplaintTests.AnsweringAsync("application/json", Answer, http => seen.Add(http.QueryString.ToString()));
        await using var world = await DialectsWorld.StartAsync(providerUrl: provider.Urls.First());
        using var answer = await world.PostAsync($"{path}?{query}", Body(path), DialectsChargeTests.KeyOf(path));
        Assert.Equal(expected, Assert.Single(seen));
    }

    [Fact]
    public async Task Headers_that_change_what_is_answered_stay_behind_whatever_the_configuration_forwards()
    {
        string[] tricks =
        [
            "X-Goog-FieldMask: candidates", "X-Goog-User-Project: theirs", "X-HTTP-Method-Override: GET", "X-Method-Override: GET", "Range: bytes=0-1",
            "If-None-Match: x", "Accept: application/x-protobuf",
            "Accept-Encoding: gzip", "TE: trailers", "Prefer: return=minimal", "OpenAI-Organization: theirs", "OpenAI-Project: theirs", "Connection: X-Hop",
            "X-Hop: 1", "Keep-Alive: 5", "Cookie: a=b", "Via: me",
        ];
        var seen = new List<string>();
        await using var provider =
            await DialectsComplaintTests.AnsweringAsync("application/json", Answer, http => seen.AddRange(http.Headers.Select(header => header.Key)));
        await using var world = await World.StartAsync(providerUrl: provider.Urls.First(),
            change: options =>
                options with { Providers = [options.Providers[0] with { ForwardHeaders = ["X-*", "A*", "I*", "O*", "P*", "R*", "T*", "C*", "K*", "V*"] }] });

        using var answer = await world.PostAsync("/v1/chat/completions", World.Hello, [DialectsChargeTests.KeyOf(""), "X-Fine: 1", .. tricks]);

        Assert.Equal(200, (int)answer.StatusCode);
        Assert.Equal(["Authorization", "Content-Length", "Content-Type", "Host", "X-Fine"], seen.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_is_kept_is_asked_for_with_parameters_of_a_list_only()
    {
        await using var world = await DialectsWorld.StartAsync();
        using var made = await world.PostAsync("/v1/responses", """{"model":"gpt-4o","input":"Hi"}""", DialectsChargeTests.KeyOf(""));
        var id = (await World.JsonAsync(made)).GetProperty("id").GetString();
        foreach (var (query, status) in new[] { ("", 200), ("?include[]=x", 200), ("?stream=true", 400), ("?fields=id", 400), ("?starting_after=1", 400) })
        {
            using var answer = await world.SendAsync(HttpMethod.Get, $"/v1/responses/{id}{query}");
            Assert.Equal(status, (int)answer.StatusCode);
        }
    }

    private static string Body(string path) => path switch
    {
        "/v1/messages/batches" => """{"requests":[{"custom_id":"a","params":{"model":"claude-sonnet-4-5","max_tokens":9,"messages":[]}}]}""",
        _ when path.StartsWith("/v1/messages", StringComparison.Ordinal) => """{"model":"claude-sonnet-4-5","max_tokens":9,"messages":[]}""",
        "/v1/chat/completions" => World.Hello,
        _ => """{"contents":[]}""",
    };
}
