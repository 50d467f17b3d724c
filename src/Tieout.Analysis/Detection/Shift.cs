namespace Tieout.Analysis.Detection;

/// <summary>How a series stands against its baseline.</summary>
public enum ShiftState
{
    /// <summary>As usual.</summary>
    None,

    /// <summary>Far above the usual for an hour or two, and back.</summary>
    Blip,

    /// <summary>Far above the usual now, for too short a time to be sure.</summary>
    Rising,

    /// <summary>Above the usual for long enough, and still.</summary>
    Sustained,

    /// <summary>Was sustained, and is back.</summary>
    Ended,
}

/// <summary>What a series did.</summary>
/// <param name="Onset">The first hour that is above the usual; null where the state is <see cref="ShiftState.None"/>.</param>
/// <param name="End">The first hour that is not above it any more; null: the shift goes on.</param>
/// <param name="HoursAbove">Hours far above the usual, of those from the onset to the end.</param>
public sealed record Shift(ShiftState State, long? Onset, long? End, int HoursAbove)
{
    public static Shift None { get; } = new(ShiftState.None, null, null, 0);
}
