using System.Globalization;
using Tieout.Core;

namespace Tieout.Server.Jobs;

/// <summary>Hours in UTC as names of records, for example <c>2026-11-30T17</c>: names sort as hours do.</summary>
internal static class HourName
{
    /// <summary>The name of the record that says how far the hours go. It sorts after every hour.</summary>
    public const string Through = "through";

    private const string Form = "yyyy-MM-dd'T'HH";

    public static TimeSpan Length { get; } = TimeSpan.FromHours(1);

    /// <summary>The hour that a time is in.</summary>
    public static string Of(Instant time) => time.ToDateTimeOffset().ToString(Form, CultureInfo.InvariantCulture);

    /// <summary>The first hour that begins at a time or after it. The time is not in the last hour of all times.</summary>
    public static string From(Instant time) => Of(time + Length - TimeSpan.FromMicroseconds(1));

    public static Instant StartOf(string name) => Instant.From(
        DateTimeOffset.ParseExact(name, Form, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal));
}
