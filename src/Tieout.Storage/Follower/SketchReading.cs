using System.Runtime.InteropServices;
using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Ledger.Sketches;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Follower;

/// <summary>Sketches as of the newest commit: the follower's up to its position, and the few rows after it.</summary>
/// <param name="orgOf">The org of labels.</param>
internal sealed class SketchReading(Followed followed, Func<int, string> orgOf)
{
    /// <summary>By slot and labels; the start of a key is that of the slot.</summary>
    /// <param name="query">By day, a day is the hours of UTC that begin in it.</param>
    public IReadOnlyList<UsageSketch> Sketches(RecountQuery query)
    {
        var (sums, cut) = (new Dictionary<SketchKey, UsageSketch>(), RangeCut.Of(query.From, query.To, query.Org.Zone, RecountSlot.Hour));
        UsageSketch At(Instant at, int labels)
        {
            var key = new SketchKey(query.Org.FirstAccount, query.SlotOf(at), labels);
            ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(sums, key, out _);
            return sum ??= new(key);
        }

        foreach (var hours in cut.Hours) Stored(query.Org, hours, sketch => At(sketch.Key.Start, sketch.Key.Labels).Add(sketch));
        Rows(query, cut.Rest, (usage, user) => At(usage.EffectiveAt, usage.Labels).Count(usage, user));
        return [.. sums.Values.OrderBy(sketch => sketch.Key.Start).ThenBy(sketch => sketch.Key.Labels)];
    }

    private void Stored(OrgState org, Window hours, Action<UsageSketch> take)
    {
        if (followed.Derived is not { } derived) return;
        using var rows = derived.Select(
            $"SELECT {SketchReads.Columns} FROM {UsageSketchTable.Name} WHERE org = ? AND start_at >= ? AND start_at < ? ORDER BY start_at, attribution",
            org.FirstAccount, hours.Start.UnixMicros, hours.End.UnixMicros);
        while (rows.Step()) take(SketchReads.Sketch(rows));
    }

    /// <summary>Rows of the range that no sketch counts: those after the position, and those of what is left of hours.</summary>
    private void Rows(RecountQuery query, IReadOnlyList<Window> rest, Action<CountedUsage, ulong?> take)
    {
        var position = followed.Position;
        var after = rest.Count > 0 ? Chain.Before(followed.Ledger, query.From) : followed.CountedOrBefore(query.From);
        FollowedRows.UsageWithIds(followed.Ledger, after.Usage, long.MaxValue, (row, ids) =>
        {
            var isCounted = row.Seq <= position.Usage && !rest.Any(part => part.Contains(row.EffectiveAt));
            if (!isCounted && query.Contains(row.EffectiveAt) && string.Equals(orgOf(row.Labels), query.Org.Org.Id, StringComparison.Ordinal))
            {
                take(row, ids.EndUser);
            }
        });
    }
}
