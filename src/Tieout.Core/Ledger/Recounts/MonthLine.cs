using Tieout.Core.Money;

namespace Tieout.Core.Ledger.Recounts;

/// <param name="Org">Number of the org's first account.</param>
/// <param name="Start">When the month begins in the org's zone.</param>
public readonly record struct MonthKey(int Org, Instant Start);

/// <summary>How the balance of an org moved in a month, counted from its postings by the time they count in.</summary>
/// <remarks>The account on the other side of the posting decides which figure it moves, not the kind of the posting. So a correction moves the same figure as
/// what it corrects.</remarks>
public sealed class MonthLine(MonthKey key)
{
    public MonthKey Key { get; } = key;

    /// <summary>Money in, less what was taken back of it.</summary>
    public Amount TopUps { get; set; }

    public Amount Grants { get; set; }

    /// <summary>Grants that ended unused; zero or more.</summary>
    public Amount GrantsExpired { get; set; }

    /// <summary>Σ charge postings.</summary>
    public Amount Charges { get; set; }

    /// <summary>Σ re-entries − Σ reversals of charges.</summary>
    public Amount Corrections { get; set; }

    public long Postings { get; set; }

    /// <summary>The highest number of a posting; 0: there is none.</summary>
    public long LastPosting { get; set; }

    /// <summary>What the month added to the balance of the customer account.</summary>
    public Amount Change => TopUps + Grants - GrantsExpired - Charges - Corrections;

    public void Count(in CountedPosting posting)
    {
        Postings++;
        LastPosting = Math.Max(LastPosting, posting.Seq);
        var isIn = posting.Credit == Key.Org + (int)AccountKind.Customer;
        var change = isIn ? posting.Amount : -posting.Amount;
        switch ((AccountKind)((isIn ? posting.Debit : posting.Credit) - Key.Org))
        {
            case AccountKind.Revenue when posting.Kind == PostingKind.Charge:
                Charges -= change;
                break;
            case AccountKind.Revenue:
                Corrections -= change;
                break;
            case AccountKind.Funding:
                TopUps += change;
                break;
            case AccountKind.Promotion when posting.Kind == PostingKind.GrantExpiry:
                GrantsExpired -= change;
                break;
            default:
                Grants += change;
                break;
        }
    }

    /// <summary>Adds another line of the same org.</summary>
    public void Add(MonthLine other)
    {
        TopUps += other.TopUps;
        Grants += other.Grants;
        GrantsExpired += other.GrantsExpired;
        Charges += other.Charges;
        Corrections += other.Corrections;
        Postings += other.Postings;
        LastPosting = Math.Max(LastPosting, other.LastPosting);
    }
}
