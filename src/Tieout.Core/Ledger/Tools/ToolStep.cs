using System.Runtime.InteropServices;
using Tieout.Core.Ledger.Recounts;

namespace Tieout.Core.Ledger.Tools;

/// <summary>The hours of some tool calls, each call counted once.</summary>
public sealed class ToolStep
{
    private readonly Dictionary<ToolHourKey, ToolHour> _hours = [];

    public IReadOnlyCollection<ToolHour> Hours => _hours.Values;

    /// <param name="recordedAt">When the call was recorded.</param>
    /// <param name="org">Number of the first account of the org that made the call.</param>
    public void Add(ToolCall call, Instant recordedAt, int org)
    {
        var key = new ToolHourKey(org, Recount.HourOf(call.CountsAt(recordedAt)), call.Feature ?? "", call.Tool);
        ref var hour = ref CollectionsMarshal.GetValueRefOrAddDefault(_hours, key, out _);
        (hour ??= new(key)).Count(call);
    }
}
