using System.Collections.Immutable;
using Tieout.Core.Money;

namespace Tieout.Core.Reconciliation;

/// <summary>A part that a difference may have, with an amount that our own book knows.</summary>
/// <param name="Guessed">One of many that are alike (a label's sum): at most one of those explains a difference, since some sum of many always fits.</param>
public sealed record Candidate(string Cause, Amount Amount, string Detail, bool Guessed = false);

/// <summary>Splits a difference into causes that sum to it, exactly.</summary>
/// <remarks>
/// Only known amounts are claimed, and only together: the fewest candidates whose sum is the difference, the earlier ones first. If none
/// do but come as near as rounding explains, the rest is rounding. Else the whole difference is unexplained: no part of it is claimed on suspicion.
/// </remarks>
public static class Split
{
    public const string Rounding = "rounding";
    public const string Unexplained = "unexplained";

    private const int PartsMax = 3;

    /// <summary>Bounds the work of a row: 40 give some 10,000 triples.</summary>
    private const int CandidatesMax = 40;

    /// <param name="slack">The largest rest that is rounding.</param>
    public static ImmutableArray<CausePart> Of(Amount difference, IEnumerable<Candidate> candidates, Amount slack)
    {
        if (difference == Amount.Zero) return [];
        var known = candidates.Where(candidate => candidate.Amount != Amount.Zero).Take(CandidatesMax).ToArray();
        if (Search(known, difference, Amount.Zero) is { } exact) return Parts(exact, difference);
        if (slack > Amount.Zero && Amount.Abs(difference) <= slack) return Parts([], difference);
        if (slack > Amount.Zero && Search(known, difference, slack) is { } near) return Parts(near, difference);
        return [new(Unexplained, difference, "No cause in the ledger explains this amount.")];
    }

    private static ImmutableArray<CausePart> Parts(Candidate[] chosen, Amount difference)
    {
        var parts = chosen.Select(part => new CausePart(part.Cause, part.Amount, part.Detail)).ToList();
        var rest = chosen.Aggregate(difference, (left, part) => left - part.Amount);
        if (rest != Amount.Zero) parts.Add(new(Rounding, rest, "No more than rounding the figures explains."));
        return [.. parts];
    }

    private static Candidate[]? Search(Candidate[] known, Amount difference, Amount slack)
    {
        for (var parts = 1; parts <= PartsMax; parts++)
        {
            if (Search(known, 0, parts, difference, slack, guesses: 1) is { } found) return [.. found];
        }

        return null;
    }

    private static ImmutableStack<Candidate>? Search(Candidate[] known, int from, int parts, Amount left, Amount slack, int guesses)
    {
        if (parts == 0) return Amount.Abs(left) <= slack ? [] : null;
        for (var i = from; i <= known.Length - parts; i++)
        {
            var candidate = known[i];
            if (candidate.Guessed && guesses == 0) continue;
            var rest = Search(known, i + 1, parts - 1, left - candidate.Amount, slack, candidate.Guessed ? guesses - 1 : guesses);
            if (rest is not null) return rest.Push(candidate);
        }

        return null;
    }
}
