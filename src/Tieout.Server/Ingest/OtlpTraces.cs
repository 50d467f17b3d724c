using System.Text.Json;
using Tieout.Server.Api;
using Tieout.Server.Errors;

namespace Tieout.Server.Ingest;

/// <summary>OTLP/HTTP traces in JSON: of all spans, those of one inference each are usage.</summary>
/// <remarks>
/// Workflows, agents and tools report the sums of the calls inside them: whoever counts those too bills a call twice or more. What is
/// unknown is ignored, as OTLP asks, except where it would be usage that nobody charges: then the span is rejected and says why.
/// </remarks>
internal static class OtlpTraces
{
    public const string Source = "otlp";

    /// <returns>An item for each span of an inference; <see cref="UsageItem.Index"/> counts all spans.</returns>
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
            throw JsonItems.Broken(json, broken);
        }
    }

    private delegate void Element(Utf8JsonReader json);

    private static void Array(ref Utf8JsonReader json, string what, Element each)
    {
        if (json.TokenType is JsonTokenType.Null) return;
        if (json.TokenType is not JsonTokenType.StartArray) throw NotOtlp($"{what} must be an array.");
        while (json.Read() && json.TokenType is not JsonTokenType.EndArray)
        {
            if (json.TokenType is not JsonTokenType.StartObject) throw NotOtlp($"{what} must be an array of objects.");
            var element = json;
            json.Skip();
            each(element);
        }
    }

    private static ApiRefusedException NotOtlp(string detail) => new(ApiError.BodyMalformed, detail);

    /// <summary>Collects the spans of one call. Members come in any order, so what an object needs from its other members is found first.</summary>
    private sealed class Spans
    {
        private GenAiSpan _resource = new();
        private int _count;

        public List<UsageItem> Items { get; } = [];

        public void AddResource(Utf8JsonReader json)
        {
            _resource = new();
            Utf8JsonReader scopes = default;
            while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
            {
                // The second is what it was called before OTLP 0.15.
                var isScopes = JsonText.Is(json, "scopeSpans"u8) || JsonText.Is(json, "instrumentationLibrarySpans"u8) || JsonText.Is(json, "scope_spans"u8);
                var isResource = JsonText.Is(json, "resource"u8);
                json.Read();
                if (isScopes) scopes = json;
                if (isResource) Resource(json);
                json.Skip();
            }

            if (scopes.TokenType is not JsonTokenType.None) Array(ref scopes, "scopeSpans", AddScope);
        }

        private void Resource(Utf8JsonReader json)
        {
            if (json.TokenType is not JsonTokenType.StartObject) return;
            while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
            {
                var isAttributes = JsonText.Is(json, "attributes"u8);
                json.Read();
                if (isAttributes) Array(ref json, "attributes", _resource.AddAttribute);
                else json.Skip();
            }
        }

        private void AddScope(Utf8JsonReader json)
        {
            while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
            {
                var isSpans = JsonText.Is(json, "spans"u8);
                json.Read();
                if (isSpans) Array(ref json, "spans", AddSpan);
                else json.Skip();
            }
        }

        private void AddSpan(Utf8JsonReader json)
        {
            if (_count == JsonItems.Max) throw JsonItems.TooMany();
            var item = new UsageItem(_count++) { Source = Source };
            var span = new GenAiSpan();
            var members = new ItemReader(json, item);
            string? traceId = null, spanId = null;
            Core.Instant? start = null, end = null;
            while (members.Next(out var name))
            {
                switch (name)
                {
                    case "traceId" or "trace_id": traceId = HexIds.Trace(members.AnyText()); break;
                    case "spanId" or "span_id": spanId = HexIds.Span(members.AnyText()); break;
                    case "startTimeUnixNano" or "start_time_unix_nano": start = members.Nanos(); break;
                    case "endTimeUnixNano" or "end_time_unix_nano": end = members.Nanos(); break;
                    case "status": span.Failed = IsError(members); break;
                    case "attributes":
                        var attributes = members.Json;
                        Array(ref attributes, "attributes", span.AddAttribute);
                        break;
                }
            }

            if (!span.IsInference) return;
            if (traceId is null || spanId is null) item.Refuse(ApiError.ItemInvalid, "It lacks a traceId of 32 and a spanId of 16 hexadecimal digits.");
            item.TraceId = traceId;
            item.Id = $"{traceId}:{spanId}";
            item.OccurredAt = start ?? end;
            item.DurationMs = start is { } from && end is { } to && to > from ? (int)Math.Min((to - from).TotalMilliseconds, int.MaxValue) : 0;
            span.Fill(item, _resource);
            Items.Add(item);
        }

        private static bool IsError(in ItemReader status)
        {
            const int error = 2;
            if (!status.IsObject) return false;
            var members = new ItemReader(status.Json, status.Item);
            while (members.Next(out var name))
            {
                if (name == "code") return (members.TryWhole(out var code) && code == error) || members.AnyText() == "STATUS_CODE_ERROR";
            }

            return false;
        }
    }
}
