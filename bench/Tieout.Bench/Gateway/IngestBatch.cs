using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Tieout.Bench.Gateway;

/// <summary>A request with 1,000 events in one of the formats that are taken in. Its events get new ids for every sending; nothing else of it
/// changes.</summary>
internal sealed class IngestBatch
{
    public const int Events = 1_000;

    /// <summary>Hexadecimal digits of an event's number, the last of its id.</summary>
    private const int IdDigits = 16;

    /// <summary>Stands where an event's number comes.</summary>
    private static readonly string Placeholder = new('?', IdDigits);

    private readonly byte[] _request;
    private readonly int[] _ids;

    private IngestBatch(string path, string contentType, string key, string body)
    {
        _request = Encoding.ASCII.GetBytes(
            $"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nContent-Type: {contentType}\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        var ids = new List<int>(Events);
        var placeholder = Encoding.ASCII.GetBytes(Placeholder);
        for (int at = 0, next; (next = _request.AsSpan(at).IndexOf(placeholder)) >= 0; at += next + IdDigits) ids.Add(at + next);
        _ids = [.. ids];
    }

    public static IngestBatch Plain(string key, DateTime now) => new("/api/v1/usage", "application/json", key, Joined("[", "]", no =>
        $$"""{"id":"evt-{{Placeholder}}","occurred_at":"{{Time(now)}}","operation_id":"op-{{Placeholder}}","project":"web","feature":"chat","provider":"openai","model":"{{BenchPart.Model}}","input_tokens":{{1_500 + no % 977}},"cache_read_tokens":{{no % 800}},"output_tokens":{{300 + no % 91}},"duration_ms":{{800 + no % 500}},"user":"user-{{no % 97}}"}"""));

    public static IngestBatch CloudEvents(string key, DateTime now) => new("/api/v1/events", "application/cloudevents-batch+json", key, Joined("[", "]", no =>
        $$"""{"specversion":"1.0","id":"{{Placeholder}}","source":"/workers/{{no % 8}}","type":"ai.usage.attempt.v1","time":"{{Time(now)}}","subject":"{{BenchWorld.Org}}","datacontenttype":"application/json","data":{"operation_id":"op-{{Placeholder}}","feature":"chat","provider":"openai","model":"{{BenchPart.Model}}","input_tokens":{{1_500 + no % 977}},"output_tokens":{{300 + no % 91}} } }"""));

    public static IngestBatch Otlp(string key, DateTime now)
    {
        var start = (now - DateTime.UnixEpoch).Ticks * 100;
        return new("/v1/traces", "application/json", key, Joined(
            $$"""{"resourceSpans":[{"resource":{"attributes":[{{Text("service.name", "agent")}},{{Text("telemetry.sdk.language", "python")}}]},"scopeSpans":[{"scope":{"name":"opentelemetry.instrumentation.openai","version":"0.40.0"},"spans":[""",
            "]}]}]}",
            no => $$"""{"traceId":"4bf92f3577b34da6{{Placeholder}}","spanId":"{{Placeholder}}","parentSpanId":"53995c3f42cd8ad8","name":"chat {{BenchPart.Model}}","kind":3,"startTimeUnixNano":"{{start}}","endTimeUnixNano":"{{start + 900_000_000}}","attributes":[{{Text("gen_ai.operation.name", "chat")}},{{Text("gen_ai.provider.name", "openai")}},{{Text("gen_ai.request.model", BenchPart.Model)}},{{Text("gen_ai.response.model", BenchPart.Model)}},{{Text("gen_ai.response.id", "chatcmpl-8a7f3c")}},{{Text("server.address", "api.openai.com")}},{{Number("gen_ai.request.max_tokens", 500)}},{{Number("gen_ai.usage.input_tokens", 1_500 + no % 977)}},{{Number("gen_ai.usage.output_tokens", 300 + no % 91)}}],"status":{} }"""));
    }

    /// <summary>The request with the ids of the events from <paramref name="first"/> on.</summary>
    public ReadOnlyMemory<byte> From(long first)
    {
        // Several ids of one event carry its number.
        var idsOfOne = _ids.Length / Events;
        for (var i = 0; i < _ids.Length; i++) Utf8Formatter.TryFormat(first + i / idsOfOne, _request.AsSpan(_ids[i]), out _, new('x', IdDigits));
        return _request;
    }

    private static string Joined(string head, string tail, Func<int, string> item) => head + string.Join(',', Enumerable.Range(0, Events).Select(item)) + tail;

    private static string Time(DateTime time) => time.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture);

    private static string Text(string key, string value) => $$$"""{"key":"{{{key}}}","value":{"stringValue":"{{{value}}}"}}""";

    private static string Number(string key, int value) => $$$"""{"key":"{{{key}}}","value":{"intValue":"{{{value}}}"}}""";
}
