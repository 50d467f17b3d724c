using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Telemetry;

namespace Tieout.Server.Ingest;

/// <summary>CloudEvents 1.0: one, a batch, or one in binary mode, with our own data or in OpenMeter's shape. <c>source</c> and <c>id</c> name an
/// event.</summary>
internal static class CloudEvents
{
    private const string HeaderPrefix = "ce-";
    private const string Ours = "ai.usage.attempt.v1";
    private const string OpenMeters = "prompt";

    /// <summary>Whether the attributes are in headers and the body is the data alone.</summary>
    public static bool IsBinary(IHeaderDictionary headers) => headers.ContainsKey(HeaderPrefix + "specversion") || headers.ContainsKey(HeaderPrefix + "id");

    /// <param name="org">The caller's own org; null: the platform's, which may speak for any.</param>
    /// <exception cref="ApiRefusedException">See <see cref="JsonItems.Read"/>.</exception>
    public static List<UsageItem> Read(ReadOnlySpan<byte> body, string? org, out bool isSingle) =>
        JsonItems.Read(body, wrapped: false, (ref json, index) => Structured(ref json, index, org), out isSingle);

    /// <inheritdoc cref="Read"/>
    public static List<UsageItem> ReadBinary(IHeaderDictionary headers, ReadOnlySpan<byte> body, string? org)
    {
        var said = new Attributes();
        var item = new UsageItem(0);
        foreach (var (header, values) in headers)
        {
            if (!header.StartsWith(HeaderPrefix, StringComparison.OrdinalIgnoreCase)) continue;
            var name = header[HeaderPrefix.Length..].ToLowerInvariant();
            if (values.Count != 1) item.Refuse(ApiError.ItemInvalid, $"{name} occurs twice. Send it once.");
            said.Take(name, Uri.UnescapeDataString(values[0] ?? ""), item);
        }

        var parsed = JsonItems.Read(body, wrapped: false, (ref json, _) => Finish(item, said, json, org), out var isSingle);
        return isSingle ? parsed : throw new ApiRefusedException(ApiError.BodyMalformed, "The data of an event in binary mode must be one JSON object.");
    }

    private static UsageItem Structured(ref Utf8JsonReader json, int index, string? org)
    {
        var item = new UsageItem(index);
        var said = new Attributes();
        var members = new ItemReader(json, item);
        Utf8JsonReader data = default;
        byte[]? encoded = null;
        var hasData = false;
        while (item.Refusal is null && members.Next(out var name))
        {
            switch (name)
            {
                case "data" when !members.IsNull:
                    if (hasData) item.Refuse(ApiError.ItemInvalid, "data occurs twice. Send it once.");
                    if (!members.IsObject) item.Refuse(ApiError.ItemInvalid, "data must be a JSON object.");
                    data = members.Json;
                    hasData = true;
                    break;
                case "data_base64" when !members.IsNull:
                    encoded = Base64(members.Json, item);
                    break;
                default:
                    if (Attributes.IsKnown(name)) said.Take(name, Attributes.IsRepeated(name) ? members.Label(name) : members.Text(name), item);
                    break;
            }
        }

        json = members.Json;
        if (item.Refusal is not null) return item;
        if (hasData && encoded is not null) item.Refuse(ApiError.ItemInvalid, "data and data_base64 exclude each other.");
        if (encoded is not null) return Encoded(item, said, encoded, org);
        if (!hasData) item.Refuse(ApiError.UsageMissing, "It has no data.");
        return item.Refusal is null ? Finish(item, said, data, org) : item;
    }

    private static byte[]? Base64(in Utf8JsonReader json, UsageItem item)
    {
        var text = json.TokenType is JsonTokenType.String ? JsonText.Of(json) : null;
        var bytes = new byte[(text?.Length ?? 0) / 4 * 3];
        if (text is not null && Convert.TryFromBase64String(text, bytes, out var length)) return bytes[..length];
        item.Refuse(ApiError.ItemInvalid, "data_base64 must be base64.");
        return null;
    }

    private static UsageItem Encoded(UsageItem item, Attributes said, byte[] data, string? org)
    {
        try
        {
            return JsonItems.Read(data, wrapped: false, (ref json, _) => Finish(item, said, json, org), out var isSingle) is [var only] && isSingle
                ? only : NotAnObject(item);
        }
        catch (ApiRefusedException)
        {
            return NotAnObject(item);
        }
    }

    private static UsageItem NotAnObject(UsageItem item)
    {
        item.Refuse(ApiError.ItemInvalid, "data must be a JSON object.");
        return item;
    }

    private static UsageItem Finish(UsageItem item, Attributes said, Utf8JsonReader data, string? org)
    {
        said.Check(item);
        if (item.Refusal is not null) return item;
        new EventData(said.Type == OpenMeters).Read(new ItemReader(data, item));
        if (item.TraceId is null && Correlation.TraceIdOf(said.TraceParent) is { } trace) item.TraceId = trace;
        Assign(item, said, org);
        item.Check("time");
        return item;
    }

    /// <summary>
    /// Whom an event is for. Of our own type, the subject is the org. In OpenMeter's shape it is whom the sender bills: the org, unless the org
    /// is known already, from the data or from the key; then it is the org's end user.
    /// </summary>
    private static void Assign(UsageItem item, Attributes said, string? org)
    {
        if (said.Subject is not { Length: > 0 } subject) return;
        if (said.Type == Ours)
        {
            if (item.Org is not null && item.Org != subject) item.Refuse(ApiError.ItemInvalid, "subject and data name two orgs.");
            item.Org = subject;
        }
        else if ((item.Org ?? org) is not { } known)
        {
            item.Org = subject;
        }
        else if (known != subject)
        {
            item.User ??= subject;
        }
    }

    /// <summary>The context attributes that mean something here. Others are extensions, and let be.</summary>
    private sealed class Attributes
    {
        private string? _version;
        private string? _contentType;
        private string? _source;
        private string? _time;

        public string? Type { get; private set; }

        public string? Subject { get; private set; }

        public string? TraceParent { get; private set; }

        public static bool IsKnown(string name) =>
            name is "specversion" or "id" or "source" or "type" or "subject" or "time" or "datacontenttype" or "traceparent" or "identityenvelope";

        /// <summary>Whether many events say the same.</summary>
        public static bool IsRepeated(string name) => name is "specversion" or "source" or "type" or "subject" or "datacontenttype";

        public void Take(string name, string? value, UsageItem item)
        {
            switch (name)
            {
                case "specversion": _version = UsageFields.Once(_version, value, name, item); break;
                case "id": item.Id = UsageFields.Once(item.Id, value, name, item); break;
                case "source": _source = UsageFields.Once(_source, value, name, item); break;
                case "type": Type = UsageFields.Once(Type, value, name, item); break;
                case "subject": Subject = UsageFields.Once(Subject, value, name, item); break;
                case "time": _time = UsageFields.Once(_time, value, name, item); break;
                case "datacontenttype": _contentType = UsageFields.Once(_contentType, value, name, item); break;
                case "identityenvelope": item.Envelope = UsageFields.Once(item.Envelope, value, name, item); break;
                case "traceparent": TraceParent = UsageFields.Once(TraceParent, value, name, item); break;
            }
        }

        public void Check(UsageItem item)
        {
            if (_version != "1.0") item.Refuse(ApiError.ItemInvalid, "specversion must be \"1.0\".");
            item.Source = _source ?? "";
            if (Type is not (Ours or OpenMeters))
            {
                item.Refuse(ApiError.ItemInvalid, $"Events of type '{Inputs.Shown(Type)}' are not usage; send {Ours} or {OpenMeters}.");
            }

            if (_contentType is not null && !_contentType.Contains("json", StringComparison.OrdinalIgnoreCase))
            {
                item.Refuse(ApiError.ItemInvalid, "datacontenttype must be application/json.");
            }

            if (_time is null) return;
            item.OccurredAt = ItemTimes.Read(_time);
            if (item.OccurredAt is null) item.Refuse(ApiError.ItemInvalid, $"time must be {ItemTimes.Form}.");
        }
    }
}
