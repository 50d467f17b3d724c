using System.Text;
using System.Text.Json;
using Tieout.Server.Configuration;

namespace Tieout.Server.Tests.Gateway;

/// <summary>Files and batches through a <see cref="World"/>'s gateway, by plain HTTP.</summary>
internal static class BatchesWorld
{
    /// <summary>Providers are asked on nobody's behalf only where a test wants it.</summary>
    public static readonly TimeSpan Never = TimeSpan.FromHours(12);

    public static Task<World> StartAsync(string topUp = "1000", TimeSpan? poll = null, Func<GatewayOptions, GatewayOptions>? gateway = null) =>
        DialectsWorld.StartAsync(topUp, options => (gateway?.Invoke(options) ?? options) with { BatchPollInterval = poll ?? Never });

    /// <summary>A line for chat; <paramref name="sims"/> are members of its metadata, which the simulated provider heeds.</summary>
    public static string Line(string customId, string model = "gpt-4o", string sims = "", string more = "") =>
        $$"""{"custom_id":"{{customId}}","method":"POST","url":"/v1/chat/completions","body":{"model":"{{model}}","messages":[{"role":"user","content":"How much?"}],"max_tokens":100,"metadata":{ {{sims}} }{{more}} } }""";

    public static string Sims(int prompt, int completion) => $"""
        "X-Sim-Prompt-Tokens":"{prompt}","X-Sim-Completion-Tokens":"{completion}"
        """;

    public static async Task<HttpResponseMessage> UploadAsync(this World world, string content, string purpose = "batch", string secret = World.Secret)
    {
        using var form = new MultipartFormDataContent
        {
            { new StringContent(purpose), "purpose" },
            { new ByteArrayContent(Encoding.UTF8.GetBytes(content)), "file", "lines.jsonl" },
        };
        return await world.SendAsync(HttpMethod.Post, "/v1/files", form, secret);
    }

    public static async Task<string> FileAsync(this World world, params string[] lines)
    {
        using var response = await world.UploadAsync(string.Concat(lines.Select(line => line + "\n")));
        return (await OkAsync(response)).GetProperty("id").GetString()!;
    }

    public static Task<HttpResponseMessage> CreateAsync(this World world, string file, params string[] headers) =>
        world.PostAsync("/v1/batches", $$"""{"input_file_id":"{{file}}","endpoint":"/v1/chat/completions","completion_window":"24h"}""",
            [$"Authorization: Bearer {World.Secret}", .. headers]);

    public static async Task<string> BatchAsync(this World world, string file, params string[] headers)
    {
        using var response = await world.CreateAsync(file, headers);
        return (await OkAsync(response)).GetProperty("id").GetString()!;
    }

    public static async Task<JsonElement> GetAsync(this World world, string path)
    {
        using var response = await world.SendAsync(HttpMethod.Get, path);
        return await OkAsync(response);
    }

    public static async Task<HttpResponseMessage> SendAsync(
        this World world, HttpMethod method, string path, HttpContent? content = null, string secret = World.Secret)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        request.Headers.Authorization = new("Bearer", secret);
        return await world.Http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    /// <summary>Asks until the batch is no longer at work.</summary>
    public static async Task<JsonElement> EndedAsync(this World world, string batch)
    {
        for (var i = 0; i < 10; i++)
        {
            var word = await world.GetAsync($"/v1/batches/{batch}");
            if (word.GetProperty("status").GetString() is "completed" or "failed" or "expired" or "cancelled") return word;
        }

        throw new InvalidOperationException("The batch does not end.");
    }

    private static async Task<JsonElement> OkAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode}: {text}");
        return JsonElement.Parse(text);
    }
}
