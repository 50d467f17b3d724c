using Tieout.Core.Ledger.Recounts;

namespace Tieout.Core.Ledger.Sketches;

/// <param name="Org">Number of the org's first account.</param>
/// <param name="Start">When the hour of UTC begins in which the rows count.</param>
/// <param name="Labels">Number of the labels.</param>
public readonly record struct SketchKey(int Org, Instant Start, int Labels);

/// <summary>How many tokens the attempts of an hour and labels used each, and how many end users made them.</summary>
/// <remarks>
/// A sketch describes usage as it was metered. Each usage row is counted once, in the hour that it counts in, also when it comes late or its tokens are an
/// estimate. A correction moves money and changes no usage row, so it changes no sketch. Tokens are counted of attempts that used any: a request that the
/// provider refused has none, and would hide behind zeros how large the others are while a provider is down. Its end user is counted all the same.
/// </remarks>
public sealed class UsageSketch(SketchKey key)
{
    public SketchKey Key { get; } = key;

    /// <summary>Usage rows.</summary>
    public long Attempts { get; private set; }

    /// <summary>Of attempts that used tokens; cached ones included.</summary>
    public QuantileSketch InputTokens { get; private init; } = new();

    /// <summary>Of attempts that used tokens; reasoning included.</summary>
    public QuantileSketch OutputTokens { get; private init; } = new();

    /// <summary>Of rows that name an end user.</summary>
    public DistinctSketch EndUsers { get; private init; } = new();

    /// <summary>A sketch as it was stored.</summary>
    public static UsageSketch Of(SketchKey key, long attempts, QuantileSketch inputTokens, QuantileSketch outputTokens, DistinctSketch endUsers) =>
        new(key) { Attempts = attempts, InputTokens = inputTokens, OutputTokens = outputTokens, EndUsers = endUsers };

    /// <param name="endUser">Of <see cref="RowIndex.IdEntry.WideHashOf"/>; null: the row names none.</param>
    public void Count(in CountedUsage usage, ulong? endUser)
    {
        Attempts++;
        if (endUser is { } user) EndUsers.Add(DistinctSketch.HashOf(Key.Org, user));
        if (usage.Facts is { InputTokens: 0, OutputTokens: 0 }) return;

        // Below zero only in a damaged row, which verify names.
        InputTokens.Add(Math.Max(0, usage.Facts.InputTokens));
        OutputTokens.Add(Math.Max(0, usage.Facts.OutputTokens));
    }

    public void Add(UsageSketch other)
    {
        Attempts += other.Attempts;
        InputTokens.Add(other.InputTokens);
        OutputTokens.Add(other.OutputTokens);
        EndUsers.Add(other.EndUsers);
    }
}
