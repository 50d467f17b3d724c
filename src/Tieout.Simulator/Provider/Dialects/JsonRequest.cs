using System.Runtime.InteropServices;
using System.Text.Json;

namespace Tieout.Simulator.Provider.Dialects;

/// <summary>Reads the members that dialects look for, naming in the refusal the one that is wrong.</summary>
internal static class JsonRequest
{
    /// <summary>Under these names a string is text of the prompt; other strings (roles, images, ids) are not.</summary>
    private static readonly HashSet<string> TextNames = ["content", "text", "input", "prompt", "instructions", "system"];

    /// <summary>The provider's own limit on a list of texts.</summary>
    private const int InputsMax = 2_048;

    public static JsonElement Root(SimulatedInput input)
    {
        var root = JsonElement.Parse(input.Body.IsSingleSegment ? input.Body.FirstSpan : System.Buffers.BuffersExtensions.ToArray(input.Body));
        Expect(root.ValueKind is JsonValueKind.Object, "The body is not a JSON object.", null);
        return root;
    }

    public static void Expect(bool holds, string message, string? field)
    {
        if (!holds) throw new SimulatedRequestException(message, field);
    }

    /// <summary>A member that there is and that is not null.</summary>
    public static JsonElement? Member(this JsonElement root, string name) =>
        root.ValueKind is JsonValueKind.Object && root.TryGetProperty(name, out var value) && value.ValueKind is not JsonValueKind.Null ? value : null;

    public static JsonElement Required(this JsonElement root, string name) =>
        root.Member(name) ?? throw new SimulatedRequestException($"Missing required parameter: '{name}'.", name);

    public static string Model(this JsonElement root) =>
        root.Text("model") ?? throw new SimulatedRequestException("you must provide a model parameter", "model");

    public static string? Text(this JsonElement root, string name)
    {
        if (root.Member(name) is not { } value) return null;
        Expect(value.ValueKind is JsonValueKind.String, $"'{name}' is not a string.", name);
        return value.GetString();
    }

    public static bool Flag(this JsonElement root, string name)
    {
        if (root.Member(name) is not { } value) return false;
        Expect(value.ValueKind is JsonValueKind.True or JsonValueKind.False, $"'{name}' is not a boolean.", name);
        return value.GetBoolean();
    }

    public static int? Limit(this JsonElement root, string name, int max = int.MaxValue)
    {
        if (root.Member(name) is not { } value) return null;
        var limit = 0;
        Expect(value.ValueKind is JsonValueKind.Number && value.TryGetInt32(out limit) && limit > 0 && limit <= max,
            $"'{name}' is not a positive whole number up to {max}.", name);
        return limit;
    }

    /// <summary>The names of the tools given.</summary>
    /// <param name="inside">Where a tool has its name, and perhaps those of several functions; null: in itself.</param>
    public static IReadOnlyList<string> Tools(this JsonElement root, string? inside = null)
    {
        if (root.Member("tools") is not { } tools) return [];
        Expect(tools.ValueKind is JsonValueKind.Array, "'tools' is not an array.", "tools");
        return ToolNames(tools, inside);
    }

    public static IReadOnlyList<string> ToolNames(JsonElement tools, string? inside)
    {
        var names = new List<string>();
        foreach (var tool in tools.EnumerateArray())
        {
            var named = inside is null ? tool : tool.Member(inside);
            if (named is { ValueKind: JsonValueKind.Array } several) names.AddRange(several.EnumerateArray().Select(one => one.Text("name")).OfType<string>());
            else if (named?.Text("name") is { } name) names.Add(name);
        }

        return names;
    }

    /// <summary>UTF-8 bytes of all text inside, JSON escapes counted.</summary>
    public static long TextBytes(this JsonElement value, bool isText = false) => value.ValueKind switch
    {
        JsonValueKind.String when isText => JsonMarshal.GetRawUtf8Value(value).Length - 2,
        JsonValueKind.Array => value.EnumerateArray().Sum(item => item.TextBytes(isText)),
        JsonValueKind.Object => value.EnumerateObject().Sum(member => member.Value.TextBytes(TextNames.Contains(member.Name))),
        _ => 0,
    };

    /// <summary>The texts of an <c>input</c> that is one text, one list of tokens, or a list of either.</summary>
    public static (int Inputs, long TextBytes) Inputs(this JsonElement root)
    {
        var input = root.Required("input");
        if (input.ValueKind is JsonValueKind.String) return (1, input.TextBytes(isText: true));
        Expect(input.ValueKind is JsonValueKind.Array && input.GetArrayLength() > 0, "'input' is neither a string nor a list.", "input");
        Expect(input[0].ValueKind is JsonValueKind.Number || input.GetArrayLength() <= InputsMax, $"'input' has more than {InputsMax} texts.", "input");
        return input[0].ValueKind is JsonValueKind.Number ? (1, TokenBytes(input)) : (input.GetArrayLength(), input.EnumerateArray().Sum(TokenBytes));
    }

    private static long TokenBytes(JsonElement input) =>
        input.ValueKind is JsonValueKind.Array ? input.GetArrayLength() * SimulatedUsage.BytesPerToken : input.TextBytes(isText: true);
}
