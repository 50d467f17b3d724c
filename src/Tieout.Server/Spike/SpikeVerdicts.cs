using System.Collections.Concurrent;
using Tieout.Analysis.Detection;

namespace Tieout.Server.Spike;

/// <summary>The last verdict on the cost of each org, as this server judged it while it led.</summary>
internal sealed class SpikeVerdicts
{
    private readonly ConcurrentDictionary<string, (long Hour, SpikeTiming Timing)> _byOrg = new(StringComparer.Ordinal);

    /// <param name="hour">The end of the judged hours.</param>
    public void Set(string org, long hour, SpikeTiming timing) => _byOrg[org] = (hour, timing);

    /// <summary>Null: the org was not judged at that hour.</summary>
    public SpikeTiming? Find(string org, long hour) => _byOrg.TryGetValue(org, out var last) && last.Hour == hour ? last.Timing : null;
}
