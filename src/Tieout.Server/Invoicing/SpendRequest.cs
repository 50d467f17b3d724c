using System.Globalization;
using Microsoft.AspNetCore.Http;
using Tieout.Core;
using Tieout.Core.Invoicing;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;

namespace Tieout.Server.Invoicing;

/// <summary>What a report of spend was asked for with.</summary>
/// <param name="Top">How many groups have a line of their own; null: all, within the limit.</param>
/// <param name="First">A day, which begins in each org's own zone, or a time, which is the same for all.</param>
/// <param name="End">As <paramref name="First"/>. Not included.</param>
/// <param name="TimeZone">The zone that all orgs share; null: they have several.</param>
/// <param name="Zone">That zone; UTC where they have several.</param>
internal sealed record SpendRequest(SpendGrouping By, string Format, int? Top, string First, string End, string? TimeZone, TimeZoneInfo Zone)
{
    private const string ByDefault = "model";

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
        var zones = orgs.DistinctBy(org => org.Org.TimeZone).Select(org => org.Zone).ToList();
        var zone = zones is [var shared] ? shared : TimeZoneInfo.Utc;
        var month = Month.Of(now, zone);
        var request = new SpendRequest(
            by, format, Number(Inputs.Query(context, "top")), Inputs.Query(context, "from") ?? $"{month}-01", Inputs.Query(context, "to") ?? $"{month.Next}-01",
            zones.Count > 1 ? null : zone.Id, zone);
        foreach (var each in zones.Append(zone)) request.Validate(each);
        return request;
    }

    public (Instant From, Instant To) In(TimeZoneInfo zone) => (Inputs.Time(First, zone), Inputs.Time(End, zone));

    public static ApiRefusedException Refused(string detail) => new(ApiError.ParameterInvalid, detail);

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
