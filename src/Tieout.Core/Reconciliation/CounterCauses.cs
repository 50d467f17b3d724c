using System.Collections.Immutable;
using System.Globalization;
using Tieout.Core.Invoicing;
using Tieout.Core.Money;

namespace Tieout.Core.Reconciliation;

/// <summary>Why an external counter says something else than our postings, told from what the ledger knows of the same charges.</summary>
/// <param name="spec">What the books are compared by.</param>
/// <param name="decimals">How finely the counter is written, in decimals of a major unit.</param>
public sealed class CounterCauses(TieSpec spec, int decimals)
{
    /// <summary>A unit mistaken for another: cents for dollars, or thousandths.</summary>
    private static readonly int[] Factors = [100, 1_000];

    /// <summary>Labels by which charges may have been left out, or counted one each.</summary>
    private static readonly TieField[] Grouped = [TieField.Feature, TieField.Model, TieField.Project, TieField.Team, TieField.Provider];

    /// <summary>Labels beyond this many of one kind are not tried.</summary>
    private const int GroupsMax = 8;

    /// <param name="inUtc">What ours would be if days were cut in UTC; null: it is not compared by day.</param>
    public TieRow Row(TieKey key, LedgerCell? ours, OutsideCell? theirs, Amount? inUtc)
    {
        var (left, right) = (ours?.All.Total, theirs?.Amount);
        var difference = (left ?? Amount.Zero) - (right ?? Amount.Zero);
        return TieRow.Of(key, left, right, difference == Amount.Zero ? [] : Parts(key, ours, theirs, difference, inUtc));
    }

    private ImmutableArray<CausePart> Parts(TieKey key, LedgerCell? ours, OutsideCell? theirs, Amount difference, Amount? inUtc)
    {
        if (theirs is null) return [MissingRight(key, ours!, difference)];
        if (ours is null) return [new("missing_left", difference, "The ledger has no charge under this key.")];
        if (Shape(ours, theirs, difference, inUtc) is { } whole) return [whole];
        return Split.Of(difference, Candidates(ours, theirs, inUtc), Step * theirs.Rows);
    }

    private CausePart MissingRight(TieKey key, LedgerCell ours, Amount difference)
    {
        var keyAt = spec.IndexOf(TieField.Key);
        return keyAt >= 0 && key.Values[keyAt] is null
            ? new("spend_without_key", difference, $"{ours.All.Attempts} charges have no key. They are charged too; a counter by key does not contain them.")
            : new("missing_right", difference, $"{ours.All.Attempts} charges, and no row on the right.");
    }

    /// <summary>What explains the whole figure at once.</summary>
    private CausePart? Shape(LedgerCell ours, OutsideCell theirs, Amount difference, Amount? inUtc)
    {
        var (left, right) = (ours.All.Total.ToDecimal(), theirs.Amount.ToDecimal());
        foreach (var factor in Factors)
        {
            if (left != 0 && right == left * factor)
            {
                return new("unit", difference, $"The right side is {factor} times the left: its figures are in another unit than was said.");
            }

            if (right != 0 && left == right * factor)
            {
                return new("unit", difference, $"The left side is {factor} times the right: its figures are in another unit than was said.");
            }
        }

        var keyed = ours.All.Attempts - ours.Keyless.Attempts;
        if (Counted(ours.All.Attempts)) return Call("the number of charges");
        if (Counted(keyed)) return Call("the number of charges with a key");
        if (Counted(ours.All.FirstAttempts)) return Call("the number of operations, retries left out");
        if (Counted(ours.All.Attempts - ours.All.Failures)) return Call("the number of attempts that did not fail");
        if (inUtc == theirs.Amount)
        {
            return new("timezone", difference, "They agree when days are cut in UTC: the right side cuts them by another clock than the org.");
        }

        if (decimals < 9 && Amount.Abs(difference) < Step)
        {
            return new("rounded", difference, $"The right side has {decimals} decimals; the rest was rounded away.");
        }

        return null;

        bool Counted(long count) => count > 0 && theirs.Raw == count;

        CausePart Call(string what) => new(
            "call_count", difference,
            string.Create(CultureInfo.InvariantCulture,
                $"The right side is {what} ({theirs.Raw:0}), not what they cost; the ledger has {ours.All.Attempts} charges here, {keyed} of them with a key."));
    }

    private IEnumerable<Candidate> Candidates(LedgerCell ours, OutsideCell theirs, Amount? inUtc)
    {
        var all = ours.All;
        if (!spec.Has(TieField.Key))
        {
            yield return new("spend_without_key", ours.Keyless.Total, $"{ours.Keyless.Attempts} charges bear no key and never reached the counter.");
        }

        yield return new("after_last_write", all.After, "Charged after the right side was last written.");
        yield return new("late", all.Late, "Usage that came late: after its hold had ended, or after its period was closed.");
        yield return new("retry", all.Retried, $"{all.Attempts - all.FirstAttempts} retries and fallbacks that the right side does not count.");
        yield return new("correction", all.Corrections, "Reversals and re-entries that the right side never saw.");
        yield return new("estimated", all.Estimated, "Attempts that ended without a usage block and were estimated.");
        if (inUtc is { } utc) yield return new("timezone", all.Total - utc, "Charges near midnight that the right side puts into another day.");
        if (decimals < 9)
        {
            yield return new("rounded_each", all.Total - all.RoundedEach, $"Every charge was rounded to {decimals} decimals before it was counted.");
            yield return new("rounded_each", all.Total - all.CutEach, $"Every charge was cut to {decimals} decimals before it was counted.");
        }

        foreach (var candidate in Groups(ours, theirs.One)) yield return candidate;
    }

    /// <summary>Some code path may add one a call instead of its cost, or nothing: a label shows which.</summary>
    private IEnumerable<Candidate> Groups(LedgerCell ours, Amount one)
    {
        var parts = spec.Has(TieField.Key) || ours.Keyless.Attempts == ours.All.Attempts
            ? ours.Parts : [.. ours.Parts.Where(part => part.Labels.Key is not null)];
        foreach (var field in Grouped.Where(field => !spec.Has(field)))
        {
            var groups = parts.GroupBy(part => TieKey.Label(part.Labels, field), StringComparer.Ordinal).Take(GroupsMax + 1).ToList();
            if (groups.Count > GroupsMax) continue;
            foreach (var group in groups)
            {
                var tally = group.Aggregate(default(Tally), (sum, part) => sum + part.Tally);
                var name = group.Key is null ? $"no {TieSpec.Name(field)}" : $"{TieSpec.Name(field)} {group.Key}";
                yield return new("counted_as_one", tally.Total - one * tally.Attempts,
                    $"The {tally.Attempts} charges of {name} were counted as one each instead of what they cost.", Guessed: true);
                yield return new("not_counted", tally.Total, $"The {tally.Attempts} charges of {name} are not in the right side.", Guessed: true);
            }
        }
    }

    /// <summary>One in the last decimal that the counter shows.</summary>
    private Amount Step => new(MinorUnit.Nanos(Math.Min(decimals, 9)));
}
