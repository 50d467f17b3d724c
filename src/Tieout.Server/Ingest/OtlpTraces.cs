using System.Text.Json;
using Tieout.Core;
using Tieout.Server.Errors;
using Tieout.Server.Http;

namespace Tieout.Server.Ingest;

/// <summary>OTLP/HTTP traces in JSON: of all spans, those of one inference each are usage, and those of one tool call each are counted as such.</summary>
/// <remarks>
/// Workflows, agents and tools report the sums of the calls inside them: whoever counts those too bills a call twice or more. What is
/// unknown is ignored, as OTLP asks, except where it would be usage that nobody charges: then the span is rejected and says why.
/// </remarks>
internal static class OtlpTraces
{
    public const string Source = "otlp";

    /// <returns>An item for each span of an inference or a tool call; <see cref="UsageItem.Index"/> counts all spans.</returns>
    /// <exception cref="ApiRefusedException">Not JSON, not OTLP, or too many spans.</exception>
    public static List<UsageItem> Read(ReadOnlySpan<byte> body)
    {
        var json = new Utf8JsonReader(body);
        try
        {
            json.Read();
            if (json.TokenType is not JsonTokenType.StartObject) throw NotOtlp("The body must be an object with resourceSpans.");
            var spans = new Spans();
            while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
            {
                var isResources = JsonText.Is(json, "resourceSpans"u8) || JsonText.Is(json, "resource_spans"u8);
                json.Read();
                if (isResources) Array(ref json, "resourceSpans", spans.AddResource);
                else json.Skip();
            }

            json.Read();
            return spans.Items;
        }
        catch (JsonException broken)
        {
            throw JsonItems.Broken(body, broken);
        }
    }

    /// <summary>Takes an element of an array: from its start, where the reader is, to its end, where it is left.</summary>
    private delegate void Element(ref Utf8JsonReader json);

    private static void Array(ref Utf8JsonReader json, string what, Element each)
    {
        if (json.TokenType is JsonTokenType.Null) return;
        if (json.TokenType is not JsonTokenType.StartArray) throw NotOtlp($"{what} must be an array.");
        while (json.Read() && json.TokenType is not JsonTokenType.EndArray)
        {
            if (json.TokenType is not JsonTokenType.StartObject) throw NotOtlp($"{what} must be an array of objects.");
            each(ref json);
        }
    }

    private static ApiRefusedException NotOtlp(string detail) => new(ApiError.BodyMalformed, detail);

    /// <summary>Collects the spans of one call in one walk over it. Members come in any order: spans that stand before what they share are walked over
    /// again.</summary>
    private sealed class Spans
    {
        private readonly GenAiSpan _resource = new();
        private readonly GenAiSpan _span = new();
        private readonly Element _addScope, _addSpan, _addResourceAttribute, _addAttribute;
        private int _count;

        public Spans() => (_addScope, _addSpan, _addResourceAttribute, _addAttribute) = (AddScope, AddSpan, _resource.AddAttribute, _span.AddAttribute);

        public List<UsageItem> Items { get; } = [];

        public void AddResource(ref Utf8JsonReader json)
        {
            _resource.Clear();
            var hasResource = false;
            Utf8JsonReader scopes = default;
            while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
            {
                // The second is what it was called before OTLP 0.15.
                var isScopes = JsonText.Is(json, "scopeSpans"u8) || JsonText.Is(json, "instrumentationLibrarySpans"u8) || JsonText.Is(json, "scope_spans"u8);
                var isResource = JsonText.Is(json, "resource"u8);
                json.Read();
                if (isResource) Resource(ref json);
                hasResource |= isResource;
                if (isScopes && hasResource) Array(ref json, "scopeSpans", _addScope);
                else if (isScopes) scopes = json;
                json.Skip();
            }

            if (scopes.TokenType is not JsonTokenType.None) Array(ref scopes, "scopeSpans", _addScope);
        }

        private void Resource(ref Utf8JsonReader json)
        {
            if (json.TokenType is not JsonTokenType.StartObject) return;
            while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
            {
                var isAttributes = JsonText.Is(json, "attributes"u8);
                json.Read();
                if (isAttributes) Array(ref json, "attributes", _addResourceAttribute);
                else json.Skip();
            }
        }

        private void AddScope(ref Utf8JsonReader json)
        {
            while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
            {
                var isSpans = JsonText.Is(json, "spans"u8);
                json.Read();
                if (isSpans) Array(ref json, "spans", _addSpan);
                else json.Skip();
            }
        }

        private void AddSpan(ref Utf8JsonReader json)
        {
            if (_count == JsonItems.Max) throw JsonItems.TooMany();
            var index = _count++;
            _span.Clear();
            string? traceId = null, spanId = null;
            Instant? start = null, end = null;
            while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
            {
                var name = RepeatedText.Of(json);
                json.Read();
                switch (name)
                {
                    case "traceId" or "trace_id": traceId = HexIds.Trace(JsonText.Any(json)); break;
                    case "spanId" or "span_id": spanId = HexIds.Span(JsonText.Any(json)); break;
                    case "startTimeUnixNano" or "start_time_unix_nano": start = Nanos(json); break;
                    case "endTimeUnixNano" or "end_time_unix_nano": end = Nanos(json); break;
                    case "status": _span.Failed = IsError(ref json); break;
                    case "attributes": Array(ref json, "attributes", _addAttribute); break;
                }

                json.Skip();
            }

            if (!_span.IsInference && !_span.IsToolCall) return;
            var item = new UsageItem(index) { Source = Source };
            if (traceId is null || spanId is null) item.Refuse(ApiError.ItemInvalid, "traceId must have 32 hexadecimal digits, and spanId 16.");
            item.TraceId = traceId;
            item.Id = $"{traceId}:{spanId}";
            item.OccurredAt = start ?? end;
            item.DurationMs = start is { } from && end is { } to && to > from ? (int)Math.Min((to - from).TotalMilliseconds, int.MaxValue) : 0;
            if (_span.IsInference) _span.Fill(item, _resource);
            else _span.FillToolCall(item, _resource);
            Items.Add(item);
        }

        /// <summary>Nanoseconds since 1970; null: anything else.</summary>
        private static Instant? Nanos(in Utf8JsonReader json) =>
            JsonText.TryWhole(json, out var nanos) && nanos / 1_000 >= ItemTimes.EarliestMicros ? new(nanos / 1_000) : null;

        private static bool IsError(ref Utf8JsonReader json)
        {
            const int error = 2;
            if (json.TokenType is not JsonTokenType.StartObject) return false;
            var isError = false;
            while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
            {
                var isCode = JsonText.Is(json, "code"u8);
                json.Read();
                isError |= isCode && ((JsonText.TryWhole(json, out var code) && code == error) || JsonText.Any(json) == "STATUS_CODE_ERROR");
                json.Skip();
            }

            return isError;
        }
    }
}
