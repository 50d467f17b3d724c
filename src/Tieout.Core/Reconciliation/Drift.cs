using Tieout.Core.Money;

namespace Tieout.Core.Reconciliation;

/// <summary>How bad a difference to an external counter is. For our own figures anything but zero is a defect.</summary>
public enum DriftSeverity
{
    /// <summary>Below 2 %.</summary>
    Normal,

    /// <summary>2 to 10 %.</summary>
    Medium,

    /// <summary>Above 10 %.</summary>
    High,

    /// <summary>They differ, and the other book is empty or has not been written for five minutes: it has stopped counting.</summary>
    Critical,
}

public static class Drift
{
    public const decimal MediumPct = 2;
    public const decimal HighPct = 10;

    /// <summary>A counter that was not written for so long has stopped.</summary>
    public static readonly TimeSpan StaleAfter = TimeSpan.FromMinutes(5);

    /// <summary>Rounded to six decimals, without noughts at its end, but never to 0 what is not. 100 where our own book has nothing at all.</summary>
    public static decimal Percent(Amount ours, Amount apart)
    {
        if (apart == Amount.Zero) return 0;
        return ours == Amount.Zero ? 100 : Math.Max(0.000001m, Math.Round(100 * apart.ToDecimal() / ours.ToDecimal(), 6) / 1.000000000000000000000000000m);
    }

    public static DriftSeverity Severity(decimal percent, bool rightIsZero, bool isStale)
    {
        if (percent == 0) return DriftSeverity.Normal;
        if (rightIsZero || isStale) return DriftSeverity.Critical;
        return percent switch
        {
            < MediumPct => DriftSeverity.Normal,
            <= HighPct => DriftSeverity.Medium,
            _ => DriftSeverity.High,
        };
    }
}
