namespace Tieout.Analysis.Detection;

/// <summary>What one hour cost.</summary>
/// <param name="Hour">Hours of UTC since 1970-01-01T00:00Z.</param>
/// <param name="ClockHour">0 to 23: the hour on the clock of the org's zone. On the day that clocks go back two hours share one.</param>
/// <param name="IsWeekend">Whether it is Saturday or Sunday in the org's zone.</param>
/// <param name="Value">Zero or more; of any unit.</param>
public readonly record struct HourPoint(long Hour, int ClockHour, bool IsWeekend, double Value);
