using System.Globalization;
using System.Text.Json;
using Tieout.Server.Http;

namespace Tieout.Server.Reconciliation.Bills;

/// <summary>Reads members of bills in JSON: what is asked for must be there and be what it is called; what is new beside it is left alone.</summary>
internal static class BillJson
{
    /// <summary>A bill is read whole: an API answers with pages of some hundred lines.</summary>
    private const int BytesMax = 64 * 1024 * 1024;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 32 };

    /// <summary>The pages of a file: one page, or an array of pages as they were fetched.</summary>
    public static async Task PagesAsync(Stream file, Action<JsonElement, string> page, CancellationToken cancellationToken)
    {
        using var document = await DocumentAsync(file, cancellationToken);
        if (document.RootElement.ValueKind != JsonValueKind.Array)
        {
            page(document.RootElement, "$");
            return;
        }

        var number = 0;
        foreach (var one in document.RootElement.EnumerateArray()) page(one, $"$[{number++}]");
    }

    public static async Task<JsonDocument> DocumentAsync(Stream file, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        var chunk = new byte[64 * 1024];
        int read;
        while ((read = await file.ReadAsync(chunk, cancellationToken)) > 0)
        {
            await bytes.WriteAsync(chunk.AsMemory(0, read), cancellationToken);
            if (bytes.Length > BytesMax) throw FileRefused.Whole($"The bill is larger than {BytesMax / (1024 * 1024)} MiB; compare a shorter range.");
        }

        var text = bytes.GetBuffer().AsMemory(0, (int)bytes.Length);
        if (text.Span.StartsWith(System.Text.Encoding.UTF8.Preamble)) text = text[3..];
        try
        {
            return JsonDocument.Parse(text, Strict);
        }
        catch (JsonException e)
        {
            throw FileRefused.At((e.LineNumber ?? 0) + 1, "It is not JSON, or names a member twice.");
        }
    }

    /// <summary>The buckets of a page that says itself whether more pages follow, numbered for messages.</summary>
    public static IEnumerable<(JsonElement Bucket, string Place)> Buckets(JsonElement page, string place)
    {
        var number = 0;
        foreach (var bucket in Array(page, "data", place)) yield return (bucket, $"{place}.data[{number++}]");
    }

    /// <summary>The last page must be there: a bill that goes on would look like missing usage on its side.</summary>
    public static void Complete(bool hasMore)
    {
        if (hasMore) throw FileRefused.Whole("The last page says has_more: the bill goes on. Put all its pages into one JSON array.");
    }

    public static IEnumerable<JsonElement> Array(JsonElement of, string name, string place) =>
        Find(of, name, out var value) && value.ValueKind == JsonValueKind.Array
            ? value.EnumerateArray()
            : throw FileRefused.Whole($"{place} has no array '{name}': it is not the bill that its format says.");

    public static JsonElement Object(JsonElement of, string name, string place) =>
        Find(of, name, out var value) && value.ValueKind == JsonValueKind.Object
            ? value
            : throw FileRefused.Whole($"{place} has no object '{name}': it is not the bill that its format says.");

    /// <summary>A member; none where <paramref name="of"/> is no object.</summary>
    public static bool Find(JsonElement of, string name, out JsonElement value)
    {
        value = default;
        return of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out value);
    }

    /// <summary>Null where it is null or absent.</summary>
    public static string? Text(JsonElement of, string name, string place)
    {
        if (!Find(of, name, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        return value.ValueKind == JsonValueKind.String ? value.GetString() : throw FileRefused.Whole($"{place}.{name} is not text.");
    }

    /// <summary>A count, absent: 0.</summary>
    public static long Count(JsonElement of, string name, string place)
    {
        if (!Find(of, name, out var value) || value.ValueKind == JsonValueKind.Null) return 0;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var count) && count >= 0
            ? count : throw FileRefused.Whole($"{place}.{name} is not a count.");
    }

    /// <summary>A figure, as a number or as text; it must be there.</summary>
    public static decimal Figure(JsonElement of, string name, string place)
    {
        var text = Find(of, name, out var value) ? value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Number => value.GetRawText(),
            _ => null,
        } : null;
        return text is { Length: > 0 }
            && decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture,
                out var figure) && Math.Abs(figure) < 9_000_000_000
            ? figure
            : throw FileRefused.Whole($"{place}.{name} is not a figure{(text is null ? "" : $": '{Inputs.Shown(text)}'")}.");
    }

    public static void Usd(string? currency, string place)
    {
        if (!string.Equals(currency, "usd", StringComparison.OrdinalIgnoreCase))
        {
            throw FileRefused.Whole($"{place} is in '{Inputs.Shown(currency)}'; only usd is compared.");
        }
    }

    /// <summary>The day of a bucket of at most a day; null: it is longer.</summary>
    public static string? Day(DateTimeOffset start, DateTimeOffset end, string place)
    {
        if (end <= start) throw FileRefused.Whole($"{place} ends before it begins.");
        return end - start > TimeSpan.FromDays(1) || end.AddTicks(-1).UtcDateTime.Date != start.UtcDateTime.Date
            ? null : start.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
    }

    public static DateTimeOffset Seconds(JsonElement of, string name, string place) =>
        Find(of, name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var seconds) && seconds is > 0 and < 253_402_300_800
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : throw FileRefused.Whole($"{place}.{name} is not a time in seconds.");

    public static DateTimeOffset Time(JsonElement of, string name, string place) =>
        Text(of, name, place) is { } text
            && DateTimeOffset.TryParseExact(
                text, ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mm:ssK"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : throw FileRefused.Whole($"{place}.{name} is not a time such as 2026-11-22T00:00:00Z.");
}
