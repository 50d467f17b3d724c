using System.Globalization;
using Microsoft.AspNetCore.Http;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Server.Errors;
using Tieout.Server.Http;

namespace Tieout.Server.Spike;

/// <summary>Which hours a report judges, and against which.</summary>
/// <param name="Org">Null: all orgs of the asset.</param>
/// <param name="Zone">The org's; of all orgs UTC.</param>
/// <param name="BaselineFrom">Where the baseline begins.</param>
/// <param name="From">Where it ends, and the judged hours begin.</param>
/// <param name="To">The end of the last whole hour.</param>
internal sealed record SpikeRequest(string? Org, string Asset, IReadOnlyList<OrgState> Orgs, TimeZoneInfo Zone, Instant BaselineFrom, Instant From, Instant To)
{
    public static readonly string[] Known = ["since", "baseline", "at"];

    private const int SinceHours = 48, SinceHoursMax = 14 * 24, BaselineHours = 7 * 24, BaselineHoursMax = 35 * 24;

    /// <exception cref="ApiRefusedException">A parameter is not what it should be.</exception>
    public static SpikeRequest Read(HttpContext context, string? org, string asset, IReadOnlyList<OrgState> orgs, Instant now)
    {
        var zone = org is null ? TimeZoneInfo.Utc : orgs[0].Zone;
        var at = Inputs.Query(context, "at") is { } time ? Inputs.Time(time, zone) : now;
        if (at > now) throw new ApiRefusedException(ApiError.ParameterInvalid, $"'at' is {at}, which is later than now.");
        return Cut(org, asset, orgs, zone, at, Hours(context, "since", SinceHours, SinceHoursMax), Hours(context, "baseline", BaselineHours, BaselineHoursMax));
    }

    /// <summary>The last 48 whole hours of an org against the seven days before.</summary>
    public static SpikeRequest Of(OrgState org, Instant now) => Cut(org.Org.Id, org.Org.Asset, [org], org.Zone, now, SinceHours, BaselineHours);

    private static SpikeRequest Cut(
        string? org, string asset, IReadOnlyList<OrgState> orgs, TimeZoneInfo zone, Instant at, int sinceHours, int baselineHours)
    {
        var to = Recount.HourOf(at);
        var from = to - TimeSpan.FromHours(sinceHours);
        return new(org, asset, orgs, zone, from - TimeSpan.FromHours(baselineHours), from, to);
    }

    public static long HourOf(Instant at) => at.UnixMicros / Instant.MicrosPerHour;

    public static Instant StartOf(long hour) => new(hour * Instant.MicrosPerHour);

    /// <summary>Reads <c>48h</c> or <c>7d</c>.</summary>
    private static int Hours(HttpContext context, string name, int otherwise, int most)
    {
        if (Inputs.Query(context, name) is not { } text) return otherwise;
        var factor = text.EndsWith('d') ? 24 : text.EndsWith('h') ? 1 : 0;
        if (factor > 0 && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && count is > 0 and < 10_000 && count * factor <= most)
        {
            return count * factor;
        }

        throw new ApiRefusedException(ApiError.ParameterInvalid,
            $"'{Inputs.Shown(text)}' is not a length of time for '{name}': write hours or days, for example 48h or 7d, up to {most / 24}d.");
    }
}
