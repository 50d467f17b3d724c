using System.Buffers;
using System.Text.Json;
using Tieout.Core.Ledger;

namespace Tieout.Server.Outbox;

/// <summary>What an endpoint is sent.</summary>
internal static class WebhookMessage
{
    /// <summary><c>{"id","type","timestamp","org","url","data"}</c>; the same bytes on every attempt, unless <c>public_url</c> is changed between
    /// two.</summary>
    public static byte[] Body(Uri? publicUrl, string messageId, string type, string org, Core.Instant at, string data)
    {
        var bytes = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("id", messageId);
            json.WriteString("type", type);
            json.WriteString("timestamp", at.ToString());
            if (org.Length > 0) json.WriteString("org", org);
            if (MessageLink.Of(publicUrl, type, org, data) is { } url) json.WriteString("url", url);
            json.WritePropertyName("data");
            json.WriteRawValue(data, skipInputValidation: true);
            json.WriteEndObject();
        }

        return bytes.WrittenSpan.ToArray();
    }

    public static byte[] Body(Uri? publicUrl, string messageId, OutboxRow message) =>
        Body(publicUrl, messageId, message.Type, message.Org, message.RecordedAt, message.Body);
}
