using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Tieout.Server.Tests.Spike;

/// <summary>A provider of chats that reads the messages with which an earlier prompt began from its cache, and counts four bytes as a token.</summary>
internal sealed class CachingProvider : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Lock _gate = new();
    private readonly HashSet<ulong> _seen = [];

    private CachingProvider()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        _app = builder.Build();
        _app.Urls.Add("http://127.0.0.1:0");
        _app.Run(AnswerAsync);
    }

    public string Url => _app.Urls.First();

    public static async Task<CachingProvider> StartAsync()
    {
        var provider = new CachingProvider();
        await provider._app.StartAsync(TestContext.Current.CancellationToken);
        return provider;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        using var json = await JsonDocument.ParseAsync(context.Request.Body);
        var (prompt, cached) = Count(json.RootElement.GetProperty("messages"));
        await context.Response.WriteAsJsonAsync(new
        {
            id = "chatcmpl-1",
            @object = "chat.completion",
            model = "gpt-4o",
            choices = new[] { new { index = 0, message = new { role = "assistant", content = "ok" }, finish_reason = "stop" } },
            usage = new { prompt_tokens = prompt, completion_tokens = 5, total_tokens = prompt + 5, prompt_tokens_details = new { cached_tokens = cached } },
        });
    }

    private (int Prompt, int Cached) Count(JsonElement messages)
    {
        var (prompt, cached, beginning) = (0, 0, 17UL);
        lock (_gate)
        {
            foreach (var message in messages.EnumerateArray())
            {
                var text = message.GetRawText();
                beginning = unchecked(beginning * 0x9E37_79B9_7F4A_7C15 + (ulong)(uint)text.GetHashCode(StringComparison.Ordinal));
                prompt += (text.Length + 3) / 4;
                if (!_seen.Add(beginning)) cached = prompt;
            }
        }

        return (prompt, cached);
    }
}
