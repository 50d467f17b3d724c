using Tieout.Core;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Core.Spike;

namespace Tieout.Analysis.Preview;

/// <summary>A past request as its usage record has it. No content.</summary>
/// <param name="Session">The workflow; null: the client named none.</param>
/// <param name="Lowered">What it would have cost with the mitigation's limit or model; the cost itself where the kind changes neither.</param>
public readonly record struct ReplayedRequest(MitigatedRequest Request, Instant At, string? Session, Amount Cost, Amount Lowered)
{
    /// <summary>What it used. Only a truncation looks at it.</summary>
    public UsageCounts Counts { get; init; }

    /// <summary>Its price today; null: none is known.</summary>
    public ResolvedPrice? Price { get; init; }
}

/// <summary>What a mitigation would have done with past requests.</summary>
/// <param name="Requests">Of the org.</param>
/// <param name="Covered">Those that the mitigation is about.</param>
/// <param name="Touched">Those that it would have refused or changed.</param>
/// <param name="Users">Different end users of <paramref name="Touched"/>; without a user, their keys.</param>
/// <param name="Cost">Of all requests of the org.</param>
/// <param name="Saved">What the touched requests would not have cost.</param>
/// <param name="CacheLost">What a truncation makes dearer because the provider's cache of a conversation is lost where the cut moves. <paramref name="Saved"/> is
/// without it, and below zero where it is more than the rest.</param>
/// <param name="Percent">Saved of the cost.</param>
/// <param name="PlusMinus">Half of the interval that has the percentage of another such time in 19 of 20 cases, as the hours differ; null: fewer than
/// three hours have a cost.</param>
public sealed record ReplayFigures(
    long Requests, long Covered, long Touched, long Users, Amount Cost, Amount Saved, Amount CacheLost, double Percent,
    double? PlusMinus);
