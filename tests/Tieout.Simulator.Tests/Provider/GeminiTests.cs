using System.Net;
using System.Text.Json;

namespace Tieout.Simulator.Tests.Provider;

/// <summary>Gemini, whose official clients are for other languages, by raw HTTP.</summary>
public sealed class GeminiTests
{
    private const string Models = "/v1beta/models/gemini-2.5-pro";
    private const string Request =
        """{"contents":[{"role":"user","parts":[{"text":"four"},{"inlineData":{"mimeType":"image/png","data":"not text"}}]}],"systemInstruction":{"parts":[{"text":"eight by"}]}}""";

    private static readonly (string, string)[] Counts =
        [("X-Sim-Prompt-Tokens", "1234"), ("X-Sim-Completion-Tokens", "56"), ("X-Sim-Cached-Tokens", "1000"), ("X-Sim-Reasoning-Tokens", "7")];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_whole_answer_counts_thoughts_beside_candidates()
    {
        await using var provider = await RunningProvider.StartAsync();

        var answer = await provider.PostJsonToAsync($"{Models}:generateContent", Request, [.. Counts, ("x-goog-api-key", "g")]);

        Assert.Equal("gemini-2.5-pro", answer.GetProperty("modelVersion").GetString());
        Assert.Equal((49 * 4, "STOP"), (TextOf(answer).Length, answer.GetProperty("candidates")[0].GetProperty("finishReason").GetString()!));
        Assert.Equal(
            """{"promptTokenCount":1234,"cachedContentTokenCount":1000,"candidatesTokenCount":49,"thoughtsTokenCount":7,"totalTokenCount":1290,"promptTokensDetails":[{"modality":"TEXT","tokenCount":1234}]}""",
            answer.GetProperty("usageMetadata").GetRawText());
        var call = Assert.Single(provider.Log.Calls());
        Assert.Equal(("gemini", "generateContent", "gemini-2.5-pro", false), (call.Dialect, call.Endpoint, call.Model, call.Stream));
        Assert.Equal((1234, 1000, 56, 7), (call.PromptTokens, call.CachedTokens, call.CompletionTokens, call.ReasoningTokens));
        Assert.Equal(["x-goog-api-key"], call.CredentialsSha256.Keys);
    }

    [Theory]
    [InlineData("?alt=sse")]
    [InlineData("?key=k")]
    public async Task A_stream_counts_as_it_goes_and_the_last_chunk_is_right(string query)
    {
        await using var provider = await RunningProvider.StartAsync();
        var path = $"{Models}:streamGenerateContent{query}";

        List<JsonElement> chunks;
        if (query == "?alt=sse")
        {
            chunks = [.. (await provider.PostStreamToAsync(path, Request, Counts)).Events.Select(text => JsonElement.Parse(text))];
        }
        else
        {
            using var response = await provider.PostToAsync(path, Request, Counts);
            Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
            chunks = [.. JsonElement.Parse(await response.Content.ReadAsStringAsync(Stop)).EnumerateArray()];
        }

        Assert.Equal(17, chunks.Count);
        Assert.Equal(49 * 4, chunks.Sum(chunk => TextOf(chunk).Length));
        var counts = chunks.Select(chunk => chunk.GetProperty("usageMetadata").GetProperty("candidatesTokenCount").GetInt32()).ToList();
        Assert.Equal(counts.Order(), counts);
        Assert.Equal((3, 49), (counts[0], counts[^1]));
        Assert.Equal(1290, chunks[^1].GetProperty("usageMetadata").GetProperty("totalTokenCount").GetInt32());
        Assert.Single(chunks, chunk => chunk.GetProperty("candidates")[0].TryGetProperty("finishReason", out _));
        Assert.Equal((true, "streamGenerateContent"), (provider.Log.Calls()[0].Stream, provider.Log.Calls()[0].Endpoint));
    }

    [Theory]
    [InlineData("generateContent")]
    [InlineData("streamGenerateContent")]
    public async Task A_tool_is_called(string verb)
    {
        await using var provider = await RunningProvider.StartAsync();
        const string request = """{"contents":[],"tools":[{"functionDeclarations":[{"name":"other"},{"name":"ask"}]}]}""";

        var answer = await provider.PostJsonToAsync($"{Models}:{verb}", request, ("X-Sim-Tool", "ask"));

        var part = (verb == "generateContent" ? answer : answer[0]).GetProperty("candidates")[0].GetProperty("content").GetProperty("parts")[0];
        Assert.Equal("""{"name":"ask","args":{"question":"one sum for all"}}""", part.GetProperty("functionCall").GetRawText());
    }

    [Fact]
    public async Task Candidates_share_the_text_and_stop_at_the_limit()
    {
        await using var provider = await RunningProvider.StartAsync();
        const string request = """{"contents":[],"generationConfig":{"candidateCount":2,"maxOutputTokens":5}}""";

        var answer = await provider.PostJsonToAsync($"{Models}:generateContent", request, ("X-Sim-Completion-Tokens", "99"));

        Assert.Equal([(20, "MAX_TOKENS"), (20, "MAX_TOKENS")], answer.GetProperty("candidates").EnumerateArray().Select(candidate =>
            (candidate.GetProperty("content").GetProperty("parts")[0].GetProperty("text").GetString()!.Length,
                candidate.GetProperty("finishReason").GetString()!)));
        Assert.Equal(10, provider.Log.Totals().CompletionTokens);
    }

    [Fact]
    public async Task Counting_tokens_is_free()
    {
        await using var provider = await RunningProvider.StartAsync();

        var counted = await provider.PostJsonToAsync($"{Models}:countTokens", Request);

        Assert.Equal("""{"totalTokens":3}""", counted.GetRawText());
        Assert.Equal((1, 0, 0), (provider.Log.Totals().Calls, provider.Log.Totals().Billed, provider.Log.Totals().PromptTokens));
    }

    [Theory]
    [InlineData("429", Request, 429, "RESOURCE_EXHAUSTED")]
    [InlineData("500", Request, 500, "INTERNAL")]
    [InlineData("none", """{"contents":{}}""", 400, "INVALID_ARGUMENT")]
    [InlineData("none", "no JSON", 400, "INVALID_ARGUMENT")]
    public async Task Errors_have_googles_shape(string fault, string body, int status, string name)
    {
        await using var provider = await RunningProvider.StartAsync();

        using var response = await provider.PostToAsync($"{Models}:generateContent", body, ("X-Sim-Fault", fault));
        var error = JsonElement.Parse(await response.Content.ReadAsStringAsync(Stop)).GetProperty("error");

        Assert.Equal((HttpStatusCode)status, response.StatusCode);
        Assert.Equal((status, name), (error.GetProperty("code").GetInt32(), error.GetProperty("status").GetString()!));
    }

    [Fact]
    public async Task Models_are_listed_in_googles_shape_and_unknown_paths_refused_in_it()
    {
        await using var provider = await RunningProvider.StartAsync();

        var models = await provider.GetJsonAsync("/v1beta/models");
        var unknown = await provider.PostJsonToAsync("/v1beta/models/m:embedContent", "{}");

        Assert.Contains("models/gemini-2.5-pro", models.GetProperty("models").EnumerateArray().Select(model => model.GetProperty("name").GetString()));
        Assert.Equal("NOT_FOUND", unknown.GetProperty("error").GetProperty("status").GetString());
    }

    private static string TextOf(JsonElement chunk) =>
        chunk.GetProperty("candidates")[0].GetProperty("content").GetProperty("parts")[0].GetProperty("text").GetString()!;
}
