using System.Runtime.InteropServices;
using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage.Rows;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Follower;

/// <summary>Costs by class as of the newest commit: the follower's lines up to its position, and the few rows after it.</summary>
/// <param name="orgOf">The org of labels.</param>
internal sealed class ClassCostReading(Followed followed, Func<int, string> orgOf)
{
    /// <summary>Rows whose prices are looked up together.</summary>
    private const int RowsTogether = 20_000;

    public static readonly string Columns = TableColumns<ClassCostTable, ClassCosts>.Names;

    private readonly FollowedPrices _prices = new();

    /// <summary>By slot and labels; the start of a key is that of the slot.</summary>
    /// <param name="query">By hour, or one for the range. By day, a day is the hours of UTC that begin in it.</param>
    public IReadOnlyList<ClassCosts> Costs(RecountQuery query)
    {
        var (sums, cut) = (new Dictionary<ClassCostKey, ClassCosts>(), RangeCut.Of(query.From, query.To, query.Org.Zone, RecountSlot.Hour));
        ClassCosts At(Instant at, int labels)
        {
            var key = new ClassCostKey(query.Org.FirstAccount, query.SlotOf(at), labels);
            ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(sums, key, out _);
            return sum ??= new(key);
        }

        foreach (var hours in cut.Hours) Stored(query.Org, hours, line => At(line.Key.Start, line.Key.Labels).Add(line));
        Rows(query, cut.Rest, usage => At(usage.EffectiveAt, usage.Labels).Count(usage, _prices.Find(usage.Price)));
        return [.. sums.Values.OrderBy(line => line.Key.Start).ThenBy(line => line.Key.Labels)];
    }

    public static ClassCosts Line(IRow row)
    {
        var from = new ColumnReader(row);
        var line = new ClassCosts(new(from.Int(), from.Time(), from.Int()));
        for (var i = 0; i < Core.Pricing.ChargeParts.Count; i++) line[(Core.Pricing.ChargeClass)i] = from.Sum();
        line.Unclassed = from.Sum();
        return line;
    }

    private void Stored(OrgState org, Window hours, Action<ClassCosts> take)
    {
        if (followed.Derived is not { } derived) return;
        using var rows = derived.Select(
            $"SELECT {Columns} FROM {ClassCostTable.Name} WHERE org = ? AND start_at >= ? AND start_at < ? ORDER BY start_at, attribution",
            org.FirstAccount, hours.Start.UnixMicros, hours.End.UnixMicros);
        while (rows.Step()) take(Line(rows));
    }

    /// <summary>Rows that no line sums. Some thousands at a time: their prices are read between two readings of rows.</summary>
    private void Rows(RecountQuery query, IReadOnlyList<Window> rest, Action<CountedUsage> take)
    {
        var position = followed.Position;
        if (followed.Detached is { } detached && rest.Any(part => part.Start <= detached.RecordedAt)) throw RowsArchivedException.OfRange(detached);
        var after = (rest.Count > 0 ? Chain.Before(followed.Ledger, query.From) : followed.CountedOrBefore(query.From)).Usage;
        var end = Chain.At(followed.Ledger, Chain.Last(followed.Ledger)).Last.Usage;
        for (; after < end; after += RowsTogether)
        {
            var found = new List<CountedUsage>();
            FollowedRows.Usage(followed.Ledger, after, Math.Min(end, after + RowsTogether), row =>
            {
                var isCounted = row.Seq <= position.Usage && !rest.Any(part => part.Contains(row.EffectiveAt));
                var isOfOrg = !isCounted && string.Equals(orgOf(row.Labels), query.Org.Org.Id, StringComparison.Ordinal);
                if (isOfOrg && query.Contains(row.EffectiveAt)) found.Add(row);
            });
            _prices.Learn(followed.Ledger, found.Select(row => row.Price));
            foreach (var row in found) take(row);
        }
    }
}
