using System.Runtime.InteropServices;
using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Ledger.Tables;
using Tieout.Core.Ledger.Tools;

namespace Tieout.Storage.Follower;

/// <summary>Tool calls as of the newest commit: the follower's hours up to its position, and the few records after it.</summary>
internal sealed class ToolReading(Followed followed)
{
    /// <summary>By slot, feature and tool; the start of a key is that of the slot.</summary>
    /// <param name="query">By day, a day is the hours of UTC that begin in it.</param>
    public IReadOnlyList<ToolHour> Hours(RecountQuery query)
    {
        var (sums, cut) = (new Dictionary<ToolHourKey, ToolHour>(), RangeCut.Of(query.From, query.To, query.Org.Zone, RecountSlot.Hour));
        ToolHour At(Instant at, string feature, string tool)
        {
            var key = new ToolHourKey(query.Org.FirstAccount, query.SlotOf(at), feature, tool);
            ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(sums, key, out _);
            return sum ??= new(key);
        }

        foreach (var hours in cut.Hours) Stored(query.Org, hours, hour => At(hour.Key.Start, hour.Key.Feature, hour.Key.Tool).Add(hour));
        Records(query, cut.Rest, (call, at) => At(at, call.Feature ?? "", call.Tool).Count(call));
        return
        [
            .. sums.Values.OrderBy(hour => hour.Key.Start).ThenBy(hour => hour.Key.Feature, StringComparer.Ordinal)
                .ThenBy(hour => hour.Key.Tool, StringComparer.Ordinal),
        ];
    }

    private void Stored(OrgState org, Window hours, Action<ToolHour> take)
    {
        if (followed.Derived is not { } derived) return;
        using var rows = derived.Select(
            $"SELECT {ToolCallRows.HourColumns} FROM {ToolHourTable.Name} WHERE org = ? AND start_at >= ? AND start_at < ? ORDER BY start_at",
            org.FirstAccount, hours.Start.UnixMicros, hours.End.UnixMicros);
        while (rows.Step()) take(ToolCallRows.Hour(rows));
    }

    /// <summary>Calls of the range that no hour counts: those after the position, and those of what is left of hours.</summary>
    private void Records(RecountQuery query, IReadOnlyList<Window> rest, Action<ToolCall, Instant> take)
    {
        var counted = followed.Position.Record;
        var after = followed.RecordsCountedOrBefore(query.From, isRowByRow: rest.Count > 0);
        ToolCallRows.Read(followed.Ledger, after, counted, (org, call, recordedAt) =>
        {
            var at = call.CountsAt(recordedAt);
            if (rest.Any(part => part.Contains(at))) Take(org, call, at);
        });
        ToolCallRows.Read(followed.Ledger, Math.Max(after, counted), long.MaxValue, (org, call, recordedAt) => Take(org, call, call.CountsAt(recordedAt)));

        void Take(string org, ToolCall call, Instant at)
        {
            if (query.Contains(at) && string.Equals(org, query.Org.Org.Id, StringComparison.Ordinal)) take(call, at);
        }
    }
}
