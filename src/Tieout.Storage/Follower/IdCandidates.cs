using Tieout.Core.Ledger;

namespace Tieout.Storage.Follower;

/// <summary>The next rows to look at for an id.</summary>
/// <param name="Rows">Numbers of rows that may have the id; null: all after <paramref name="Last"/> may.</param>
/// <param name="Last">The rows to look at after these come after this one.</param>
internal readonly record struct IdCandidates(IReadOnlyList<long>? Rows, long Last)
{
    /// <param name="found">Those of the candidates that have the id.</param>
    /// <param name="limit">How many candidates were asked for.</param>
    public UsagePage Page(List<UsageRow> found, int limit) => Rows is null ? UsagePage.Of(found, limit) : new(found, Last, IsLast: false);
}

/// <summary>A page of usage rows in the order of their numbers.</summary>
/// <param name="After">The next page comes after this number.</param>
internal sealed record UsagePage(List<UsageRow> Rows, long After, bool IsLast)
{
    /// <summary>Rows of the first page. Each next page has twice as many, up to the store's most: rows of an id lie far apart, and many callers want
    /// few.</summary>
    public const int RowsAtFirst = 125;

    /// <summary>Before the first page.</summary>
    public static UsagePage First { get; } = new([], 0, IsLast: false);

    /// <summary>There are no rows.</summary>
    public static UsagePage None { get; } = new([], 0, IsLast: true);

    /// <param name="limit">How many rows were asked for.</param>
    public static UsagePage Of(List<UsageRow> rows, int limit) => new(rows, rows.Count == 0 ? 0 : rows[^1].Seq, rows.Count < limit);
}
