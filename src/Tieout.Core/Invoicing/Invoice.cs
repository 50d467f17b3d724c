using System.Collections.Immutable;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Invoicing;

/// <summary>What an org owes or has used up in one month, from postings only.</summary>
/// <remarks>The same postings give the same invoice, to the nano-unit, however often it is made. A closed period's never changes (I2).</remarks>
/// <param name="Closed">Whether the period is closed; else late usage may still come into it.</param>
/// <param name="Lines">By project, provider, model, source. They sum to <see cref="TotalCharges"/>.</param>
public sealed record Invoice(Org Org, Month Period, bool Closed, ImmutableArray<InvoiceLine> Lines, Statement Statement)
{
    /// <summary>Σ charge postings of the period and their corrections: what the balance moved by charges (I1).</summary>
    public Amount TotalCharges => Statement.TotalCharges;

    /// <summary>Puts lines and statement together.</summary>
    /// <exception cref="InvariantBrokenException">They do not come to the same (I1).</exception>
    public static Invoice Of(OrgState org, Month period, IEnumerable<InvoiceLine> lines, Statement statement)
    {
        var ordered = lines
            .OrderBy(line => line.Project ?? "", StringComparer.Ordinal)
            .ThenBy(line => line.Provider ?? "", StringComparer.Ordinal)
            .ThenBy(line => line.Model ?? "", StringComparer.Ordinal)
            .ThenBy(line => line.Source)
            .ToImmutableArray();
        var charges = Sum(ordered, line => line.Charges);
        var corrections = Sum(ordered, line => line.Corrections);
        Invariant.Holds(charges == statement.Charges && corrections == statement.Corrections, "I1");

        var closed = org.ClosedThrough is { } through && through.CompareTo(period) >= 0;
        return new(org.Org, period, closed, ordered, statement);
    }

    private static Amount Sum(ImmutableArray<InvoiceLine> lines, Func<InvoiceLine, Amount> part)
    {
        var sum = Amount.Zero;
        foreach (var line in lines) sum += part(line);
        return sum;
    }
}
