using Tieout.Core.Ledger;

namespace Tieout.Storage.Lists;

/// <summary>What counts in one hour of UTC and may belong to a list.</summary>
/// <param name="Hour">In hours since 1970.</param>
/// <param name="Usage">Numbers of usage records, lowest first.</param>
/// <param name="Corrections">Postings that correct usage, lowest number first.</param>
internal sealed record UsageHour(long Hour, IReadOnlyList<long> Usage, IReadOnlyList<Posting> Corrections);
