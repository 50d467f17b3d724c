namespace Tieout.Storage.Lists;

/// <summary>What counts in one hour of UTC and may belong to a list, in the order of the list.</summary>
/// <param name="Hour">In hours since 1970.</param>
/// <param name="Usage">Numbers of usage records, read as they are needed.</param>
/// <param name="Corrections">Numbers of postings that correct usage, read as they are needed.</param>
internal sealed record UsageHour(long Hour, IEnumerable<long> Usage, IEnumerable<long> Corrections);
