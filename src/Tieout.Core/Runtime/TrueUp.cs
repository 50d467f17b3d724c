using System.Collections.Immutable;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Runtime;

/// <summary>A usage record of an instance, read back from the ledger.</summary>
/// <param name="Revision">From 1: how often its interval was recorded anew.</param>
/// <param name="Charge">What it was charged.</param>
/// <param name="IsTakenBack">Whether its charge was reversed for a newer revision. What a person took back still counts as recorded.</param>
public readonly record struct Billed(AttemptId Usage, Stretch Stretch, int Revision, Amount Charge = default, bool IsTakenBack = false)
{
    /// <summary>It says that nothing was used after all.</summary>
    public bool IsNothing => Stretch.Seconds == 0;
}

/// <summary>A usage record to be made.</summary>
public readonly record struct Due(Stretch Stretch, int Revision);

/// <summary>What makes the ledger say what was really used. Pure.</summary>
/// <remarks>
/// Records are never edited, so an interval whose truth changed is recorded anew as a whole, under the next revision, and the charges of the one before
/// are reversed (L7), in one command: no moment has both or neither. Where it turns out to be nothing, a record of zero seconds says so. Each step
/// counts once, however often it is done. Records of another grid fit in too: all grids divide the hour.
/// </remarks>
/// <param name="Charges">Records that are missing.</param>
/// <param name="Reversals">Records that shall not stand any more.</param>
public sealed record TrueUp(ImmutableArray<Due> Charges, ImmutableArray<Billed> Reversals)
{
    /// <param name="recorded">All records of the intervals of <paramref name="from"/> to <paramref name="to"/>, or a part of them that is missing nothing but
    /// the newest.</param>
    /// <param name="active">When components were active in that range.</param>
    /// <param name="from">Where an interval begins.</param>
    /// <param name="to">Where an interval ends.</param>
    public static TrueUp Of(IEnumerable<Billed> recorded, IEnumerable<Stretch> active, long from, long to, Grid grid)
    {
        if (grid.Start(from) != from || grid.Start(to) != to) throw new ArgumentException("The range does not begin and end with an interval.", nameof(from));
        var rows = recorded.ToLookup(row => grid.Start(row.Stretch.From));
        var truth = grid.Cut(active).ToLookup(stretch => grid.Start(stretch.From));
        var charges = ImmutableArray.CreateBuilder<Due>();
        var reversals = ImmutableArray.CreateBuilder<Billed>();
        foreach (var interval in rows.Select(group => group.Key).Union(truth.Select(group => group.Key)).Where(start => start >= from && start < to).Order())
        {
            Of([.. rows[interval]], [.. truth[interval]], interval, charges, reversals);
        }

        return new(charges.ToImmutable(), reversals.ToImmutable());
    }

    private static void Of(Billed[] rows, Stretch[] truth, long interval, ImmutableArray<Due>.Builder charges, ImmutableArray<Billed>.Builder reversals)
    {
        var revision = rows.Length == 0 ? 1 : rows.Max(row => row.Revision);
        var stands = rows.Where(row => !row.IsTakenBack && !row.IsNothing).ToArray();
        if (stands.All(row => truth.Contains(row.Stretch)))
        {
            // What was taken back, or said to be nothing, and is true again after all, is another record.
            var next = stands.Length < rows.Length ? revision + 1 : revision;
            charges.AddRange(truth.Where(stretch => !stands.Any(row => row.Stretch == stretch)).Select(stretch => new Due(stretch, next)));
            return;
        }

        charges.AddRange(truth.Select(stretch => new Due(stretch, revision + 1)));
        if (truth.Length == 0) charges.Add(new(new(0, interval, interval, 0, null), revision + 1));
        reversals.AddRange(stands);
    }
}
