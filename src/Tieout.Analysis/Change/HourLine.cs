using System.Collections.Immutable;

namespace Tieout.Analysis.Change;

/// <summary>What attempts of one hour and the same labels used and cost.</summary>
/// <param name="Hour">Hours of UTC since 1970-01-01T00:00Z.</param>
/// <param name="Values">By dimension; null: the attempts bear no such label.</param>
/// <param name="Trigger">Null: a primary request.</param>
/// <param name="Tokens">By <see cref="TokenSort"/>; no sort contains another.</param>
/// <param name="ListPrices">Nano-units for a token, by <see cref="TokenSort"/>; 0: no list is known.</param>
/// <param name="Cost">In nano-units.</param>
/// <param name="SortCosts">Parts of <paramref name="Cost"/> that are known exactly, in nano-units: by <see cref="TokenSort"/>, then what is beside tokens.
/// Null: none is known. What they leave of the cost is split in proportion to them, else to the list, else to what such tokens typically cost.</param>
public sealed record HourLine(
    long Hour, ImmutableArray<string?> Values, string? Trigger, long Attempts, ImmutableArray<double> Tokens, ImmutableArray<double> ListPrices, Int128 Cost,
    IReadOnlyList<Int128>? SortCosts = null);
