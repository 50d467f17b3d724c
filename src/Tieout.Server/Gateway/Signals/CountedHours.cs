namespace Tieout.Server.Gateway.Signals;

/// <summary>Counts in memory, by org and hour since 1970, until they are recorded. Safe for any number of threads.</summary>
internal sealed class CountedHours
{
    /// <summary>Counts of an org's hour; features past it count as <see cref="OtherFeature"/>.</summary>
    private const int CountsMax = 500;

    private const string OtherFeature = "(other)";

    private readonly Lock _gate = new();
    private readonly Dictionary<(string Org, long Hour), Counts> _hours = [];

    public void Add(string org, long hour, string feature, string signal, string value)
    {
        lock (_gate)
        {
            if (!_hours.TryGetValue((org, hour), out var counts)) _hours.Add((org, hour), counts = new());
            var key = (feature, signal, value);
            if (counts.Of.Count >= CountsMax && !counts.Of.ContainsKey(key)) key = (OtherFeature, signal, value);
            counts.Of[key] = counts.Of.GetValueOrDefault(key) + 1;
            counts.IsRecorded = false;
        }
    }

    /// <summary>The hours that have grown since they were recorded.</summary>
    public IReadOnlyList<(string Org, long Hour, SignalHour Counted)> Unrecorded()
    {
        lock (_gate)
        {
            return
            [
                .. _hours.Where(hour => !hour.Value.IsRecorded).Select(hour => (hour.Key.Org, hour.Key.Hour, new SignalHour(
                    [.. hour.Value.Of.Select(count => new SignalCount(count.Key.Feature, count.Key.Signal, count.Key.Value, count.Value))])))
            ];
        }
    }

    /// <summary>What was recorded is not recorded again unless it has grown, and hours that are over are forgotten.</summary>
    /// <param name="now">The present hour.</param>
    public void Recorded(IEnumerable<(string Org, long Hour, SignalHour Counted)> recorded, long now)
    {
        lock (_gate)
        {
            foreach (var (org, hour, counted) in recorded)
            {
                var counts = _hours[(org, hour)];
                counts.IsRecorded = counts.Of.Values.Sum() == counted.Counts.Sum(count => count.Count);
                if (counts.IsRecorded && hour < now) _hours.Remove((org, hour));
            }
        }
    }

    private sealed class Counts
    {
        public Dictionary<(string Feature, string Signal, string Value), long> Of { get; } = [];

        public bool IsRecorded { get; set; }
    }
}
