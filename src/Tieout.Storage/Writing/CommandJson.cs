using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Tieout.Core.Ledger;

namespace Tieout.Storage.Writing;

/// <summary>A command of any kind as JSON for a person to read: all that it says, members in the order of their names, so that equal commands have equal
/// text.</summary>
/// <remarks>By reflection, so that a new kind of command or a new member is never left out. Only for what is rare.</remarks>
internal static class CommandJson
{
    /// <summary>Deeper than any command; a bound for what refers to itself.</summary>
    private const int DepthMax = 12;

    public static string Of(Command command)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes)) Write(json, command, depth: 0);
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static void Write(Utf8JsonWriter json, object? value, int depth)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case string text:
                // Encoded here: a text that is not valid UTF-16 is recorded with replacement characters, not refused.
                json.WriteStringValue(Encoding.UTF8.GetBytes(text));
                break;
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            case byte or short or int or long:
                json.WriteNumberValue(Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case byte[] bytes:
                json.WriteStringValue(Convert.ToHexStringLower(bytes));
                break;
            case IEnumerable list when depth < DepthMax:
                json.WriteStartArray();
                foreach (var item in list) Write(json, item, depth + 1);
                json.WriteEndArray();
                break;
            case not ValueType when depth < DepthMax:
                WriteMembers(json, value, depth);
                break;
            default:
                json.WriteStringValue(Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
        }
    }

    private static void WriteMembers(Utf8JsonWriter json, object value, int depth)
    {
        json.WriteStartObject();
        if (value is Command) json.WriteString("command", JsonNamingPolicy.SnakeCaseLower.ConvertName(value.GetType().Name));
        var members = value.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(
            member => member.CanRead && member.GetIndexParameters().Length == 0);
        foreach (var member in members.OrderBy(member => member.Name, StringComparer.Ordinal))
        {
            json.WritePropertyName(JsonNamingPolicy.SnakeCaseLower.ConvertName(member.Name));
            Write(json, member.GetValue(value), depth + 1);
        }

        json.WriteEndObject();
    }
}
