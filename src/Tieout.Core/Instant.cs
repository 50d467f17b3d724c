using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Tieout.Core;

/// <summary>A point in time, as whole microseconds since 1970-01-01 UTC: what every stored time is.</summary>
/// <remarks>Finer than the wall clocks that feed it, and one <see cref="long"/> in every store.</remarks>
public readonly record struct Instant(long UnixMicros) : IComparable<Instant>, ISpanFormattable, IUtf8SpanFormattable
{
    /// <summary>Of the longest text, with the last decimal of the round-trip form.</summary>
    private const int TextMax = 32;

    public const long MicrosPerSecond = 1_000_000;
    public const long MicrosPerHour = 3_600 * MicrosPerSecond;

    private static readonly long MinMicros = -DateTime.UnixEpoch.Ticks / TimeSpan.TicksPerMicrosecond;
    private static readonly long MaxMicros = (DateTime.MaxValue.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;

    /// <summary>1970-01-01 UTC, the default value: where an org's first period begins. Earlier instants exist, but nothing counts at one:
    /// usage from before it counts when it is recorded (<c>OrgState.OpenFrom</c>), so a range from here on has every row.</summary>
    public static Instant UnixEpoch => default;

    /// <summary>The end of the year 9999, the end of a range that has none: after every instant that can be written as a date.</summary>
    public static Instant EndOfTime { get; } = From(DateTimeOffset.MaxValue);

    public static bool operator <(Instant left, Instant right) => left.UnixMicros < right.UnixMicros;
    public static bool operator >(Instant left, Instant right) => left.UnixMicros > right.UnixMicros;
    public static bool operator <=(Instant left, Instant right) => left.UnixMicros <= right.UnixMicros;
    public static bool operator >=(Instant left, Instant right) => left.UnixMicros >= right.UnixMicros;
    public static Instant operator +(Instant left, TimeSpan right) => new(left.UnixMicros + right.Ticks / TimeSpan.TicksPerMicrosecond);
    public static Instant operator -(Instant left, TimeSpan right) => new(left.UnixMicros - right.Ticks / TimeSpan.TicksPerMicrosecond);
    public static TimeSpan operator -(Instant left, Instant right) => new((left.UnixMicros - right.UnixMicros) * TimeSpan.TicksPerMicrosecond);

    /// <summary>Rounds down to the microsecond.</summary>
    public static Instant From(DateTimeOffset time) => new((time.UtcTicks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond);

    public DateTimeOffset ToDateTimeOffset() => new(DateTime.UnixEpoch.Ticks + UnixMicros * TimeSpan.TicksPerMicrosecond, TimeSpan.Zero);

    public int CompareTo(Instant other) => UnixMicros.CompareTo(other.UnixMicros);

    /// <summary>ISO 8601 in UTC with microseconds, for example <c>2026-11-22T05:00:00.000001Z</c>.</summary>
    /// <remarks>A damaged time has no date: its microseconds are shown, so that the message about it can be written.</remarks>
    public override string ToString()
    {
        Span<byte> text = stackalloc byte[TextMax];
        return TryFormat(text, out var length, default, null) ? Encoding.UTF8.GetString(text[..length]) : throw new FormatException();
    }

    /// <summary>As <see cref="ToString()"/>, in UTF-8.</summary>
    public bool TryFormat(Span<byte> utf8Destination, out int bytesWritten, ReadOnlySpan<char> format, IFormatProvider? provider)
    {
        if (UnixMicros < MinMicros || UnixMicros > MaxMicros)
        {
            return Utf8.TryWrite(utf8Destination, CultureInfo.InvariantCulture, $"{UnixMicros} µs", out bytesWritten);
        }

        // The round-trip form has a seventh decimal, which is zero: it is the place of the Z.
        var isRoom = ToDateTimeOffset().UtcDateTime.TryFormat(utf8Destination, out bytesWritten, "O", CultureInfo.InvariantCulture);
        if (isRoom) utf8Destination[--bytesWritten - 1] = (byte)'Z';
        return isRoom;
    }

    /// <inheritdoc cref="TryFormat(Span{byte}, out int, ReadOnlySpan{char}, IFormatProvider?)"/>
    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider)
    {
        Span<byte> text = stackalloc byte[TextMax];
        charsWritten = 0;
        return TryFormat(text, out var length, format, provider) && Encoding.UTF8.TryGetChars(text[..length], destination, out charsWritten);
    }

    string IFormattable.ToString(string? format, IFormatProvider? formatProvider) => ToString();
}
