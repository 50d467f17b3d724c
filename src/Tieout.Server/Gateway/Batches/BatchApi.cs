using System.Collections.Frozen;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tieout.Server.Gateway.Dialects;
using Endpoint = Tieout.Server.Gateway.Dialects.Endpoint;

namespace Tieout.Server.Gateway.Batches;

/// <summary>The batch API of one family of providers: its addresses, its requests and results, and its states.</summary>
internal abstract class BatchApi
{
    public abstract Dialect Dialect { get; }

    /// <summary>The path after the provider's <c>base_url</c>.</summary>
    public abstract string Path { get; }

    /// <summary>Whether the provider's description of a batch shows that it has ended.</summary>
    public abstract bool HasEnded(ReadOnlySpan<byte> batch);

    /// <summary>The files at the provider that an ended batch made.</summary>
    public abstract IReadOnlyList<string> FilesOf(ReadOnlySpan<byte> batch);

    /// <summary>Where the results of an ended batch are at the provider.</summary>
    public abstract IReadOnlyList<string> ResultsOf(string id, ReadOnlySpan<byte> batch);

    /// <summary>The endpoint of a line's request; null: batches do not support it.</summary>
    /// <param name="url">The URL in the line; null: lines have none.</param>
    public abstract Endpoint? EndpointOf(string? url);

    /// <summary>The endpoint that reads the answers in the results.</summary>
    /// <param name="batch">The provider's description of the batch.</param>
    public abstract Endpoint? EndpointOf(ReadOnlySpan<byte> batch);

    /// <summary>Rewrites the provider's description of a batch for the client: addresses at the provider become ours.</summary>
    public virtual ReadOnlyMemory<byte> Ours(ReadOnlyMemory<byte> batch, HttpRequest http, string id) => batch;

    /// <returns>False: the line is not a result.</returns>
    public abstract bool TryReadResult(ReadOnlySpan<byte> line, out BatchResult result);

    public static BatchApi For(Dialect dialect) => dialect is AnthropicDialect ? AnthropicBatches.Instance : OpenAiBatches.Instance;

    protected static string? TextOf(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name) =>
        JsonMember.Text(json, name) is { IsEmpty: false } text ? Encoding.UTF8.GetString(text) : null;

    /// <summary>Reads a string that may have escapes.</summary>
    protected static string? CustomIdOf(ReadOnlySpan<byte> line)
    {
        var value = JsonMember.Value(line, "custom_id"u8);
        if (value is not [(byte)'"', ..]) return null;
        var reader = new Utf8JsonReader(value);
        return reader.Read() ? reader.GetString() : null;
    }
}

/// <summary>The result of one line.</summary>
/// <param name="status">HTTP status of a request of its own; 0: the provider never ran the line.</param>
/// <param name="answer">The answer as its API returns it; empty: none.</param>
internal readonly ref struct BatchResult(string customId, int status, ReadOnlySpan<byte> answer)
{
    public string CustomId => customId;

    public int Status => status;

    public ReadOnlySpan<byte> Answer { get; } = answer;
}

internal sealed class OpenAiBatches : BatchApi
{
    private static readonly FrozenDictionary<string, Endpoint> Endpoints = new Dictionary<string, Endpoint>
    {
        ["/v1/chat/completions"] = new OpenAiChat(),
        ["/v1/responses"] = new OpenAiResponses(),
        ["/v1/completions"] = OpenAiPlain.Completions(),
        ["/v1/embeddings"] = OpenAiPlain.Embeddings(),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static OpenAiBatches Instance { get; } = new();

    public override Dialect Dialect => OpenAiDialect.Instance;

    public override string Path => "/batches";

    public override bool HasEnded(ReadOnlySpan<byte> batch) => TextOf(batch, "status"u8) is "completed" or "failed" or "expired" or "cancelled";

    public override IReadOnlyList<string> FilesOf(ReadOnlySpan<byte> batch) =>
        [.. new[] { TextOf(batch, "output_file_id"u8), TextOf(batch, "error_file_id"u8) }.OfType<string>()];

    public override IReadOnlyList<string> ResultsOf(string id, ReadOnlySpan<byte> batch) =>
        [.. FilesOf(batch).Select(file => $"/files/{Uri.EscapeDataString(file)}/content")];

    public override Endpoint? EndpointOf(string? url) => url is null ? null : Endpoints.GetValueOrDefault(url);

    public override Endpoint? EndpointOf(ReadOnlySpan<byte> batch) => EndpointOf(TextOf(batch, "endpoint"u8));

    public override bool TryReadResult(ReadOnlySpan<byte> line, out BatchResult result)
    {
        result = default;
        if (CustomIdOf(line) is not { } customId) return false;
        var response = JsonMember.Object(line, "response"u8);
        var code = int.TryParse(JsonMember.Value(response, "status_code"u8), out var number) ? number : 0;

        // A line that never ran has no response. A line with an answer and an unreadable status is not free.
        var status = response.IsEmpty ? 0 : code is >= 100 and <= 599 ? code : StatusCodes.Status200OK;
        result = new(customId, status, JsonMember.Object(response, "body"u8));
        return true;
    }
}

internal sealed class AnthropicBatches : BatchApi
{
    private static readonly AnthropicMessages Messages = new(counts: false);

    public static AnthropicBatches Instance { get; } = new();

    public override Dialect Dialect => AnthropicDialect.Instance;

    public override string Path => "/messages/batches";

    public override bool HasEnded(ReadOnlySpan<byte> batch) => JsonMember.Text(batch, "processing_status"u8).SequenceEqual("ended"u8);

    public override IReadOnlyList<string> FilesOf(ReadOnlySpan<byte> batch) => [];

    /// <summary>Clients follow <c>results_url</c> with their key for the gateway, so it must lead to the gateway.</summary>
    public override ReadOnlyMemory<byte> Ours(ReadOnlyMemory<byte> batch, HttpRequest http, string id)
    {
        var bytes = batch.Span;
        if (JsonMember.Text(bytes, "results_url"u8) is not { IsEmpty: false } url || !bytes.Overlaps(url, out var at)) return batch;
        var path = http.Path.Value!;
        var ours = $"{http.Scheme}://{http.Host}{path[..(path.IndexOf(Path, StringComparison.Ordinal) + Path.Length)]}/{Uri.EscapeDataString(id)}/results";
        return RequestRewriter.Apply(bytes, [new(at..(at + url.Length), Encoding.UTF8.GetBytes(ours))]);
    }

    public override IReadOnlyList<string> ResultsOf(string id, ReadOnlySpan<byte> batch) => [$"/messages/batches/{Uri.EscapeDataString(id)}/results"];

    public override Endpoint? EndpointOf(string? url) => Messages;

    public override Endpoint? EndpointOf(ReadOnlySpan<byte> batch) => Messages;

    public override bool TryReadResult(ReadOnlySpan<byte> line, out BatchResult result)
    {
        result = default;
        if (CustomIdOf(line) is not { } customId) return false;
        var outcome = JsonMember.Object(line, "result"u8);
        result = TextOf(outcome, "type"u8) switch
        {
            "succeeded" => new(customId, 200, JsonMember.Object(outcome, "message"u8)),
            "errored" => new(customId, 400, []),
            _ => new(customId, 0, []),
        };
        return true;
    }
}
