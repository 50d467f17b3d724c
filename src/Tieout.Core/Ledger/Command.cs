using Tieout.Core.Metering;

namespace Tieout.Core.Ledger;

/// <summary>Something that is to change money, usage, or what governs them. Exactly one of the cases in <c>Commands/</c>.</summary>
/// <remarks>
/// Every command has an id under which it counts once, for ever (L3): the attempt's, the caller's, or the name of what it sets.
/// A command says for itself what must be known about it everywhere: whose it is, which rule decides it, what that rule looks at, which texts it stores, what
/// messages call it,
/// and what it moves when a person submits it.
/// </remarks>
public abstract partial record Command
{
    private Command() { }

    /// <summary>The administrative action that the command carries out: recorded in the same commit (U1). Null: no person asked for it.</summary>
    public AuditAction? Audit { get; init; }

    /// <summary>The org that its rows belong to; empty: the platform; null: the org of <see cref="AttemptId"/>.</summary>
    public abstract string? OrgId { get; }

    /// <summary>The attempt that it begins, charges or ends; null: none.</summary>
    public virtual AttemptId? AttemptId => null;

    /// <summary>What messages call it: kind and id.</summary>
    public virtual string Title => GetType().Name;

    /// <summary>Whether what governs money changes.</summary>
    public virtual bool Governs => false;

    /// <summary>Whether it is decided alone, with nothing in flight: it governs, or it looks at rows that a commit under way may still add.</summary>
    public virtual bool IsDecidedAlone => Governs;

    /// <summary>Whether <paramref name="fits"/> is true of every text that it stores, those of its action included.</summary>
    public bool TextsFit(Func<string?, bool> fits) => (Audit is not { } action || action.TextsFit(fits)) && OwnTextsFit(fits);

    /// <summary>Whether it moves money when a person submits it, or sets how much will be charged or owed: then <see cref="MoneyByHand"/> is asked
    /// first.</summary>
    public virtual bool IsMoneyByHand => false;

    /// <summary>Decides it by its rule. The rule refuses first and changes the draft afterwards (L6).</summary>
    internal abstract Outcome Decide(Draft draft);

    /// <summary>What it moves, in nano-units, whichever way; null: it has no amount, or no limit.</summary>
    internal virtual Int128? Moves(Draft draft) => 0;

    /// <summary>Whether it was carried out before: it moves nothing now, so its sender gets the answer of a replay (L3).</summary>
    internal virtual bool IsKnown(Draft draft) => false;

    /// <summary>Adds what deciding it looks at, besides what a book always holds.</summary>
    internal abstract void Touch(Footprint footprint);

    /// <summary>Whether <paramref name="fits"/> is true of each of its own texts.</summary>
    private protected abstract bool OwnTextsFit(Func<string?, bool> fits);
}
