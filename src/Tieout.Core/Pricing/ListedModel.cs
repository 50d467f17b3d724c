using System.Collections.Immutable;
using System.Text.Json;
using Tieout.Core.Metering;

namespace Tieout.Core.Pricing;

/// <summary>One model of a provider with its prices, as they change over time.</summary>
/// <param name="Id">The catalogue's name for it; <paramref name="Match"/> says what it is called elsewhere.</param>
/// <param name="ContextWindow">Tokens; null where not listed.</param>
/// <param name="Prices">Later ones win. The first holds where no other does.</param>
public sealed record ListedModel(string Id, MatchClause Match, long? ContextWindow, ImmutableArray<TimedPrice> Prices)
{
    /// <returns>The index into <see cref="Prices"/> of the one in force.</returns>
    public int PriceAt(Instant at)
    {
        for (var i = Prices.Length - 1; i > 0; i--)
        {
            if (Prices[i].HoldsAt(at)) return i;
        }

        return 0;
    }

    public ModelLimits Limits => new(ContextWindow);
}

/// <summary>What bounds the size of one attempt.</summary>
/// <param name="ContextWindow">Input and output together, in tokens; null where not known.</param>
public readonly record struct ModelLimits(long? ContextWindow);

/// <summary>Rates that hold from a day on, or in some hours of each day, or always.</summary>
/// <param name="From">The first day, in UTC.</param>
/// <param name="Daily">The hours, in UTC.</param>
public sealed record TimedPrice(DateOnly? From, DailyHours? Daily, RateCard Rates)
{
    public bool HoldsAt(Instant at)
    {
        var time = at.ToDateTimeOffset().UtcDateTime;
        return (From is not { } from || DateOnly.FromDateTime(time) >= from)
            && (Daily is not { } daily || daily.Contains(TimeOnly.FromDateTime(time)));
    }

    internal void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        if (From is { } from) json.WriteString("from", Text(from));
        if (Daily is { } daily) json.WriteString("daily", daily.ToString());
        json.WritePropertyName("rates");
        Rates.Write(json);
        json.WriteEndObject();
    }

    /// <exception cref="FormatException">Not what <see cref="Write"/> writes.</exception>
    internal static TimedPrice Read(JsonElement json) => new(
        json.Text("from") is { } from ? Day(from) : null,
        json.Text("daily") is { } daily ? DailyHours.Parse(daily) : null,
        RateCard.Read(json.Member("rates")));

    internal static string Text(DateOnly day) => day.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);

    internal static DateOnly Day(string text) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", out var day) ? day : throw new FormatException($"'{text}' is not a day: write 2026-08-21.");
}

/// <summary>Some hours of every day in UTC, written <c>00:30-16:30</c>; with the start after the end they run over midnight.</summary>
/// <param name="Start">Inclusive.</param>
/// <param name="End">Exclusive.</param>
public readonly record struct DailyHours(TimeOnly Start, TimeOnly End)
{
    public bool Contains(TimeOnly time) => time.IsBetween(Start, End);

    public override string ToString() =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Start:HH:mm}-{End:HH:mm}");

    /// <exception cref="FormatException">Not two times of day.</exception>
    public static DailyHours Parse(string text) =>
        text.Split('-') is [var start, var end]
        && TimeOnly.TryParseExact(start, "HH:mm", out var first) && TimeOnly.TryParseExact(end, "HH:mm", out var last)
            ? new(first, last)
            : throw new FormatException($"'{text}' is not a span of hours: write 00:30-16:30.");
}
