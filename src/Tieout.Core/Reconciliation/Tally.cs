using Tieout.Core.Money;

namespace Tieout.Core.Reconciliation;

/// <summary>Sums over charges of our own book, with the parts from which a difference to another book is told.</summary>
/// <remarks>The amounts are charges or provider costs, as <see cref="TallyFigure"/> asks. All parts are contained in <see cref="Total"/>.</remarks>
public readonly record struct Tally
{
    /// <summary>Charged attempts.</summary>
    public long Attempts { get; init; }

    /// <summary>Attempts that were the first of their operation; the others are retries and fallbacks.</summary>
    public long FirstAttempts { get; init; }

    /// <summary>Attempts that ended in an error.</summary>
    public long Failures { get; init; }

    /// <summary>Attempts whose usage block left something out: sub-calls, totals that do not add up.</summary>
    public long Hidden { get; init; }

    public Amount Total { get; init; }

    /// <summary>What reversals and re-entries made of it; may be below zero.</summary>
    public Amount Corrections { get; init; }

    /// <summary>Of attempts after the first.</summary>
    public Amount Retried { get; init; }

    /// <summary>Of usage that came after its hold had ended, or counts in a later period than it occurred in.</summary>
    public Amount Late { get; init; }

    /// <summary>Recorded after the other book was last written.</summary>
    public Amount After { get; init; }

    /// <summary>Of attempts whose counts are our own estimate.</summary>
    public Amount Estimated { get; init; }

    /// <summary>The total if every charge had been rounded to the other book's decimals, half up.</summary>
    public Amount RoundedEach { get; init; }

    /// <summary>The total if every charge had been cut to the other book's decimals.</summary>
    public Amount CutEach { get; init; }

    /// <summary>What providers reported beyond what the counts come to, for attempts whose block left something out; may be below zero.</summary>
    public Amount Unreported { get; init; }

    public Int128 InputTokens { get; init; }
    public Int128 CacheReadTokens { get; init; }
    public Int128 CacheWriteTokens { get; init; }
    public Int128 OutputTokens { get; init; }

    public static Tally operator +(in Tally left, in Tally right) => new()
    {
        Attempts = left.Attempts + right.Attempts,
        FirstAttempts = left.FirstAttempts + right.FirstAttempts,
        Failures = left.Failures + right.Failures,
        Hidden = left.Hidden + right.Hidden,
        Total = left.Total + right.Total,
        Corrections = left.Corrections + right.Corrections,
        Retried = left.Retried + right.Retried,
        Late = left.Late + right.Late,
        After = left.After + right.After,
        Estimated = left.Estimated + right.Estimated,
        RoundedEach = left.RoundedEach + right.RoundedEach,
        CutEach = left.CutEach + right.CutEach,
        Unreported = left.Unreported + right.Unreported,
        InputTokens = left.InputTokens + right.InputTokens,
        CacheReadTokens = left.CacheReadTokens + right.CacheReadTokens,
        CacheWriteTokens = left.CacheWriteTokens + right.CacheWriteTokens,
        OutputTokens = left.OutputTokens + right.OutputTokens,
    };
}

/// <summary>Which amount of a charge is summed.</summary>
public enum TallyFigure
{
    /// <summary>What the org pays: charge postings and their corrections.</summary>
    Charge,

    /// <summary>What the provider takes, by our price list.</summary>
    ProviderCost,
}
