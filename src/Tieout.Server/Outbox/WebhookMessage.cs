using System.Buffers;
using System.Text.Json;
using Tieout.Core.Ledger;

namespace Tieout.Server.Outbox;

/// <summary>What an endpoint is sent.</summary>
internal static class WebhookMessage
{
    /// <summary><c>{"id","type","timestamp","org","data"}</c>; the same bytes on every attempt.</summary>
    public static byte[] Body(string messageId, string type, string org, Core.Instant at, string data)
    {
        var bytes = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("id", messageId);
            json.WriteString("type", type);
            json.WriteString("timestamp", at.ToString());
            if (org.Length > 0) json.WriteString("org", org);
            json.WritePropertyName("data");
            json.WriteRawValue(data, skipInputValidation: true);
            json.WriteEndObject();
        }

        return bytes.WrittenSpan.ToArray();
    }

    public static byte[] Body(string messageId, OutboxRow message) => Body(messageId, message.Type, message.Org, message.RecordedAt, message.Body);
}
