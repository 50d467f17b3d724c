namespace Tieout.Simulator.Traffic;

/// <summary>How large the traffic of a case is.</summary>
public sealed record TrafficOptions
{
    /// <summary>Days before the window. 7, 14 and 21 are what people keep.</summary>
    public int BaselineDays { get; init; } = 7;

    /// <summary>Hours to be explained.</summary>
    public int WindowHours { get; init; } = 48;

    public int Orgs { get; init; } = 4;

    /// <summary>Features of the product. Four orgs of five use each.</summary>
    public int Features { get; init; } = 6;

    /// <summary>Teams in each org; each has its own keys.</summary>
    public int TeamsPerOrg { get; init; } = 2;

    /// <summary>Keys that each team uses for each feature at the same time.</summary>
    public int KeysPerTeam { get; init; } = 1;

    /// <summary>Models in use, at most as many as there are.</summary>
    public int Models { get; init; } = 6;

    /// <summary>Primary requests of an average hour of a working day, over all cells.</summary>
    public double RequestsPerHour { get; init; } = 700;
}
