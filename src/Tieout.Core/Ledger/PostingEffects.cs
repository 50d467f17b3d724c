using System.Collections.Immutable;
using Tieout.Core.Money;

namespace Tieout.Core.Ledger;

/// <summary>What a posting does to its two accounts: one place, used when deciding and when everything is recomputed from the postings (L4).</summary>
public static class PostingEffects
{
    /// <param name="grant">For a grant posting, the lot it opens.</param>
    public static void Apply(in Posting posting, Account debit, Account credit, GrantLot? grant)
    {
        Debit(posting, debit);
        Credit(posting, credit, grant);
    }

    public static void Credit(in Posting posting, Account credit, GrantLot? grant)
    {
        credit.Credits += posting.Amount;
        credit.Version++;
        if (posting.Kind == PostingKind.Grant && grant is not null) credit.Grants = credit.Grants.Add(grant).Sort();
    }

    public static void Debit(in Posting posting, Account debit)
    {
        debit.Debits += posting.Amount;
        debit.Version++;
        switch (posting.Kind)
        {
            case PostingKind.GrantExpiry:
                debit.Grants = Take(debit.Grants, posting.CommandId!, posting.Amount);
                break;
            case PostingKind.Charge or PostingKind.ReEntry when debit.Grants.Length > 0:
                debit.Grants = Use(debit.Grants, posting.Amount);
                break;
        }
    }

    // What a reversal gives back is bought credit: which grants the charge had used is not undone.
    private static ImmutableArray<GrantLot> Use(ImmutableArray<GrantLot> lots, Amount amount)
    {
        var left = ImmutableArray.CreateBuilder<GrantLot>(lots.Length);
        foreach (var lot in lots)
        {
            var used = Amount.Min(lot.Left, amount);
            amount -= used;
            if (used < lot.Left) left.Add(lot with { Left = lot.Left - used });
        }

        return left.ToImmutable();
    }

    private static ImmutableArray<GrantLot> Take(ImmutableArray<GrantLot> lots, string id, Amount amount)
    {
        var index = 0;
        while (!string.Equals(lots[index].Id, id, StringComparison.Ordinal)) index++;
        var left = lots[index].Left - amount;
        Invariant.Holds(left >= Amount.Zero, "L4");
        return left == Amount.Zero ? lots.RemoveAt(index) : lots.SetItem(index, lots[index] with { Left = left });
    }
}
