using System.Collections.Immutable;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Tieout.Core;
using Tieout.Core.Invoicing;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Metering;

namespace Tieout.Server.Invoicing;

/// <summary>What a report of spend was asked for with.</summary>
/// <param name="Top">How many groups have a line of their own; null: all, within the limit.</param>
/// <param name="First">A day, which begins in each org's own zone, or a time, which is the same for all.</param>
/// <param name="End">As <paramref name="First"/>. Not included.</param>
/// <param name="TimeZone">The zone that all orgs share; null: they have several.</param>
/// <param name="Zone">That zone; UTC where they have several.</param>
/// <param name="Values">Columns of usage and the value that each must have; none: all usage.</param>
internal sealed record SpendRequest(
    SpendGrouping By, string Format, int? Top, string First, string End, string? TimeZone, TimeZoneInfo Zone,
    ImmutableArray<(UsageColumn Column, string Value)> Values)
{
    private const string ByDefault = "model";

    /// <summary>Query parameters of a report of one org.</summary>
    public static IReadOnlyList<string> Known { get; } =
    [
        "by", "from", "to", "top", "format", .. UsageColumn.All.Select(column => column.Name),
        .. UsageColumn.All.Select(column => column.Label?.Synonym).OfType<string>(),
    ];

    /// <summary>Whether lines do not have it all, so that every usage record of the range is looked at.</summary>
    public bool IsOfRows => By.IsOfRows || Values.Any(value => value.Column.Label is null);

    /// <summary>As an answer shows it: a time, or the day as it was asked for where it begins at several times.</summary>
    public string From => TimeZone is null ? First : In(Zone).From.ToString();

    /// <inheritdoc cref="From"/>
    public string To => TimeZone is null ? End : In(Zone).To.ToString();

    /// <summary>Without <c>?from=</c> and <c>?to=</c>, of the current month.</summary>
    /// <exception cref="ApiRefusedException">A parameter is invalid, or the range is empty or too long.</exception>
    public static SpendRequest Read(HttpContext context, IReadOnlyList<OrgState> orgs, Instant now)
    {
        if (SpendGrouping.Parse(Inputs.Query(context, "by") ?? ByDefault, out var by) is { } flaw) throw Refused(flaw);
        var format = Inputs.Query(context, "format") ?? "json";
        if (format is not ("json" or "csv")) throw Refused("The format is json or csv.");
        var (timeZone, zone) = ZoneOf(orgs);
        var month = Month.Of(now, zone);
        var request = new SpendRequest(
            by, format, Number(Inputs.Query(context, "top")), Inputs.Query(context, "from") ?? $"{month}-01", Inputs.Query(context, "to") ?? $"{month.Next}-01",
            timeZone, zone, UsageRequest.Filtered(context, new("", Instant.UnixEpoch, Instant.UnixEpoch)).Values);
        foreach (var each in orgs.Select(org => org.Zone).Append(zone)) request.Validate(each);
        return request;
    }

    /// <summary>For a range that is not asked for but chosen, for example by a page.</summary>
    /// <param name="from">A day, which begins in each org's own zone, or a time.</param>
    /// <param name="to">As <paramref name="from"/>. Not included.</param>
    /// <exception cref="ApiRefusedException">There is no such dimension, or the range is empty or too long.</exception>
    public static SpendRequest Of(string by, string from, string to, IReadOnlyList<OrgState> orgs)
    {
        if (SpendGrouping.Parse(by, out var dimensions) is { } flaw) throw Refused(flaw);
        var (timeZone, zone) = ZoneOf(orgs);
        var request = new SpendRequest(dimensions, "json", Top: null, from, to, timeZone, zone, []);
        foreach (var each in orgs.Select(org => org.Zone).Append(zone)) request.Validate(each);
        return request;
    }

    /// <summary>The zone that all orgs share; UTC, and no name, where they have several.</summary>
    public static (string? Name, TimeZoneInfo Zone) ZoneOf(IReadOnlyList<OrgState> orgs) =>
        orgs.DistinctBy(org => org.Org.TimeZone).Select(org => org.Zone).ToList() switch
        {
            [var shared] => (shared.Id, shared),
            [] => (TimeZoneInfo.Utc.Id, TimeZoneInfo.Utc),
            _ => (null, TimeZoneInfo.Utc),
        };

    /// <summary>The usage of an org that is reported, in a part of the range.</summary>
    public UsageFilter Filter(OrgState org, Instant from, Instant to) => new(org.Org.Id, from, to) { Values = Values };

    public (Instant From, Instant To) In(TimeZoneInfo zone) => (Inputs.Time(First, zone), Inputs.Time(End, zone));

    public static ApiRefusedException Refused(string detail) => new(ApiError.ParameterInvalid, detail);

    /// <exception cref="ApiRefusedException">The report has more groups than an answer may have.</exception>
    public void Validate(SpendReport report)
    {
        var groupsMax = Top is null ? SpendReport.LinesMax : SpendReport.GroupsMax;
        if (report.Groups <= groupsMax) return;
        throw Refused(string.Create(CultureInfo.InvariantCulture,
            $"The range has more than {groupsMax} groups. Narrow the range, group by fewer dimensions, or send top=100 for the 100 largest."));
    }

    private void Validate(TimeZoneInfo zone)
    {
        var (from, to) = In(zone);
        if (from >= to) throw Refused($"The range from {Inputs.Shown(First)} to {Inputs.Shown(End)} is empty: 'to' must be later than 'from'.");
        if ((to - from).TotalDays > By.DaysMax) throw Refused($"A report by {SnakeCase.Of(By.Slot)} has at most {By.DaysMax} days. Narrow the range.");
    }

    private static int? Number(string? text)
    {
        if (text is null) return null;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var top) && top is >= 1 and <= SpendReport.LinesMax
            ? top
            : throw Refused($"'{Inputs.Shown(text)}' is not a number of groups: write a whole number from 1 to {SpendReport.LinesMax}.");
    }
}
