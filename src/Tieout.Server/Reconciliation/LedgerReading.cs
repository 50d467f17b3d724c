using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation;
using Tieout.Storage;

namespace Tieout.Server.Reconciliation;

/// <summary>The left side of a comparison: summed in the store, never row by row.</summary>
internal static class LedgerReading
{
    /// <param name="zone">In which days are cut.</param>
    /// <param name="decimals">How finely the other book is written.</param>
    public static async Task<LedgerSide> ReadAsync(
        OrgState org, TieRequest request, TimeZoneInfo zone, int decimals, IPostingsReader read, CancellationToken cancellationToken)
    {
        var (from, to) = (request.From, request.To);
        var cut = request.Spec.Has(TieField.Day) ? DayCut.Of(from, to, zone) : null;
        var step = 1L;
        for (var i = decimals; i < 9; i++) step *= 10;
        var query = new TallyQuery(
            org.Org.Id, from, to, cut?.SlotMicros ?? Math.Max(1, to.UnixMicros - from.UnixMicros), TallyFigure.Charge, request.WrittenAt, step);
        return LedgerSide.Of(request.Spec, await read.TalliesAsync(query, cancellationToken), cut);
    }
}
