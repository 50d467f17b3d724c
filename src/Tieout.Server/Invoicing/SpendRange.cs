using Microsoft.AspNetCore.Http;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;

namespace Tieout.Server.Invoicing;

/// <summary>The range of a report as it was asked for: a day begins in each org's own zone, a time is the same for all.</summary>
/// <param name="First">A day or a time.</param>
/// <param name="End">As <paramref name="First"/>. Not included.</param>
/// <param name="TimeZone">The zone that all orgs share; null: they have several.</param>
/// <param name="Zone">That zone; UTC where they have several.</param>
internal sealed record SpendRange(string First, string End, string? TimeZone, TimeZoneInfo Zone)
{
    /// <summary>As an answer shows it: a time, or the day as it was asked for where it begins at several times.</summary>
    public string From => TimeZone is null ? First : In(Zone).From.ToString();

    /// <inheritdoc cref="From"/>
    public string To => TimeZone is null ? End : In(Zone).To.ToString();

    /// <summary>Without <c>?from=</c> and <c>?to=</c>, the current month.</summary>
    public static SpendRange Read(HttpContext context, IReadOnlyList<OrgState> orgs, Instant now)
    {
        var zones = orgs.DistinctBy(org => org.Org.TimeZone).Select(org => org.Zone).ToList();
        var zone = zones is [var shared] ? shared : TimeZoneInfo.Utc;
        var month = Month.Of(now, zone);
        var range = new SpendRange(
            Inputs.Query(context, "from") ?? $"{month}-01", Inputs.Query(context, "to") ?? $"{month.Next}-01", zones.Count > 1 ? null : zone.Id, zone);
        foreach (var (from, to) in zones.Append(zone).Select(range.In))
        {
            if (from >= to)
            {
                throw new ApiRefusedException(ApiError.ParameterInvalid,
                    $"The range from {Inputs.Shown(range.First)} to {Inputs.Shown(range.End)} is empty: 'to' must be later than 'from'.");
            }
        }

        return range;
    }

    public (Instant From, Instant To) In(TimeZoneInfo zone) => (Inputs.Time(First, zone), Inputs.Time(End, zone));
}
