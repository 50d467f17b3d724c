using System.Globalization;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Invoicing;
using Tieout.Server.Reconciliation;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Console.Pages;

/// <summary>What the overview shows of one asset: the reports of the API, and nothing else.</summary>
/// <param name="Days">The last <see cref="DaysShown"/> days, today included.</param>
/// <param name="Orgs">Today, by org.</param>
internal sealed record OverviewOfAsset(CostsTodayBody Today, SpendBody Days, SpendBody Orgs, string FirstDay, string LastDay, string EndDay)
{
    private const int DaysShown = 14;

    private const string DayForm = "yyyy-MM-dd";

    public string TodayHref => Href("org", LastDay, EndDay);

    public string DaysHref => Href("day", FirstDay, EndDay);

    /// <summary>Every day has a bar, also one on which nothing was spent.</summary>
    public IReadOnlyList<(string Name, Amount Value, string Href)> Bars
    {
        get
        {
            var spent = Days.Items.ToDictionary(item => item.Group["day"] ?? "", item => item.Charge, StringComparer.Ordinal);
            var first = DateOnly.ParseExact(FirstDay, DayForm, CultureInfo.InvariantCulture);
            return
            [
                .. Enumerable.Range(0, DaysShown).Select(first.AddDays).Select(day => (Text(day), spent.GetValueOrDefault(Text(day), Amount.Zero),
                    Href("org", Text(day), Text(day.AddDays(1))))),
            ];
        }
    }

    public static async Task<OverviewOfAsset> ReadAsync(
        string asset, IReadOnlyList<OrgState> orgs, ILedger ledger, TimeProvider time, Viewer viewer, CancellationToken cancellationToken)
    {
        var now = Instant.From(time.GetUtcNow());
        var today = LocalTime.DayOf(now, SpendRequest.ZoneOf(orgs).Zone);
        var (first, last, end) = (Text(today.AddDays(1 - DaysShown)), Text(today), Text(today.AddDays(1)));
        return new(
            await CostEndpoints.ReportAsync(orgs, org: null, ledger, time, cancellationToken, asset),
            await SpendEndpoints.ReportAsync(SpendRequest.Of("day", first, end, orgs), org: null, asset, orgs, viewer, ledger.Read, cancellationToken),
            await SpendEndpoints.ReportAsync(SpendRequest.Of("org", last, end, orgs), org: null, asset, orgs, viewer, ledger.Read, cancellationToken),
            first, last, end);
    }

    private string Href(string by, string from, string to) => $"/spend?asset={Uri.EscapeDataString(Today.Asset)}&by={by}&from={from}&to={to}";

    private static string Text(DateOnly day) => day.ToString(DayForm, CultureInfo.InvariantCulture);
}
