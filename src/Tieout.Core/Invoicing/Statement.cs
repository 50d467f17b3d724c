using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Invoicing;

/// <summary>How the balance of an org moved in a period, from its postings and nothing else.</summary>
/// <param name="To">Not included.</param>
/// <param name="Opening">The balance when the period began.</param>
/// <param name="TopUps">Money in, less what was taken back of it.</param>
/// <param name="GrantsExpired">Grants that ended unused; zero or more.</param>
/// <param name="Charges">Σ charge postings.</param>
/// <param name="Corrections">Σ re-entries − Σ reversals of charges.</param>
/// <param name="LastPosting">The last posting that counts before the period's end; 0: there is none.</param>
public sealed record Statement(
    Instant From, Instant To, Amount Opening, Amount TopUps, Amount Grants, Amount GrantsExpired, Amount Charges, Amount Corrections, long LastPosting)
{
    /// <summary>What the period's charges took from the balance.</summary>
    public Amount TotalCharges => Charges + Corrections;

    public Amount Closing => Opening + TopUps + Grants - GrantsExpired - TotalCharges;

    /// <param name="months">The org's months up to the period's, as of one commit; months in which nothing moved may be missing.</param>
    public static Statement Of(OrgState org, Month period, IReadOnlyList<MonthLine> months)
    {
        var (from, to) = (period.Start(org.Zone), period.End(org.Zone));
        var own = new MonthLine(new(org.FirstAccount, from));
        var (opening, last) = (Amount.Zero, 0L);
        foreach (var month in months.Where(month => month.Key.Start < to))
        {
            if (month.Key.Start < from) opening += month.Change;
            else own.Add(month);
            last = Math.Max(last, month.LastPosting);
        }

        return new(from, to, opening, own.TopUps, own.Grants, own.GrantsExpired, own.Charges, own.Corrections, last);
    }
}
