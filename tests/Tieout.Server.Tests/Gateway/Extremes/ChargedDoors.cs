using System.Text;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Server.Gateway;

namespace Tieout.Server.Tests.Gateway.Extremes;

/// <summary>The addresses of the gateway whose answers are charged for, with a request of each. One that is missing fails the tests that use them.</summary>
internal static class ChargedDoors
{
    private const string Stream = ""","stream":true""";

    /// <summary>Every address of the gateway whose answer is charged for: a request of it, with % for what asks for a stream.</summary>
    public static readonly (string Path, string Body, string Usage)[] All =
    [
        ("/v1/chat/completions", """{"model":"gpt-4o","messages":[{"role":"user","content":"Hi"}],"max_tokens":50%}""", ClaimedUsage.Chat),
        ("/v1/completions", """{"model":"gpt-4o","prompt":"Hi","max_tokens":50%}""", ClaimedUsage.Chat),
        ("/v1/responses", """{"model":"gpt-4o","input":"Hi","max_output_tokens":50%}""", ClaimedUsage.Responses),
        ("/v1/embeddings", """{"model":"text-embedding-3-small","input":"Hi"}""", ClaimedUsage.Embeddings),
        ("/v1/images/generations", """{"model":"gpt-image-1","prompt":"Hi"%}""", ClaimedUsage.Images),
        ("/v1/images/edits", "model=gpt-image-1", ClaimedUsage.Images),
        ("/v1/images/variations", "model=gpt-image-1", ClaimedUsage.Images),
        ("/v1/audio/speech", """{"model":"gpt-4o-mini-tts","input":"Hi","voice":"alloy","stream_format":"sse"}""", ClaimedUsage.Audio),
        ("/v1/audio/transcriptions", "model=gpt-4o-transcribe", ClaimedUsage.Audio),
        ("/v1/audio/translations", "model=whisper-1", ClaimedUsage.Seconds),
        ("/v1/messages", """{"model":"claude-sonnet-4-5","max_tokens":50,"messages":[{"role":"user","content":"Hi"}]%}""", ClaimedUsage.Messages),
        ("/v1beta/models/gemini-2.5-flash:generateContent",
            """{"contents":[{"role":"user","parts":[{"text":"Hi"}]}],"generationConfig":{"maxOutputTokens":50}}""", ClaimedUsage.Gemini),
        ("/v1beta/models/gemini-2.5-flash:streamGenerateContent",
            """{"contents":[{"role":"user","parts":[{"text":"Hi"}]}],"generationConfig":{"maxOutputTokens":50}}""", ClaimedUsage.Gemini),
    ];

    /// <summary>Posted to, and nothing is charged for the answer itself.</summary>
    private static readonly string[] Free =
        ["/v1/moderations", "/v1/messages/count_tokens", "/v1beta/models/{model}:countTokens", "/v1/files", "/v1/batches", "/v1/batches/{id}/cancel",
            "/v1/messages/batches", "/v1/messages/batches/{id}/cancel", "/v1/responses/{id}/cancel"];

    /// <summary>The whole request, and the one of a stream where there is one.</summary>
    public static string[] Requests(string body) =>
        body.Contains('%', StringComparison.Ordinal)
            ? [body.Replace("%", "", StringComparison.Ordinal), body.Replace("%", Stream, StringComparison.Ordinal)] : [body];

    public static HttpContent Content(string body) => body[0] == '{' ? new StringContent(body, Encoding.UTF8, "application/json") : Form(body);

    /// <summary>Each address has several names; one of them is tried.</summary>
    public static void AssertEveryDoorIsTried(World world)
    {
        var posts = world.Server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(route => route.Metadata.GetMetadata<GatewayProtocol>() is not null
                && route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Contains("POST"))
            .Select(route => route.RoutePattern.RawText!).ToHashSet(StringComparer.Ordinal);
        var tried = All.Select(door => door.Path.Replace("gemini-2.5-flash", "{model}", StringComparison.Ordinal))
            .Concat(Free).SelectMany(path => Names(path)).ToHashSet(StringComparer.Ordinal);
        Assert.Empty(posts.Except(tried));
        Assert.Empty(All.Select(door => door.Path.Replace("gemini-2.5-flash", "{model}", StringComparison.Ordinal)).Except(posts));
    }

    private static string[] Names(string path) => path.StartsWith("/v1beta/", StringComparison.Ordinal)
        ? [path, $"/v1/gemini{path[7..]}", $"/v1/gemini{path}"]
        : [path, $"/v1/openai{path[3..]}", $"/v1/openai{path}", $"/v1/anthropic{path[3..]}", $"/v1/anthropic{path}"];

    private static MultipartFormDataContent Form(string field) => new()
    {
        { new StringContent(field.Split('=')[1]), field.Split('=')[0] },
        { new StringContent("Hi"), "prompt" },
        { new ByteArrayContent(new byte[2_000]), "image", "x.png" },
        { new ByteArrayContent(new byte[2_000]), "file", "x.mp3" },
    };
}
