using System.Collections.Immutable;
using Tieout.Core.Money;

namespace Tieout.Core.Ledger;

/// <summary>What an org's accounts are for. Each org has one of each; the numbers are stored and never change.</summary>
public enum AccountKind
{
    /// <summary>What the org can spend (prepaid), or what it owes as a negative balance (postpaid: the receivable).</summary>
    Customer = 0,

    /// <summary>Where charges go.</summary>
    Revenue = 1,

    /// <summary>Where top-ups and payments come from: money received.</summary>
    Funding = 2,

    /// <summary>Where grants come from and expired grants return to.</summary>
    Promotion = 3,
}

/// <summary>One account of one org. Balance = credits − debits, whatever the kind, so all balances of an asset sum to zero (L1).</summary>
/// <remarks>Written only by the decision that owns it; once decided it is never changed again but replaced by a copy.</remarks>
public sealed class Account(int no, string org, AccountKind kind, Asset asset)
{
    public int No { get; } = no;
    public string Org { get; } = org;
    public AccountKind Kind { get; } = kind;
    public Asset Asset { get; } = asset;

    /// <summary>The balance that holds and charges may not go below; null: none.</summary>
    public Amount? Floor { get; init; }
    public Amount Debits { get; set; }
    public Amount Credits { get; set; }

    /// <summary>Σ open holds (L5).</summary>
    public Amount Held { get; set; }

    /// <summary>Entries so far.</summary>
    public long Version { get; set; }

    /// <summary>Grants with something left, in the order in which charges use them up. A part of the balance, not beside it.</summary>
    public ImmutableArray<GrantLot> Grants { get; set; } = [];

    public Amount Balance => Credits - Debits;

    /// <summary>What may still be held or charged. Null: no floor.</summary>
    public Amount? Available => Floor is { } floor ? Balance - Held - floor : null;

    public Account Copy() => new(No, Org, Kind, Asset) { Floor = Floor, Debits = Debits, Credits = Credits, Held = Held, Version = Version, Grants = Grants };
}

/// <summary>What is left of a grant. Charges use grants before bought money: lowest priority number first, then the one that expires first.</summary>
/// <param name="Id">The id of the command that granted it.</param>
/// <param name="ExpiresAt">Null: never.</param>
public sealed record GrantLot(string Id, int Priority, Instant? ExpiresAt, Amount Granted, Amount Left) : IComparable<GrantLot>
{
    public int CompareTo(GrantLot? other)
    {
        if (other is null) return 1;
        var byPriority = Priority.CompareTo(other.Priority);
        if (byPriority != 0) return byPriority;
        var byExpiry = (ExpiresAt?.UnixMicros ?? long.MaxValue).CompareTo(other.ExpiresAt?.UnixMicros ?? long.MaxValue);
        return byExpiry != 0 ? byExpiry : string.CompareOrdinal(Id, other.Id);
    }
}
