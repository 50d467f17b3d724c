using System.Collections.Immutable;

namespace Tieout.Analysis.Tests.Scenarios;

/// <summary>Requests of one key, feature and model.</summary>
internal sealed record Stream(string Org, string Team, string Feature, string Provider, string Model, string Key, double PerHour, double UsersPart)
{
    public static readonly ImmutableArray<string> Dimensions = ["org", "team", "feature", "provider", "model", "key"];

    public ImmutableArray<string?> Values => [Org, Team, Feature, Provider, Model, Key];
}

/// <summary>What requests of one stream, hour and trigger are like. An injection changes it.</summary>
internal sealed class Behaviour
{
    public double Rate { get; set; } = 1;

    /// <summary>Tokens of a request.</summary>
    public double Input { get; set; }

    public double Visible { get; set; }

    public double Reasoning { get; set; }

    /// <summary>Part of the input.</summary>
    public double CacheRead { get; set; }

    public double CacheWrite { get; set; }

    /// <summary>Of the list price.</summary>
    public double Paid { get; set; } = 1;

    /// <summary>Nano-units for a token, by sort.</summary>
    public double[] List { get; init; } = [];
}
