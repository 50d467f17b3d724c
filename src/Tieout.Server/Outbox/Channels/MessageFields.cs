using System.Text.Json;

namespace Tieout.Server.Outbox.Channels;

/// <summary>What people are shown of a message: a title, a sentence, and the figures. All of it is text from outside; each channel escapes it in its own
/// way.</summary>
/// <param name="Title">For example <c>alert.rule of acme</c>.</param>
/// <param name="Text">The sentence of the message; null: it has none.</param>
/// <param name="Fields">Names and values of its scalars, at most <see cref="FieldsMax"/>.</param>
internal sealed record MessageFields(string Title, string? Text, IReadOnlyList<(string Name, string Value)> Fields)
{
    /// <summary>Slack takes ten fields a section.</summary>
    public const int FieldsMax = 10;

    private const int TextMax = 2_000;
    private const int ValueMax = 500;

    /// <param name="org">Empty: the platform.</param>
    /// <param name="data">The message's own JSON.</param>
    public static MessageFields Of(string type, string org, string data)
    {
        using var json = JsonDocument.Parse(data);
        string? text = null;
        List<(string, string)> fields = [];
        foreach (var member in json.RootElement.ValueKind is JsonValueKind.Object ? json.RootElement.EnumerateObject().ToList() : [])
        {
            var value = Scalar(member.Value);
            if (member.Name is "text" && value is not null) text = Cut(value, TextMax);
            else if (value is not null && fields.Count < FieldsMax) fields.Add((Cut(member.Name, ValueMax), Cut(value, ValueMax)));
        }

        return new(org.Length == 0 ? type : $"{type} of {org}", text, fields);
    }

    /// <summary>Never cuts a character that is two code units in half.</summary>
    public static string Cut(string text, int max)
    {
        if (text.Length <= max) return text;
        var end = max - 1;
        return $"{text[..(char.IsHighSurrogate(text[end - 1]) ? end - 1 : end)]}…";
    }

    private static string? Scalar(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString() is { Length: > 0 } text ? text : null,
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
        _ => null,
    };
}
