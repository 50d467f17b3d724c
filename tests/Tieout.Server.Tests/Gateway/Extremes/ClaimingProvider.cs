using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Tieout.Server.Tests.Gateway.Extremes;

/// <summary>A provider of every dialect that claims whatever usage the header <see cref="Claim"/> of a request says, also for lines of batches and for
/// responses that are asked for later.</summary>
internal static class ClaimingProvider
{
    public const string Claim = "X-Sim-Claim";

    /// <param name="ofLines">The claims for lines of batches, by their number, which is a line's <c>custom_id</c>.</param>
    public static async Task<WebApplication> StartAsync(IReadOnlyList<string> ofLines)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseSetting("urls", "http://127.0.0.1:0");
        var app = builder.Build();
        var (files, batches, later) = (new ConcurrentDictionary<string, string[]>(), new ConcurrentDictionary<string, (string Endpoint, string[] Ids)>(),
            new ConcurrentDictionary<string, string>());
        app.MapPost("/v1/files", async (HttpRequest request) =>
        {
            var form = await request.ReadFormAsync();
            using var text = new StreamReader(form.Files[0].OpenReadStream());
            var id = $"file-{files.Count}";
            files[id] = (await text.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            return Json($$"""{"id":"{{id}}","object":"file"}""");
        });
        app.MapPost("/v1/batches", async (HttpRequest request) =>
        {
            var asked = await JsonElement.ParseAsync(request);
            var (id, file) = ($"batch-{batches.Count}", asked.GetProperty("input_file_id").GetString()!);
            batches[id] = (asked.GetProperty("endpoint").GetString()!,
                [.. files[file].Select(line => JsonElement.Parse(line).GetProperty("custom_id").GetString()!)]);
            return Json($$"""{"id":"{{id}}","object":"batch","status":"in_progress"}""");
        });
        app.MapGet("/v1/batches/{id}",
            (string id) => Json(
                $$"""{"id":"{{id}}","object":"batch","status":"completed","endpoint":"{{batches[id].Endpoint}}","output_file_id":"out-{{id}}"}"""));
        app.MapGet("/v1/files/file-{id}/content", (string id) => Json(string.Join('\n', files[$"file-{id}"])));
        app.MapGet("/v1/files/out-{id}/content", (string id) => Json(string.Join('\n', batches[id].Ids.Select(line =>
            $$$"""{"custom_id":"{{{line}}}","response":{"status_code":200,"body":{{{Whole(batches[id].Endpoint, ClaimOf(line))}}}}}"""))));
        app.MapPost("/v1/messages/batches", async (HttpRequest request) =>
        {
            var id = $"msgbatch_{batches.Count}";
            batches[id] = ("/v1/messages",
                [.. (await JsonElement.ParseAsync(request)).GetProperty("requests").EnumerateArray().Select(
                    line => line.GetProperty("custom_id").GetString()!)]);
            return Json($$"""{"id":"{{id}}","type":"message_batch","processing_status":"in_progress"}""");
        });
        app.MapGet("/v1/messages/batches/{id}", (string id) => Json($$"""{"id":"{{id}}","type":"message_batch","processing_status":"ended"}"""));
        app.MapGet("/v1/messages/batches/{id}/results", (string id) => Json(string.Join('\n', batches[id].Ids.Select(line =>
            $$$"""{"custom_id":"{{{line}}}","result":{"type":"succeeded","message":{{{Whole("/v1/messages", ClaimOf(line))}}}}}"""))));
        app.MapGet("/v1/responses/{id}", (string id) => Json(Whole("/v1/responses", later[id], id)));
        app.MapPost("/{**path}", async (HttpRequest request) =>
        {
            var (path, claim, body) = (request.Path.Value!, request.Headers[Claim].ToString(), await new StreamReader(request.Body).ReadToEndAsync());
            if (body.Contains("\"background\":true", StringComparison.Ordinal))
            {
                var id = $"resp_{later.Count.ToString(CultureInfo.InvariantCulture)}{Guid.NewGuid():N}";
                later[id] = claim;
                return Json($$"""{"id":"{{id}}","object":"response","status":"in_progress","output":[]}""");
            }

            var streams = body.Contains("\"stream\":true", StringComparison.Ordinal) || body.Contains("\"stream_format\":\"sse\"", StringComparison.Ordinal)
                || path.EndsWith(":streamGenerateContent", StringComparison.Ordinal);
            return streams
                ? Results.Text(string.Concat(Events(path, claim).Select(payload => $"data: {payload}\n\n")), "text/event-stream") : Json(Whole(path, claim));
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;

        string ClaimOf(string line) => ofLines[int.Parse(line, CultureInfo.InvariantCulture)];
    }

    /// <summary>A whole answer of the API at a path.</summary>
    private static string Whole(string path, string usage, string? id = null) => path switch
    {
        _ when path.EndsWith("/chat/completions", StringComparison.Ordinal) =>
            $$"""{"id":"c","object":"chat.completion","created":1,"model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":"Hi."},"finish_reason":"stop"}],"usage":{{usage}}}""",
        _ when path.EndsWith("/completions",
            StringComparison.Ordinal) =>
            $$"""{"id":"c","object":"text_completion","created":1,"model":"gpt-4o","choices":[{"index":0,"text":"Hi.","finish_reason":"stop"}],"usage":{{usage}}}""",
        _ when path.EndsWith("/responses", StringComparison.Ordinal) =>
            $$"""{"id":"{{id ?? $"resp_{Guid.NewGuid():N}"}}","object":"response","status":"completed","model":"gpt-4o","output":[],"usage":{{usage}}}""",
        _ when path.EndsWith("/messages", StringComparison.Ordinal) =>
            $$"""{"id":"m","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[{"type":"text","text":"Hi."}],"stop_reason":"end_turn","usage":{{usage}}}""",
        _ when path.Contains("/models/", StringComparison.Ordinal) =>
            $$"""{"candidates":[{"content":{"parts":[{"text":"Hi."}]},"finishReason":"STOP"}],"modelVersion":"gemini-2.5-flash","usageMetadata":{{usage}}}""",
        _ => $$"""{"created":1,"text":"Hi.","data":[{"b64_json":"aGk="}],"usage":{{usage}}}""",
    };

    /// <summary>The payloads of a stream of the API at a path.</summary>
    private static string[] Events(string path, string usage) => path switch
    {
        _ when path.EndsWith("/completions", StringComparison.Ordinal) =>
        [
            """{"id":"c","model":"gpt-4o","choices":[{"index":0,"delta":{"content":"Hi."},"text":"Hi.","finish_reason":"stop"}]}""",
            $$"""{"id":"c","model":"gpt-4o","choices":[],"usage":{{usage}}}""", "[DONE]",
        ],
        _ when path.EndsWith("/responses", StringComparison.Ordinal) => [$$"""{"type":"response.completed","response":{{Whole(path, usage)}}}"""],
        _ when path.EndsWith("/messages", StringComparison.Ordinal) =>
        [
            $$$"""{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[],"usage":{{{usage}}}}}""",
            $$"""{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{{usage}}}""", """{"type":"message_stop"}""",
        ],
        _ when path.Contains("/models/", StringComparison.Ordinal) => [Whole(path, usage)],
        _ when path.EndsWith("/speech", StringComparison.Ordinal) => [$$"""{"type":"speech.audio.done","usage":{{usage}}}"""],
        _ => [$$"""{"type":"image_generation.completed","b64_json":"aGk=","usage":{{usage}}}"""],
    };

    private static IResult Json(string text) => Results.Text(text, "application/json");

    extension(JsonElement)
    {
        private static async Task<JsonElement> ParseAsync(HttpRequest request) => JsonElement.Parse(await new StreamReader(request.Body).ReadToEndAsync());
    }
}
