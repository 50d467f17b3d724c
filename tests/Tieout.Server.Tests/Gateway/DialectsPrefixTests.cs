using System.Text;

namespace Tieout.Server.Tests.Gateway;

/// <summary>Every route is at each of its dialect's addresses.</summary>
public sealed class DialectsPrefixTests
{
    private static readonly (string Path, string Body)[] OpenAi =
    [
        ("/chat/completions", World.Hello), ("/responses", """{"model":"gpt-4o","input":"Hi"}"""), ("/completions", """{"model":"gpt-4o","prompt":"Hi"}"""),
        ("/embeddings", """{"model":"text-embedding-3-small","input":"Hi"}"""), ("/moderations", """{"input":"Hi"}"""),
        ("/images/generations", """{"model":"dall-e-3","prompt":"Hi"}"""),
        ("/audio/speech", """{"model":"tts-1","input":"Hi","voice":"alloy"}"""),
    ];

    private static readonly (string Path, string Body)[] Anthropic =
    [
        ("/messages", """{"model":"claude-sonnet-4-5","max_tokens":20,"messages":[{"role":"user","content":"Hi"}]}"""),
        ("/messages/count_tokens", """{"model":"claude-sonnet-4-5","messages":[{"role":"user","content":"Hi"}]}"""),
        ("/messages/batches", """{"requests":[{"custom_id":"a","params":{"model":"helper","max_tokens":20,"messages":[{"role":"user","content":"Hi"}]}}]}"""),
    ];

    private static readonly (string Path, string Body)[] Gemini =
    [
        ("/models/gemini-2.5-flash:generateContent", """{"contents":[{"parts":[{"text":"Hi"}]}]}"""),
        ("/models/gemini-2.5-flash:streamGenerateContent", """{"contents":[{"parts":[{"text":"Hi"}]}]}"""),
        ("/models/gemini-2.5-flash:countTokens", """{"contents":[{"parts":[{"text":"Hi"}]}]}"""),
    ];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/v1")]
    [InlineData("/v1/openai")]
    [InlineData("/v1/openai/v1")]
    public async Task OpenAIs_routes(string at)
    {
        await using var world = await BatchesWorld.StartAsync();
        await AllAnswerAsync(world, at, OpenAi);
        foreach (var (path, field, model) in new[] { ("/audio/transcriptions", "file", "whisper-1"), ("/audio/translations", "file",
            "whisper-1"), ("/images/edits", "image", "dall-e-3"), ("/images/variations", "image", "dall-e-3") })
        {
            using var form = new MultipartFormDataContent { { new ByteArrayContent(new byte[100]), field, "a.bin" }, { new StringContent(model), "model" } };
            Assert.Equal((path, 200), (path, (int)(await world.PostAsync(at + path, form, DialectsChargeTests.KeyOf(""))).StatusCode));
        }

        using var upload = new MultipartFormDataContent { { new StringContent("batch"), "purpose" }, { new ByteArrayContent(
            Encoding.UTF8.GetBytes(BatchesWorld.Line("a"))), "file", "a.jsonl" } };
        using var made = await world.SendAsync(HttpMethod.Post, $"{at}/files", upload);
        var file = System.Text.Json.JsonElement.Parse(await made.Content.ReadAsStringAsync(Stop)).GetProperty("id").GetString();
        using var batch = await world.PostAsync(
            $"{at}/batches", $$"""{"input_file_id":"{{file}}","endpoint":"/v1/chat/completions","completion_window":"24h"}""", DialectsChargeTests.KeyOf(""));
        var id = System.Text.Json.JsonElement.Parse(await batch.Content.ReadAsStringAsync(Stop)).GetProperty("id").GetString();
        foreach (var path in new[] { "/models", "/models/gpt-4o", "/files", $"/files/{file}", $"/files/{file}/content", "/batches", $"/batches/{id}" })
        {
            Assert.Equal((path, 200), (path, (int)(await world.SendAsync(HttpMethod.Get, at + path)).StatusCode));
        }
    }

    [Theory]
    [InlineData("/v1")]
    [InlineData("/v1/anthropic")]
    [InlineData("/v1/anthropic/v1")]
    public async Task Anthropics_routes(string at)
    {
        await using var world = await BatchesWorld.StartAsync();
        await AllAnswerAsync(world, at, Anthropic);
        Assert.Equal(200, (int)(await world.SendAsync(HttpMethod.Get, $"{at}/messages/batches")).StatusCode);
    }

    [Theory]
    [InlineData("/v1beta")]
    [InlineData("/v1/gemini")]
    [InlineData("/v1/gemini/v1beta")]
    public async Task Googles_routes(string at)
    {
        await using var world = await BatchesWorld.StartAsync();
        await AllAnswerAsync(world, at, Gemini);
    }

    private static async Task AllAnswerAsync(World world, string at, (string Path, string Body)[] calls)
    {
        foreach (var (path, body) in calls)
        {
            using var response = await world.PostAsync(at + path, body, DialectsChargeTests.KeyOf(path));
            Assert.True((int)response.StatusCode == 200, $"{path}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync(Stop)}");
        }
    }
}
