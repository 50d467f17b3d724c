using System.Globalization;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Reconciliation;
using Tieout.Core.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Reconciliation;

/// <summary>The left side of a comparison: totals from the follower's lines, and the parts of what differs from rows.</summary>
internal static class LedgerReading
{
    /// <summary>Charges by the fields of the comparison.</summary>
    /// <param name="zone">In which days are cut: the org's, or UTC.</param>
    public static async Task<LedgerSide> TotalsAsync(
        OrgState org, TieRequest request, TimeZoneInfo zone, IRecountReader read, CancellationToken cancellationToken)
    {
        var slot = !request.Spec.Has(TieField.Day) ? RecountSlot.Range : zone.Equals(org.Zone) ? RecountSlot.Day : RecountSlot.Hour;
        return LedgerSide.OfLines(request.Spec, await read.SumsAsync(new(org, request.From, request.To, slot), cancellationToken), zone);
    }

    /// <summary>The parts of the charges under some keys, summed in the store from the rows of the days from the first to the last of the keys.</summary>
    /// <param name="keys">Charges under other keys may be read, too, and may be incomplete.</param>
    /// <param name="decimals">How finely the other book is written.</param>
    public static async Task<LedgerSide> PartsAsync(
        OrgState org, TieRequest request, IEnumerable<TieKey> keys, int decimals, IPostingsReader read, CancellationToken cancellationToken)
    {
        if (Range(org, request, [.. keys]) is not { } range) return new();
        var cut = request.Spec.Has(TieField.Day) ? DayCut.Of(range.Start, range.End, org.Zone) : null;
        var step = 1L;
        for (var i = decimals; i < 9; i++) step *= 10;
        var query = new TallyQuery(
            org.Org.Id, range.Start, range.End, cut?.SlotMicros ?? Math.Max(1, range.End.UnixMicros - range.Start.UnixMicros), TallyFigure.Charge,
            request.WrittenAt, step);
        return LedgerSide.Of(request.Spec, await read.TalliesAsync(query, cancellationToken), cut);
    }

    /// <summary>Null: there is no key.</summary>
    private static Window? Range(OrgState org, TieRequest request, IReadOnlyList<TieKey> keys)
    {
        if (keys.Count == 0) return null;
        if (request.Spec.IndexOf(TieField.Day) is var at && at < 0) return new(request.From, request.To);
        var days = keys.Select(key => DateOnly.ParseExact(key.Values[at]!, "yyyy-MM-dd", CultureInfo.InvariantCulture)).ToList();
        var (start, end) = (LocalTime.StartOf(days.Min(), org.Zone), LocalTime.StartOf(days.Max().AddDays(1), org.Zone));
        return new(start < request.From ? request.From : start, request.To < end ? request.To : end);
    }
}
