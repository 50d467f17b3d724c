using Tieout.Analysis.Change;

namespace Tieout.Analysis.Why;

/// <summary>Why figures changed although use did not.</summary>
public enum MeteringCause
{
    /// <summary>The same calls arrived twice.</summary>
    Duplicates,

    /// <summary>Usage of earlier hours arrived in these.</summary>
    Backfill,

    /// <summary>A sort of tokens had no price, or a wrong one, and has one now.</summary>
    PriceBook,

    /// <summary>Cached tokens are counted among the others, too.</summary>
    UsageShape,
}

/// <summary>What the server saw of how usage arrived.</summary>
/// <param name="Duplicates">Cost of attempts that look like another one, in nano-units.</param>
/// <param name="Backfill">Cost of attempts that arrived much later than they were made, in nano-units.</param>
public readonly record struct ArrivalSigns(Int128 Duplicates, Int128 Backfill);

/// <summary>Is it real? A rise that the meter made is no spike.</summary>
public static class MeteringRules
{
    /// <summary>The meter is the cause where it explains this part of the rise, most of which may be noise.</summary>
    private const double ExplainedMin = 0.4;

    /// <summary>A price of one sort of tokens that changed by this factor while those of the others did not is a correction of the list.</summary>
    private const double PriceFactorMin = 1.8;

    private const double SamePrice = 0.02;

    /// <summary>Of what was read from the cache before, so much is still: a cache that is missed is no double count.</summary>
    private const double ReadPartMin = 0.75;

    /// <summary>Fresh tokens that came on top, for each cached one; fewer than one where the count began within the compared hours.</summary>
    private const double TwiceMin = 0.7, TwiceMax = 1.15;

    /// <returns>Null: the rise is real.</returns>
    public static MeteringCause? Of(CostChange change, ArrivalSigns signs)
    {
        var rise = (double)(change.Actual - change.Expected);
        if (rise <= 0) return null;
        if ((double)signs.Duplicates >= ExplainedMin * rise) return MeteringCause.Duplicates;
        if ((double)signs.Backfill >= ExplainedMin * rise) return MeteringCause.Backfill;
        if (Sum(change, HasPriceFix, parts => parts[CostDriver.Price]) >= ExplainedMin * rise) return MeteringCause.PriceBook;
        var twice = Sum(change, CountsCacheTwice, parts => parts[CostDriver.InputTokens] + parts[CostDriver.Cache]);
        return twice >= ExplainedMin * rise ? MeteringCause.UsageShape : null;
    }

    private static double Sum(CostChange change, Func<CostLeaf, bool> isOf, Func<CostParts, Int128> part) =>
        change.Leaves.Where(leaf => isOf(leaf.Leaf)).Sum(leaf => (double)part(leaf.Parts));

    /// <summary>Whether the price of cached tokens alone changed, by a lot or from nothing.</summary>
    private static bool HasPriceFix(CostLeaf leaf)
    {
        var (changed, same) = (false, true);
        for (var sort = 0; sort < LeafFigures.Sorts; sort++)
        {
            if (leaf.Expected.Tokens[sort] == 0 || leaf.Actual.Tokens[sort] == 0) continue;
            var before = (double)leaf.Expected.Costs[sort] / leaf.Expected.Tokens[sort];
            var after = (double)leaf.Actual.Costs[sort] / leaf.Actual.Tokens[sort];
            if (before == after) continue;
            var isLarge = before == 0 || Math.Abs(Math.Log(after / before)) > Math.Log(PriceFactorMin);
            if (isLarge && sort is (int)TokenSort.CacheRead or (int)TokenSort.CacheWrite) changed |= isLarge;
            else same &= before > 0 && Math.Abs(after / before - 1) < SamePrice;
        }

        return changed && same;
    }

    /// <summary>Whether fresh input grew by as many tokens as the cache is read, which did not change.</summary>
    private static bool CountsCacheTwice(CostLeaf leaf)
    {
        var (before, after) = (leaf.Expected, leaf.Actual);
        if (before.Attempts == 0 || after.Attempts == 0) return false;
        var (read0, read1) = (before.Tokens[(int)TokenSort.CacheRead] / before.Attempts, after.Tokens[(int)TokenSort.CacheRead] / after.Attempts);
        if (read0 <= 0 || read1 < ReadPartMin * read0) return false;

        // For each cached token there is one more fresh one than before, whatever the size of the requests.
        var more = after.Tokens[(int)TokenSort.Fresh] / after.Attempts / read1 - before.Tokens[(int)TokenSort.Fresh] / before.Attempts / read0;
        return more is > TwiceMin and < TwiceMax;
    }
}
