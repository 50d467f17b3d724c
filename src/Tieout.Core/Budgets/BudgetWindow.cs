using Tieout.Core.Money;

namespace Tieout.Core.Budgets;

/// <summary>Which window of which budget.</summary>
/// <param name="Budget">The budget's number.</param>
/// <param name="Each">The end user, for a budget that gives each end user a window; else null.</param>
public readonly record struct WindowKey(int Budget, Instant Start, string? Each)
{
    /// <summary>Looked up a dozen times a charge; what a record struct makes up by itself takes three times as long.</summary>
    public override int GetHashCode() =>
        unchecked((Budget * 397) ^ (int)(Start.UnixMicros >> 20) ^ (Each is null ? 0 : string.GetHashCode(Each, StringComparison.Ordinal)));

    public bool Equals(WindowKey other) => Budget == other.Budget && Start == other.Start && string.Equals(Each, other.Each, StringComparison.Ordinal);
}

/// <summary>How one budget stands in one period.</summary>
/// <remarks>Written only by the decision that owns it; once decided it is never changed again but replaced by a copy.</remarks>
public sealed class BudgetWindow(WindowKey key, Instant end)
{
    public WindowKey Key { get; } = key;
    public Instant End { get; } = end;

    /// <summary>What was charged in the window's scope and time, corrections included.</summary>
    public Amount Posted { get; set; }

    /// <summary>What is set aside for attempts in flight.</summary>
    public Amount Held { get; set; }

    /// <summary>The highest threshold, in per cent, that has been told. 0: none.</summary>
    public int LastAlertedPercent { get; set; }

    public Amount Committed => Posted + Held;

    public BudgetWindow Copy() => new(Key, End) { Posted = Posted, Held = Held, LastAlertedPercent = LastAlertedPercent };
}
