using System.Collections.Immutable;
using Tieout.Core.Money;

namespace Tieout.Core.Reconciliation.SelfCheck;

/// <summary>From a comparison with a provider's bill to its finding. Pure.</summary>
public static class BillRules
{
    /// <param name="org">Empty: all orgs, as a provider bills.</param>
    /// <param name="bill">Which bill it is, the same each time that it is compared, by whatever fields.</param>
    /// <param name="what">What the amounts are, such as <c>USD</c>.</param>
    /// <param name="evidence">How to compare again.</param>
    /// <returns>Null: the bill ties, or is off by rounding alone.</returns>
    public static Finding? Variance(string org, string bill, string what, Tie tie, string evidence)
    {
        var causes = tie.Rows.SelectMany(row => row.Parts).GroupBy(part => part.Cause, StringComparer.Ordinal)
            .Select(parts => new CauseAmount(parts.Key, parts.Sum(part => part.Amount)))
            .OrderByDescending(cause => Amount.Abs(cause.Amount)).ThenBy(cause => cause.Cause, StringComparer.Ordinal).ToImmutableArray();
        if (causes.All(cause => cause.Cause == Split.Rounding)) return null;
        var difference = causes.Sum(cause => cause.Amount);
        Invariant.Holds(difference == tie.Left - tie.Right, "R1");
        var cause = $"{string.Join(", ", causes.Select(cause => $"{cause.Cause} {cause.Amount}"))} ({what}; {tie.Differing} of {tie.Rows.Length} rows differ)";
        return new(
            FindingCode.ProviderBillVariance, new(org), $"bill/{bill}", tie.Left, tie.Right, cause, evidence,
            new Repair.Decide(0, "ask the provider, or correct what our side lacks and compare again"))
        {
            Causes = causes,
        };
    }
}
