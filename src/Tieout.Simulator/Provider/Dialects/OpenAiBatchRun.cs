using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Tieout.Simulator.Provider.Dialects;

/// <param name="Usage">Of all lines together: the four counts of tokens.</param>
internal sealed record OpenAiBatchCounts(int Answered, int Failed, SimulatedUsage Usage);

/// <summary>Answers the lines of a batch, each as if it had come alone.</summary>
/// <remarks>
/// The batch's own <c>X-Sim-*</c> headers hold for every line; a line's <c>metadata</c> members of such names hold for
/// that line. A line that would have been answered with another status than 200 goes to the file of errors.
/// </remarks>
internal sealed class OpenAiBatchRun(IReadOnlyList<SimulatedDialect> dialects, SimulatedGenerator generator)
{
    private const int LinesMax = 50_000;

    /// <exception cref="SimulatedRequestException">A line is not of the form of a batch's, or for another endpoint.</exception>
    public List<JsonElement> Check(string endpoint, byte[] file)
    {
        DialectOf(endpoint);
        var lines = Lines(file);
        if (lines.Count > LinesMax) throw new SimulatedRequestException($"The file has more than {LinesMax} lines.", "input_file_id");

        // All before the first: a batch that is refused has billed nothing.
        foreach (var line in lines)
        {
            var customId = line.Text("custom_id") ?? throw new SimulatedRequestException("A line has no 'custom_id'.", "custom_id");
            if (line.Text("url") != endpoint) throw new SimulatedRequestException($"The line '{customId}' is not for '{endpoint}'.", "url");
            line.Required("body");
        }

        return lines;
    }

    /// <param name="batch">Its headers hold for every line.</param>
    public (byte[] Output, byte[] Errors, OpenAiBatchCounts Counts) Run(
        string batchId, string endpoint, SimulatedInput batch, IReadOnlyList<JsonElement> lines, BatchWishes wishes, string reason)
    {
        var dialect = DialectOf(endpoint);
        var (output, errors) = (new ArrayBufferWriter<byte>(), new ArrayBufferWriter<byte>());
        var counts = new OpenAiBatchCounts(0, 0, SimulatedUsage.None);
        foreach (var (number, line) in lines.Index())
        {
            if (number >= wishes.Done)
            {
                WriteUnworked(errors, generator.NextId(), line.Text("custom_id")!, reason);
                counts = counts with { Failed = counts.Failed + 1 };
                continue;
            }

            var (status, answer, body) = Answer(dialect, batchId, batch, endpoint, line.Required("body"));
            var id = generator.NextId();
            for (var written = 0; written < (wishes.Twice ? 2 : 1); written++)
            {
                WriteLine(status == 200 ? output : errors, id, line.Text("custom_id")!, status, body);
            }

            counts = answer is null
                ? counts with { Failed = counts.Failed + 1 } : counts with { Answered = counts.Answered + 1, Usage = Sum(counts.Usage, answer.Usage) };
        }

        return (output.WrittenSpan.ToArray(), errors.WrittenSpan.ToArray(), counts);
    }

    public SimulatedDialect DialectOf(string endpoint) => dialects.FirstOrDefault(candidate => candidate.Answers(endpoint))
        ?? throw new SimulatedRequestException($"'{endpoint}' is no endpoint of batches.", "endpoint");

    /// <summary>One line, as if it had come alone. Billed, unless its status is that of an error.</summary>
    public (int Status, SimulatedAnswer? Answer, RenderedAnswer Body) Answer(
        SimulatedDialect dialect, string batchId, SimulatedInput batch, string endpoint, JsonElement body)
    {
        var rendered = new RenderedAnswer();
        try
        {
            var line = batch.Line(endpoint, HeadersOf(batch, body), JsonMarshal.GetRawUtf8Value(body).ToArray());
            var answer = generator.Answer(dialect, line, batchId);
            if (answer.Faults.Status is { } status)
            {
                dialect.WriteError(status, SimulatedExchange.ErrorMessage(status, answer.Request.Model), null, rendered);
                return (status, null, rendered);
            }

            dialect.WriteWhole(answer, rendered);
            return (200, answer, rendered);
        }
        catch (Exception exception) when (exception is SimulatedRequestException or JsonException)
        {
            SimulatedExchange.WriteRefusal(exception, dialect.WriteError, rendered);
            return (400, null, rendered);
        }
    }

    private static HeaderDictionary HeadersOf(SimulatedInput batch, JsonElement body)
    {
        var headers = new HeaderDictionary();
        foreach (var header in batch.Headers) headers[header.Key] = header.Value;
        if (body.Member("metadata") is { ValueKind: JsonValueKind.Object } metadata)
        {
            foreach (var member in metadata.EnumerateObject())
            {
                if (member.Name.StartsWith("X-Sim-", StringComparison.OrdinalIgnoreCase)) headers[member.Name] = metadata.Text(member.Name);
            }
        }

        return headers;
    }

    private static List<JsonElement> Lines(byte[] file)
    {
        var lines = new List<JsonElement>();
        foreach (var range in file.AsSpan().Split((byte)'\n'))
        {
            var line = file.AsSpan(range).Trim(" \r\t"u8);
            if (line.Length > 0) lines.Add(JsonElement.Parse(line));
        }

        return lines;
    }

    private static void WriteLine(ArrayBufferWriter<byte> file, string id, string customId, int status, RenderedAnswer body)
    {
        using (var json = new Utf8JsonWriter(file))
        {
            json.WriteStartObject();
            json.WriteString("id"u8, $"batch_req_{id}");
            json.WriteString("custom_id"u8, customId);
            json.WriteObject("response", response =>
            {
                response.WriteNumber("status_code"u8, status);
                response.WriteString("request_id"u8, $"req_{id}");
                response.WritePropertyName("body"u8);
                response.WriteRawValue(body.Bytes.WrittenSpan, skipInputValidation: true);
            });
            json.WriteNull("error"u8);
            json.WriteEndObject();
        }

        file.Write("\n"u8);
    }

    private static void WriteUnworked(ArrayBufferWriter<byte> file, string id, string customId, string reason)
    {
        using (var json = new Utf8JsonWriter(file))
        {
            json.WriteStartObject();
            json.WriteString("id"u8, $"batch_req_{id}");
            json.WriteString("custom_id"u8, customId);
            json.WriteNull("response"u8);
            json.WriteObject("error", error =>
            {
                error.WriteString("code"u8, reason);
                error.WriteString("message"u8, "This request could not be executed before the batch ended.");
            });
            json.WriteEndObject();
        }

        file.Write("\n"u8);
    }

    public static SimulatedUsage Sum(SimulatedUsage left, SimulatedUsage right) => new(
        left.PromptTokens + right.PromptTokens, left.CachedTokens + right.CachedTokens,
        left.CompletionTokens + right.CompletionTokens, left.ReasoningTokens + right.ReasoningTokens, StoppedByLimit: false);
}
