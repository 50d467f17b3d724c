using System.Buffers;
using System.Text.Json;
using Tieout.Core.Ledger;

namespace Tieout.Server.Outbox.Channels;

/// <summary>A message as Slack and compatible chats take it: a text for notifications, and blocks.</summary>
/// <remarks>Values are plain text in which nothing is marked up, and <c>&amp;</c>, <c>&lt;</c> and <c>&gt;</c> are escaped, so a name can neither mention
/// a channel nor hide a link.</remarks>
internal static class SlackMessage
{
    /// <summary>Slack refuses longer headers ...</summary>
    private const int HeaderMax = 150;

    /// <summary>... and longer texts.</summary>
    private const int SectionMax = 2_900;

    public static byte[] Body(Uri? publicUrl, string messageId, OutboxRow message)
    {
        var shown = MessageFields.Of(message.Type, message.Org, message.Body);
        var link = MessageLink.Of(publicUrl, message.Type, message.Org, message.Body);
        var bytes = new ArrayBufferWriter<byte>(1_024);
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("text", Escaped(shown.Text is null ? shown.Title : $"{shown.Title}: {shown.Text}", SectionMax));
            json.WriteStartArray("blocks");
            Block(json, "header", () => Plain(json, "text", shown.Title, HeaderMax));
            if (shown.Text is { } text) Block(json, "section", () => Plain(json, "text", text, SectionMax));
            if (shown.Fields.Count > 0)
            {
                Block(json, "section", () =>
                {
                    json.WriteStartArray("fields");
                    foreach (var (name, value) in shown.Fields) Plain(json, null, $"{name}: {value}", SectionMax);
                    json.WriteEndArray();
                });
            }

            Block(json, "context", () =>
            {
                json.WriteStartArray("elements");
                Plain(json, null, $"{message.RecordedAt} {messageId}{(link is null ? "" : $" {link}")}", SectionMax);
                json.WriteEndArray();
            });
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return bytes.WrittenSpan.ToArray();
    }

    private static void Block(Utf8JsonWriter json, string type, Action content)
    {
        json.WriteStartObject();
        json.WriteString("type", type);
        content();
        json.WriteEndObject();
    }

    private static void Plain(Utf8JsonWriter json, string? member, string text, int max)
    {
        if (member is null) json.WriteStartObject();
        else json.WriteStartObject(member);
        json.WriteString("type", "plain_text");
        json.WriteString("text", Escaped(text, max));
        json.WriteBoolean("emoji", false);
        json.WriteEndObject();
    }

    /// <summary>Cut before it is escaped, so that no escape is cut in half; then cut again to what escapes may have added.</summary>
    private static string Escaped(string text, int max)
    {
        for (var length = max; ; length = length * 3 / 4)
        {
            var escaped = MessageFields.Cut(text, length).Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal)
                .Replace(">", "&gt;", StringComparison.Ordinal);
            if (escaped.Length <= max) return escaped;
        }
    }
}
