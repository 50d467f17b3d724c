using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Reconciliation;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Storage;

namespace Tieout.Server.Reconciliation.Bills;

/// <param name="Bill">The right side.</param>
/// <param name="From">The range that was compared: as asked for, or the days that the bill has.</param>
internal sealed record ComparedBill(Tie Tie, TieSpec Spec, BillRows Bill, Instant From, Instant To);

/// <summary>What our price list says a provider takes, against what it bills. Days are cut in UTC, as providers do.</summary>
internal sealed class BillComparison(BillFormat format, TieRequest request, IReadOnlyList<OrgState> orgs, ILedgerReader read, PriceVersions prices)
{
    private readonly TieSpec _spec = Spec(format, request);

    public async Task<ComparedBill> CompareAsync(Stream file, CancellationToken cancellationToken)
    {
        var bill = new BillRows(_spec, format, Day(request.FromGiven), Day(request.ToGiven));
        try
        {
            await format.Read(file, request.Amount, bill.Add, cancellationToken);
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair: JSON by its grammar, and no text.
            throw FileRefused.Whole("It has text that is no Unicode.");
        }

        bill.Complete();
        var (from, to) = Range(bill);

        // A bill whose figures happen to be whole dollars is not rounded to them, and counts are not rounded at all.
        var decimals = format.IsCounts ? 9 : Math.Clamp(bill.Side.Decimals, 2, 9);
        var causes = new BillCauses(_spec, decimals, format.IsCounts ? _ => [] : prices.Others);
        var left = await LeftAsync(new(from, to), bill.Side, cancellationToken);
        return new(Tie.Of(causes.Rows(left, bill.Side), request.IsStale), _spec, bill, from, to);
    }

    /// <summary>Totals from lines; of the rows that differ, from usage records, which alone say why.</summary>
    private async Task<LedgerSide> LeftAsync(Window range, OutsideSide bill, CancellationToken cancellationToken)
    {
        var reading = new LedgerReading(request.Spec, range, TimeZoneInfo.Utc, TallyFigure.ProviderCost, IsBilled);
        var totals = new List<(OrgState Org, IReadOnlyList<DayTally> Sums)>();
        foreach (var org in orgs) totals.Add((org, await reading.TotalsAsync(org, read, cancellationToken)));
        var side = Left(totals.SelectMany(org => org.Sums));

        var differing = side.Cells.Where(cell => cell.Value.All.Total != (bill.Find(cell.Key)?.Amount ?? Amount.Zero)).Select(cell => cell.Key).ToHashSet();
        var asked = differing.Select(WithoutMeasure).ToHashSet();
        var terms = new TallyTerms(TallyFigure.ProviderCost, request.WrittenAt);
        var parts = new List<DayTally>();
        foreach (var (org, sums) in totals) parts.AddRange(await reading.PartsAsync(org, sums, asked, terms, read, cancellationToken));
        side.Replace(differing, Left(parts));
        return side;
    }

    /// <summary>Measures of one bucket are counted from the same usage.</summary>
    private TieKey WithoutMeasure(TieKey key) => format.IsCounts ? new(key.Values.RemoveAt(_spec.IndexOf(TieField.Measure))) : key;

    private LedgerSide Left(IEnumerable<DayTally> sums)
    {
        if (!format.IsCounts) return LedgerSide.Of(_spec, sums);
        var (side, all) = (new LedgerSide(), sums.ToList());
        foreach (var (measure, count) in format.Counts) side.AddCounts(_spec, all, measure, count);
        return side;
    }

    private bool IsBilled(UsageLabels labels)
    {
        if (request.Provider is { } wanted || (wanted = format.Provider) is not null)
        {
            return string.Equals(labels.Provider, wanted, StringComparison.OrdinalIgnoreCase);
        }

        // A part of a shared cost is charged by a method of ours: no bill has it.
        if (labels.Source == UsageSource.SharedCost) return false;
        return format.Name != "opencost" || labels.Source is UsageSource.Allocation or UsageSource.AppRuntime;
    }

    /// <summary>As asked for; else the days that the bill has.</summary>
    private (Instant From, Instant To) Range(BillRows bill)
    {
        if (request.FromGiven is { } from && request.ToGiven is { } to) return (from, to);
        if (bill.Days is not { } days)
        {
            if (bill.Rows == 0) return (request.From, request.To);
            throw new ApiRefusedException(ApiError.ParameterInvalid, "A line of the bill covers more than one day. Send from and to.");
        }

        return (request.FromGiven ?? LocalTime.StartOf(days.First, TimeZoneInfo.Utc),
            request.ToGiven ?? LocalTime.StartOf(days.Last.AddDays(1), TimeZoneInfo.Utc));
    }

    private static TieSpec Spec(BillFormat format, TieRequest request)
    {
        foreach (var column in request.Spec.Columns)
        {
            if (!format.Fields.Contains(column.Field))
            {
                throw new ApiRefusedException(ApiError.ParameterInvalid,
                    $"{format.Name} cannot be compared by {TieSpec.Name(column.Field)}; it has {string.Join(", ", format.Fields.Select(TieSpec.Name))}.");
            }
        }

        return format.IsCounts ? new([.. request.Spec.Columns, new(TieField.Measure, "measure")]) : request.Spec;
    }

    private static DateOnly? Day(Instant? at) => at is { } instant ? DateOnly.FromDateTime(instant.ToDateTimeOffset().UtcDateTime) : null;
}
