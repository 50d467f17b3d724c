using System.Security.Cryptography;
using System.Text;
using Anthropic;
using Anthropic.Models.Messages;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Server.Tests.Gateway;

/// <summary>Every dialect, whole and streamed: the charge in the header, the record and the balance is the one that the price list says by hand.</summary>
public sealed class DialectsChargeTests
{
    private const string Messages = """{"model":"claude-sonnet-4-5","max_tokens":200,"messages":[{"role":"user","content":"How much?"}]%}""";
    private const string Responses = """{"model":"gpt-4o","input":"How much?","max_output_tokens":300%}""";
    private const string Gemini = """{"contents":[{"role":"user","parts":[{"text":"How much?"}]}],"generationConfig":{"maxOutputTokens":300}}""";
    private const string Stream = ""","stream":true""";

    // For a million tokens: claude-sonnet-4-5 3 in, 0.30 from and 3.75 or (an hour) 6 to the cache, 15 out; claude-haiku-4-5 1 and 5;
    // gpt-4o 2.50, 1.25 cached, 10; gemini-2.5-flash 0.30, 0.03 cached, 2.50. In the simulation's headers the prompt includes what was cached.
    private static readonly Dictionary<string, (string Path, string Body, string[] Headers, string Charge)> Calls = new()
    {
        ["messages, cache disjoint"] = ("/v1/messages", Messages, ["X-Sim-Prompt-Tokens: 1234", "X-Sim-Completion-Tokens: 56", "X-Sim-Cached-Tokens: 1000",
            "X-Sim-Cache-Write-5m-Tokens: 30", "X-Sim-Cache-Write-1h-Tokens: 4"], "0.0018765"),
        ["messages, thinking"] = ("/v1/anthropic/v1/messages", Messages,
            ["X-Sim-Prompt-Tokens: 100", "X-Sim-Completion-Tokens: 50", "X-Sim-Reasoning-Tokens: 30"], "0.00105"),
        ["responses"] = ("/v1/responses", Responses, ["X-Sim-Prompt-Tokens: 1000", "X-Sim-Cached-Tokens: 400", "X-Sim-Completion-Tokens: 200"], "0.004"),
        ["completions"] = ("/v1/completions", """{"model":"gpt-4o","prompt":"How much?"%}""", ["X-Sim-Prompt-Tokens: 1000", "X-Sim-Completion-Tokens: 200"],
            "0.0045"),
        ["chat"] = ("/v1/openai/chat/completions", """{"model":"gpt-4o","messages":[{"role":"user","content":"Hi"}]%}""",
            ["X-Sim-Prompt-Tokens: 1000", "X-Sim-Cached-Tokens: 400", "X-Sim-Completion-Tokens: 200"], "0.004"),
        ["gemini"] = ("/v1beta/models/gemini-2.5-flash:generateContent", Gemini,
            ["X-Sim-Prompt-Tokens: 1000", "X-Sim-Cached-Tokens: 400", "X-Sim-Completion-Tokens: 200", "X-Sim-Reasoning-Tokens: 50"], "0.000692"),
        ["embeddings"] = ("/v1/embeddings", """{"model":"text-embedding-3-small","input":["How","much"]}""", ["X-Sim-Prompt-Tokens: 1000"], "0.00002"),
        ["images by tokens"] = ("/v1/images/generations", """{"model":"gpt-image-1","prompt":"A bill"}""",
            ["X-Sim-Prompt-Tokens: 50", "X-Sim-Completion-Tokens: 1000"], "0.04025"),
        ["images by the piece"] = ("/v1/images/generations", """{"model":"dall-e-3","prompt":"A bill","n":2}""", [], "0.08"),
        ["speech by characters"] = ("/v1/audio/speech", """{"model":"tts-1","input":"Wie viel kostet das\u00fc","voice":"alloy"}""", [], "0.0003"),
        ["speech as events"] = ("/v1/audio/speech", """{"model":"gpt-4o-mini-tts","input":"How much?","voice":"alloy","stream_format":"sse"}""",
            ["X-Sim-Prompt-Tokens: 100", "X-Sim-Completion-Tokens: 500"], "0.00606"),
    };

    public static TheoryData<string> Names => [.. Calls.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task D_a_whole_answer_costs_what_the_list_says(string name)
    {
        await using var world = await DialectsWorld.StartAsync();
        var (path, body, headers, charge) = Calls[name];

        using var response = await world.PostAsync(path, body.Replace("%", "", StringComparison.Ordinal), [KeyOf(path), .. headers]);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.True((int)response.StatusCode == 200, text);
        var row = Assert.Single(await world.UsageAsync());
        Assert.Equal((Amount.Parse(charge), UsageBasis.Reported, UsageFlags.None), (row.Charge, row.Usage.Basis, row.Usage.Flags));
        if (response.Content.Headers.ContentType?.MediaType != "text/event-stream") Assert.Equal(charge, response.Headers.GetValues("Tieout-Cost").Single());
        Assert.Equal(Amount.Parse(charge), await world.TiesOutAsync());
        var call = Assert.Single(world.Bill.Calls());
        Assert.DoesNotContain(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(World.Secret))), call.CredentialsSha256.Values);
        Assert.Single(call.CredentialsSha256);
    }

    [Theory]
    [InlineData("messages, cache disjoint", "message_stop")]
    [InlineData("messages, thinking", "message_stop")]
    [InlineData("responses", "response.completed")]
    [InlineData("completions", "[DONE]")]
    [InlineData("chat", "[DONE]")]
    [InlineData("gemini", "finishReason")]
    [InlineData("gemini sse", "finishReason")]
    public async Task D_a_stream_costs_the_same_and_comes_to_its_end(string name, string end)
    {
        await using var world = await DialectsWorld.StartAsync();
        var (path, body, headers, charge) = Calls[name.Split(" sse")[0]];
        path = path.Replace(":generateContent", ":streamGenerateContent", StringComparison.Ordinal)
            + (name.EndsWith(" sse", StringComparison.Ordinal) ? "?alt=sse" : "");

        using var response = await world.PostAsync(path, body.Replace("%", Stream, StringComparison.Ordinal), [KeyOf(path), .. headers]);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.Contains(end, text, StringComparison.Ordinal);
        if (name == "gemini") Assert.True(System.Text.Json.JsonElement.Parse(text).GetArrayLength() > 1);
        var row = Assert.Single(await world.UsageAsync());
        Assert.Equal((Amount.Parse(charge), UsageBasis.Reported, UsageFlags.None), (row.Charge, row.Usage.Basis, row.Usage.Flags));
        Assert.Equal(Amount.Parse(charge), await world.TiesOutAsync());
    }

    [Theory]
    [InlineData("gpt-4o-transcribe", "0.0022")]
    [InlineData("whisper-1", "0.009")]
    public async Task D_a_recording_costs_by_token_or_by_second(string model, string charge)
    {
        await using var world = await DialectsWorld.StartAsync();
        using var form = new MultipartFormDataContent
        {
            { new ByteArrayContent(new byte[20_000]), "file", "speech.mp3" },
            { new StringContent(model), "model" },
        };

        using var response = await world.PostAsync(
            "/v1/audio/transcriptions", form, KeyOf(""), "X-Sim-Prompt-Tokens: 300", "X-Sim-Completion-Tokens: 40", "X-Sim-Audio-Seconds: 90");

        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True((int)response.StatusCode == 200, text);
        Assert.Equal(charge, response.Headers.GetValues("Tieout-Cost").Single());
        Assert.Equal(Amount.Parse(charge), await world.TiesOutAsync());
    }

    [Theory]
    [InlineData("/v1/messages/count_tokens", """{"model":"claude-sonnet-4-5","messages":[{"role":"user","content":"How much?"}]}""")]
    [InlineData("/v1beta/models/gemini-2.5-flash:countTokens", Gemini)]
    [InlineData("/v1/moderations", """{"input":"How much?"}""")]
    public async Task What_is_free_is_neither_held_for_nor_recorded(string path, string body)
    {
        await using var world = await DialectsWorld.StartAsync(topUp: "0");

        using var response = await world.PostAsync(path, body, KeyOf(path));

        Assert.Equal(200, (int)response.StatusCode);
        Assert.Empty(await world.UsageAsync());
        Assert.Empty(await world.Read.HoldsAsync(World.Org, Core.Ledger.HoldState.Released, 10, TestContext.Current.CancellationToken));
        Assert.Empty(world.Read.OpenHolds(null));
    }

    [Fact]
    public async Task The_official_Anthropic_client_gets_its_answer_whole_and_streamed()
    {
        await using var world = await DialectsWorld.StartAsync();
        var client = new AnthropicClient { BaseUrl = world.Server.Urls.First(), ApiKey = World.Secret, MaxRetries = 0, ResponseValidation = true };
        var question = new MessageCreateParams { Model = "claude-sonnet-4-5", MaxTokens = 40, Messages = [new UserMessageParam("How much?")] };

        var message = await client.Messages.Create(question, TestContext.Current.CancellationToken);
        Assert.Equal(40, message.Usage.OutputTokens);
        var stopped = false;
        await foreach (var update in client.Messages.CreateStreaming(question, TestContext.Current.CancellationToken)) stopped |= update.TryPickStop(out _);

        Assert.True(stopped);
        Assert.Equal(2, (await world.UsageAsync()).Count(row => row.Usage.Counts.OutputTokens == 40));
        await world.TiesOutAsync();
    }

    internal static string KeyOf(string path) =>
        path.Contains("messages", StringComparison.Ordinal) ? $"x-api-key: {World.Secret}" : path.Contains("models/", StringComparison.Ordinal)
            ? $"x-goog-api-key: {World.Secret}" : $"Authorization: Bearer {World.Secret}";
}
