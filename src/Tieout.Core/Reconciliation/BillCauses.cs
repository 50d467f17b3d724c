using System.Collections.Immutable;
using System.Globalization;
using Tieout.Core.Invoicing;
using Tieout.Core.Money;

namespace Tieout.Core.Reconciliation;

/// <summary>Why a provider's bill says something else than what our price list says the provider takes.</summary>
/// <remarks>Bills name no requests, so causes are told from sums by bucket: day, key or project, model.</remarks>
/// <param name="spec">What the books are compared by.</param>
/// <param name="decimals">How finely the bill is written, in decimals of a major unit.</param>
/// <param name="otherPrices">What a bucket would cost at other versions of the price of one of its models: the version and the whole bucket's cost.</param>
public sealed class BillCauses(TieSpec spec, int decimals, Func<LedgerCell, IEnumerable<(string Version, Amount Cost)>> otherPrices)
{
    private static readonly int[] Factors = [100, 1_000];

    /// <summary>Compares two sides of which days are cut in UTC.</summary>
    public ImmutableArray<TieRow> Rows(LedgerSide ours, OutsideSide theirs)
    {
        var known = Known(ours);
        var rows = ours.Cells.Keys.Union(theirs.Cells.Keys).Select(key => Row(key, ours.Find(key), theirs.Find(key), known)).ToArray();
        return Neighbours(rows);
    }

    private TieRow Row(TieKey key, LedgerCell? ours, OutsideCell? theirs, HashSet<(TieField, string)> known)
    {
        var (left, right) = (ours?.All.Total, theirs?.Amount);
        var difference = (left ?? Amount.Zero) - (right ?? Amount.Zero);
        return TieRow.Of(key, left, right, difference == Amount.Zero ? [] : Parts(key, ours, theirs, difference, known));
    }

    private ImmutableArray<CausePart> Parts(TieKey key, LedgerCell? ours, OutsideCell? theirs, Amount difference, HashSet<(TieField, string)> known)
    {
        if (theirs is null) return [new("missing_right", difference, $"{ours!.All.Attempts} attempts that the bill does not have.")];
        if (ours is null && Amount.Sum(theirs.Asides.Select(aside => aside.Amount)) != theirs.Amount) return [Unknown(key, difference, known)];
        var (left, right) = (ours?.All.Total.ToDecimal() ?? 0, theirs.Amount.ToDecimal());
        foreach (var factor in Factors)
        {
            if (left != 0 && (right == left * factor || left == right * factor))
            {
                return [new("unit", difference, $"Off by {factor}, exactly: the bill is in another unit than its format says.")];
            }
        }

        var parts = Split.Of(difference, Candidates(ours ?? new(), theirs), Slack(ours, theirs));
        return parts is [{ Cause: Split.Unexplained }] && difference < Amount.Zero && ours!.All.Hidden > 0
            ? [new("hidden_usage", difference,
                $"{ours.All.Hidden} attempts say that they have sub-calls or tokens which their counts leave out; the bill has more by this.")]
            : parts;
    }

    private static HashSet<(TieField, string)> Known(LedgerSide ours)
    {
        TieField[] named = [TieField.Key, TieField.Project, TieField.Model];
        return [.. from cell in ours.Cells.Values from part in cell.Parts from field in named let label = TieKey.Label(
            part.Labels, field) where label is not null select (field, label)];
    }

    private CausePart Unknown(TieKey key, Amount difference, HashSet<(TieField, string)> known)
    {
        foreach (var (field, cause) in (ReadOnlySpan<(TieField, string)>)[(TieField.Key, "unknown_key"), (TieField.Project, "unknown_project"),
            (TieField.Model, "unknown_model")])
        {
            var at = spec.IndexOf(field);
            if (at >= 0 && key.Values[at] is { } name && !known.Contains((field, name)))
            {
                return new(cause, difference,
                    $"No usage in the ledger has {TieSpec.Name(field)} {name}: it was spent outside the gateway, or under another name.");
            }
        }

        return new("missing_left", difference, "The bill has usage here and the ledger has none.");
    }

    private IEnumerable<Candidate> Candidates(LedgerCell ours, OutsideCell theirs)
    {
        var all = ours.All;
        foreach (var (cause, amount) in theirs.Asides) yield return new(cause, -amount, "A part of the bill that is no usage.");
        yield return new("late", all.Late, "Usage that came late: the bill has it elsewhere.");
        yield return new("after_last_write", all.After, "Recorded after the bill was written.");
        yield return new("retry", all.Retried, $"{all.Attempts - all.FirstAttempts} retries and fallbacks that the provider did not bill.");
        yield return new("estimated", all.Estimated, "Attempts without a usage block, estimated by us and not billed.");
        yield return new("hidden_usage", -all.Unreported, "Sub-calls and hidden tokens: what the provider said these attempts cost, beyond their counts.");
        foreach (var (version, cost) in otherPrices(ours))
        {
            yield return new("price_version", all.Total - cost,
                string.Create(CultureInfo.InvariantCulture, $"The provider billed at {version}, which is not what we priced at."), Guessed: true);
        }
    }

    /// <summary>Each line of the bill is rounded once, and so is each of our charges where they are priced anew as a sum.</summary>
    private Amount Slack(LedgerCell? ours, OutsideCell theirs)
    {
        var half = new Amount((MinorUnit.Nanos(decimals) + 1) / 2);
        return half * theirs.Rows + new Amount(ours?.All.Attempts ?? 0);
    }

    /// <summary>What is missing on one day and there on the next is usage near midnight, which the provider counts by its own clock.</summary>
    private ImmutableArray<TieRow> Neighbours(TieRow[] rows)
    {
        var day = spec.IndexOf(TieField.Day);
        if (day < 0) return [.. rows];
        var byKey = rows.Index().ToDictionary(row => row.Item.Key, row => row.Index);
        for (var i = 0; i < rows.Length; i++)
        {
            var row = rows[i];
            if (row.Cause is not (Split.Unexplained or "missing_right" or "missing_left")) continue;
            var next = row.Key.Values[day] is { } text
                ? DateOnly.ParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture).AddDays(1).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) : null;
            if (!byKey.TryGetValue(new(row.Key.Values.SetItem(day, next)), out var other) || rows[other].Difference != -row.Difference) continue;
            if (rows[other].Cause is not (Split.Unexplained or "missing_right" or "missing_left")) continue;
            foreach (var place in (ReadOnlySpan<int>)[i, other])
            {
                var moved = rows[place];
                rows[place] = TieRow.Of(moved.Key, moved.Left, moved.Right,
                    [new("late", moved.Difference, "The neighbouring day has the same amount too much: the provider counts it by another clock.")]);
            }
        }

        return [.. rows];
    }
}
