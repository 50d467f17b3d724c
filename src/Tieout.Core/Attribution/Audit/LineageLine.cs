using Tieout.Core.Money;

namespace Tieout.Core.Attribution.Audit;

/// <summary>What the audit counted of one org.</summary>
public sealed class LineageLine
{
    /// <summary>Operations that began in the range, with or without an envelope.</summary>
    public long Operations { get; set; }

    /// <summary>Those whose attempts and hops all carry one envelope, byte for byte, in an unbroken chain.</summary>
    public long Whole { get; set; }

    public long Attempts { get; set; }

    public long Hops { get; set; }

    /// <summary>Attempts that a key of another org carried out.</summary>
    public long ByOthers { get; set; }

    /// <summary>What those came to. It was charged to the envelope's org.</summary>
    public Amount ChargedByOthers { get; set; }

    /// <summary>Σ charges of the attempts of these operations, and of usage without a step.</summary>
    public Amount Charged { get; set; }

    /// <summary>The part of it that findings of the audit are about.</summary>
    public Amount InDoubt { get; set; }

    /// <summary>Operations whose links nobody here can check: the secret of their envelope's key is not here. Texts and numbers are compared all the
    /// same.</summary>
    public long Unchecked { get; set; }

    public void Add(LineageLine other)
    {
        Operations += other.Operations;
        Whole += other.Whole;
        Attempts += other.Attempts;
        Hops += other.Hops;
        ByOthers += other.ByOthers;
        ChargedByOthers += other.ChargedByOthers;
        Charged += other.Charged;
        InDoubt += other.InDoubt;
        Unchecked += other.Unchecked;
    }

    /// <summary>From 0 to 1, rounded down to six decimals, so that only all of them are 1. Null: there are none.</summary>
    public static decimal? Share(long part, long whole) => whole == 0 ? null : decimal.Floor(part * 1_000_000m / whole) / 1_000_000m;
}
