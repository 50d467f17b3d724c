using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Invoicing;

/// <summary>How the balance of an org moved in a period, summed from its postings and nothing else.</summary>
/// <remarks>What a posting did is told by its other account, not by its kind, so corrections fall under what they correct.</remarks>
/// <param name="through">
/// The last charge that the invoice's lines contain. Lines and postings are read one after the other while the ledger goes on;
/// the statement ends just before the first charge of the period that the lines cannot know, so that both speak of one moment.
/// </param>
public sealed class Statement(OrgState org, Month period, long through)
{
    private readonly int _customer = org.AccountNo(AccountKind.Customer);
    private readonly int _revenue = org.AccountNo(AccountKind.Revenue);

    public Instant From { get; } = period.Start(org.Zone);
    public Instant To { get; } = period.End(org.Zone);

    /// <summary>The balance when the period began.</summary>
    public Amount Opening { get; private set; }

    /// <summary>Money in, less what was taken back of it.</summary>
    public Amount TopUps { get; private set; }
    public Amount Grants { get; private set; }

    /// <summary>Grants that ended unused; zero or more.</summary>
    public Amount GrantsExpired { get; private set; }

    /// <summary>Σ charge postings.</summary>
    public Amount Charges { get; private set; }

    /// <summary>Σ re-entries − Σ reversals of charges.</summary>
    public Amount Corrections { get; private set; }

    public Amount Closing { get; private set; }

    /// <summary>The last posting it contains; 0: none.</summary>
    public long LastPosting { get; private set; }

    /// <summary>What the period's charges took from the balance.</summary>
    public Amount TotalCharges => Charges + Corrections;

    /// <summary>Adds a posting. They come in the order of their numbers, from the first one of the org, effective before the period's end.</summary>
    /// <returns>Whether it is part of the statement; after the first that is not, none is.</returns>
    public bool Add(in Posting posting)
    {
        var isCharge = posting.Debit == _revenue || posting.Credit == _revenue;
        if (isCharge && posting.Seq > through && posting.EffectiveAt >= From) return false;

        var change = posting.Credit == _customer ? posting.Amount : -posting.Amount;
        Closing += change;
        LastPosting = posting.Seq;
        if (posting.EffectiveAt < From) Opening += change;
        else Count(posting, change);
        return true;
    }

    private void Count(in Posting posting, Amount change)
    {
        var other = (AccountKind)((posting.Credit == _customer ? posting.Debit : posting.Credit) - _customer);
        switch (other)
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
}
