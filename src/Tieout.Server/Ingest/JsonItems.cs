using System.Text.Json;
using Tieout.Server.Errors;
using Tieout.Server.Http;

namespace Tieout.Server.Ingest;

/// <summary>Walks over the items of a body. All of it must be JSON before any of it counts: half a body is the sender's mistake, not half a bill.</summary>
internal static class JsonItems
{
    /// <summary>Items of one call. More is a file, not a call: its sender could not tell which of them stand if it broke off.</summary>
    public const int Max = 10_000;

    /// <param name="item">At the start of the item's value. It may be left anywhere within the item.</param>
    public delegate UsageItem Parse(ref Utf8JsonReader item, int index);

    /// <summary>Reads an array of items, an object with an array <c>items</c>, or a single object.</summary>
    /// <param name="wrapped">Whether an object with <c>items</c> is a list; else every object is an item.</param>
    /// <param name="isSingle">The body was one object and nothing around it.</param>
    /// <exception cref="ApiRefusedException">Not JSON, not of this form, or more than <see cref="Max"/> items.</exception>
    public static List<UsageItem> Read(ReadOnlySpan<byte> body, bool wrapped, Parse parse, out bool isSingle)
    {
        var json = new Utf8JsonReader(body);
        isSingle = false;
        try
        {
            json.Read();
            var items = new List<UsageItem>();
            if (json.TokenType is JsonTokenType.StartObject && wrapped) ReadWrapped(ref json, items, parse);
            else if (json.TokenType is JsonTokenType.StartArray) ReadArray(ref json, items, parse);
            else if (json.TokenType is JsonTokenType.StartObject)
            {
                isSingle = true;
                ReadOne(ref json, items, parse);
            }
            else throw new ApiRefusedException(ApiError.BodyMalformed, "Send a JSON array of items.");
            json.Read();
            return items;
        }
        catch (JsonException broken)
        {
            throw Broken(body, broken);
        }
    }

    /// <summary>Reads the array that <paramref name="json"/> is at.</summary>
    public static void ReadArray(ref Utf8JsonReader json, List<UsageItem> items, Parse parse)
    {
        while (json.Read() && json.TokenType is not JsonTokenType.EndArray) ReadOne(ref json, items, parse);
    }

    /// <summary>Where a body stops being JSON.</summary>
    public static ApiRefusedException Broken(ReadOnlySpan<byte> body, JsonException broken)
    {
        var json = new Utf8JsonReader(body);
        try
        {
            while (json.Read()) { }
        }
        catch (JsonException)
        {
            // Here.
        }

        return new(
            ApiError.BodyMalformed,
            $"The body is not JSON at byte {json.BytesConsumed} (line {(broken.LineNumber ?? 0) + 1}, byte {(broken.BytePositionInLine ?? 0) + 1} of it). None of its items was recorded.");
    }

    public static ApiRefusedException TooMany() => new(ApiError.TooManyItems, $"Send at most {Max} items in one call. None of its items was recorded.");

    private static void ReadOne(ref Utf8JsonReader json, List<UsageItem> items, Parse parse)
    {
        if (items.Count == Max) throw TooMany();
        if (json.TokenType is JsonTokenType.StartObject)
        {
            var depth = json.CurrentDepth;
            items.Add(parse(ref json, items.Count));

            // A refused item is left in its midst, and what follows in it must be JSON all the same.
            while (json.CurrentDepth > depth || json.TokenType is not JsonTokenType.EndObject) json.Read();
            return;
        }

        json.Skip();
        var none = new UsageItem(items.Count);
        none.Refuse(ApiError.ItemInvalid, "It is not a JSON object.");
        items.Add(none);
    }

    private static void ReadWrapped(ref Utf8JsonReader json, List<UsageItem> items, Parse parse)
    {
        var found = false;
        while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
        {
            var isItems = JsonText.Is(json, "items"u8);
            json.Read();
            if (!isItems || found || json.TokenType is not JsonTokenType.StartArray)
            {
                throw new ApiRefusedException(
                    ApiError.BodyMalformed, "Send a JSON array of items, or an object with them as its only member, the array 'items'.");
            }

            found = true;
            ReadArray(ref json, items, parse);
        }

        if (!found) throw new ApiRefusedException(ApiError.BodyMalformed, "The object has no array 'items'.");
    }
}
