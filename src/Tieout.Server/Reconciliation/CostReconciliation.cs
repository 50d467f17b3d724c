using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Reconciliation.SelfCheck;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Reconciliation;

/// <summary>The total of each org in a range, computed anew from every place that could say it.</summary>
/// <param name="Differing">Places that do not say what the postings say. For Tieout's own state anything but 0 is a defect.</param>
public sealed record CostReconciliationBody(IReadOnlyList<OrgCostsBody> Orgs, int Differing, long AsOf);

/// <param name="From">The beginning of the range; by default of the org's day in its own zone.</param>
/// <param name="To">Not included.</param>
public sealed record OrgCostsBody(string Org, string Asset, string TimeZone, string From, string To, IReadOnlyList<CostSurfaceBody> Surfaces);

/// <param name="Surface">postings, counter, usage, cells or invoice_lines.</param>
/// <param name="Total">Null: this place cannot say it, as hourly cells cannot where the range does not begin and end with an hour of UTC, and the counter
/// cannot of any other range than the org's current day.</param>
/// <param name="Difference">Postings − this; 0: they tie.</param>
public sealed record CostSurfaceBody(string Surface, Amount? Total, Amount Difference);

/// <summary><c>costs reconcile</c>: nothing that is shown is believed.</summary>
internal static class CostReconciliation
{
    private const int DaysMax = 366;

    public static void MapCostReconciliation(this IEndpointRouteBuilder api)
    {
        api.MapGet("/costs/reconciliation", (HttpContext context, ILedger ledger, TimeProvider time) =>
            AnswerAsync(ledger.Read.Orgs.OrderBy(org => org.Org.Id, StringComparer.Ordinal), context, ledger, time)).Allow(Access.EveryRole);
        api.MapGet("/orgs/{org}/costs/reconciliation", (string org, HttpContext context, ILedger ledger, TimeProvider time) =>
            AnswerAsync([Inputs.Org(ledger, org)], context, ledger, time)).Allow(Access.EveryRole);
    }

    private static async Task<IResult> AnswerAsync(IEnumerable<OrgState> orgs, HttpContext context, ILedger ledger, TimeProvider time)
    {
        Inputs.OnlyQuery(context, "from", "to");
        var (asOf, now) = (ledger.Read.AsOf, Instant.From(time.GetUtcNow()));
        List<OrgCostsBody> bodies = [];
        foreach (var (org, range) in orgs.Select(org => (org, RangeOf(org, now, context))).ToList())
        {
            bodies.Add(await OrgAsync(org, range, now, ledger.Read, context.RequestAborted));
        }

        return Answer.Ok(
            new CostReconciliationBody(bodies, bodies.Sum(body => body.Surfaces.Count(surface => surface.Difference != Amount.Zero)), asOf),
            ReconciliationJson.Default.CostReconciliationBody);
    }

    /// <summary>Without <c>?from=</c> and <c>?to=</c>, the org's day in its own zone.</summary>
    /// <exception cref="ApiRefusedException">A time is invalid, or the range is empty or too long.</exception>
    private static Window RangeOf(OrgState org, Instant now, HttpContext context)
    {
        var today = Window.Of(WindowUnit.Day, now, org.Zone);
        var from = Inputs.Query(context, "from") is { } first ? Inputs.Time(first, org.Zone) : today.Start;
        var to = Inputs.Query(context, "to") is { } end ? Inputs.Time(end, org.Zone) : today.End;
        if (from >= to)
        {
            throw new ApiRefusedException(ApiError.ParameterInvalid, $"The range from {from} to {to} is empty: 'to' must be later than 'from'.");
        }

        if ((to - from).TotalDays > DaysMax)
        {
            throw new ApiRefusedException(ApiError.ParameterInvalid, $"A recount has at most {DaysMax} days, since it reads every row. Narrow the range.");
        }

        return new(from, to);
    }

    private static async Task<OrgCostsBody> OrgAsync(OrgState org, Window range, Instant now, ILedgerReader read, CancellationToken cancellationToken)
    {
        var isToday = range == Window.Of(WindowUnit.Day, now, org.Zone);
        var surfaces = await AgreeingRead.UntilAsync(
            () => SurfacesAsync(org.Org.Id, range, isToday ? now : null, read, cancellationToken),
            found => found.TrueForAll(surface => surface.Difference == Amount.Zero), cancellationToken);
        return new(org.Org.Id, org.Org.Asset, org.Org.TimeZone, range.Start.ToString(), range.End.ToString(), surfaces);
    }

    /// <param name="now">Null: the range is not the current day, of which alone there is a counter.</param>
    private static async Task<List<CostSurfaceBody>> SurfacesAsync(
        string org, Window range, Instant? now, ILedgerReader read, CancellationToken cancellationToken)
    {
        // From the first to the last reading the figure can only have moved on; what lies between the two is no difference.
        var before = await read.TotalsAsync(org, range.Start, range.End, cancellationToken);
        var counter = now is { } at ? read.SpentToday(org, at) : null as Amount?;
        var aligned = range.Start.UnixMicros % Instant.MicrosPerHour == 0 && range.End.UnixMicros % Instant.MicrosPerHour == 0;
        var cells = aligned ? (await read.CellsAsync(org, range.Start, range.End, cancellationToken)).Sum(cell => cell.Sums.Charge) : null as Amount?;
        var lines = (await read.ChargesAsync(org, range.Start, range.End, cancellationToken)).Sum(line => line.Charge);
        var after = await read.TotalsAsync(org, range.Start, range.End, cancellationToken);

        CostSurfaceBody Compared(string name, Amount? total, Amount from, Amount to)
        {
            var (low, high) = (Amount.Min(from, to), Amount.Largest(from, to));
            return new(name, total, total is not { } value || (value >= low && value <= high) ? Amount.Zero : (value < low ? low : high) - value);
        }

        return
        [
            new("postings", after.Postings, Amount.Zero),
            Compared("counter", counter, before.Postings, after.Postings),
            Compared("usage", after.Usage, after.Postings, after.Postings),
            Compared("cells", cells, before.Postings, after.Postings),
            Compared("invoice_lines", lines, before.Postings, after.Postings),
        ];
    }
}
