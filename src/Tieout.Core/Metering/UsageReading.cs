using System.Collections.Immutable;

namespace Tieout.Core.Metering;

/// <summary>What came of reading the usage a provider reported. Exactly one of the cases below.</summary>
public abstract record UsageReading
{
    private UsageReading() { }

    public sealed record Measured(MeasuredUsage Usage) : UsageReading;

    /// <param name="Field">The path of what was refused or missed.</param>
    public sealed record Refused(UsageRefusal Reason, string Field) : UsageReading;
}

/// <summary>Why a usage block could not be read.</summary>
public enum UsageRefusal
{
    /// <summary>There is no usage block, or nothing in it that this dialect counts.</summary>
    NoUsage = 1,
    FieldMissing,
    NotACount,
    NegativeCount,
    FractionalCount,

    /// <summary>More than <see cref="UsageUnit.Max"/>.</summary>
    CountTooLarge,
}

/// <summary>The usage of one response, normalised, with whatever in it does not tie out.</summary>
/// <param name="Model">The model that answered, as the provider names it; null if the response does not say.</param>
/// <param name="Units">Counts by unit; totals include their parts. Sub-calls are not in it.</param>
/// <param name="ReportedCost">What the provider says this response cost it to us, in major units of its currency; exact.</param>
/// <param name="SubCalls">Calls that ran inside this one and are not in <paramref name="Units"/>, each to be priced as its own model.</param>
public sealed record MeasuredUsage(
    string? Model, UnitCounts Units, decimal? ReportedCost, UsageFlags Flags, ImmutableArray<SubCall> SubCalls)
{
    /// <summary><see cref="Units"/> as stored.</summary>
    public UsageCounts Counts { get; } = Units.ToUsageCounts();
}

/// <param name="Kind">The provider's word for it, for example <c>compaction</c>.</param>
/// <param name="Model">The model that ran it; null for the model of the response itself.</param>
public sealed record SubCall(string Kind, string? Model, UnitCounts Units)
{
    public UsageCounts Counts { get; } = Units.ToUsageCounts();
}
