using System.Collections.Immutable;
using System.Text.Json;
using Tieout.Server.Errors;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>Values of a request's members, and what is wrong with them. The reader is at the member's name.</summary>
internal static class RequestValue
{
    public static GatewayRefusal? Flag(ref Utf8JsonReader json, string name, out bool flag)
    {
        json.Read();
        flag = json.TokenType is JsonTokenType.True;
        return json.TokenType is JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null ? null : Invalid(name, "true or false");
    }

    /// <param name="count">From 1; null: the member is null, or refused.</param>
    public static GatewayRefusal? Count(ref Utf8JsonReader json, string name, long max, out long? count)
    {
        count = null;
        json.Read();
        if (json.TokenType is JsonTokenType.Null) return null;
        if (json.TokenType is not JsonTokenType.Number || !json.TryGetInt64(out var number) || number < 1 || number > max)
        {
            return Invalid(name, $"a whole number from 1 to {max}");
        }

        count = number;
        return null;
    }

    /// <summary>Whether the name that the reader is at is one of these.</summary>
    public static bool IsOneOf(in Utf8JsonReader json, ImmutableArray<string> names)
    {
        foreach (var name in names)
        {
            if (json.ValueTextEquals(name)) return true;
        }

        return false;
    }

    /// <summary>Where the token that the reader is at stands in the body.</summary>
    public static Range At(in Utf8JsonReader json) => (int)json.TokenStartIndex..(int)json.BytesConsumed;

    public static GatewayRefusal Malformed(string message) => new(ApiError.BodyMalformed, message);

    public static GatewayRefusal Invalid(string name, string wanted) => new(ApiError.ParameterInvalid, $"'{name}' must be {wanted}.", name);
}
