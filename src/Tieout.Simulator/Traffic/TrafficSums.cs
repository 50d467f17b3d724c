using System.Runtime.InteropServices;

namespace Tieout.Simulator.Traffic;

/// <summary>What requests of one hour, the same labels, trigger and price list used and cost: what a meter that adds up has of them.</summary>
/// <param name="hour">The beginning of the hour.</param>
public sealed class TrafficSums(DateTimeOffset hour, TrafficLabels labels, string trigger, int priceVersion)
{
    public DateTimeOffset Hour => hour;

    public TrafficLabels Labels => labels;

    public string Trigger => trigger;

    public int PriceVersion => priceVersion;

    public long Requests { get; private set; }

    public long Input { get; private set; }

    public long CacheRead { get; private set; }

    public long CacheWrite { get; private set; }

    public long Output { get; private set; }

    public long Reasoning { get; private set; }

    public Int128 CostNanos { get; private set; }

    /// <summary>Adds up requests that come in the order of their hours.</summary>
    public static IEnumerable<TrafficSums> Of(IEnumerable<TrafficEvent> events)
    {
        var (hour, sums) = (DateTimeOffset.MinValue, new Dictionary<(TrafficLabels, string, int), TrafficSums>());
        foreach (var each in events)
        {
            var own = new DateTimeOffset(each.At.Ticks - each.At.Ticks % TimeSpan.TicksPerHour, TimeSpan.Zero);
            if (own != hour)
            {
                foreach (var sum in sums.Values) yield return sum;
                sums.Clear();
                hour = own;
            }

            Add(sums, own, each);
        }

        foreach (var sum in sums.Values) yield return sum;
    }

    private static void Add(Dictionary<(TrafficLabels, string, int), TrafficSums> sums, DateTimeOffset hour, in TrafficEvent each)
    {
        ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(sums, (each.Labels, each.Trigger, each.PriceVersion), out _);
        (sum ??= new(hour, each.Labels, each.Trigger, each.PriceVersion)).Add(each);
    }

    private void Add(in TrafficEvent each) =>
        Add(1, each.Input, each.CacheRead, each.CacheWrite, each.Output, each.Reasoning, each.CostNanos);

    internal void Add(long requests, long input, long cacheRead, long cacheWrite, long output, long reasoning, long costNanos)
    {
        Requests += requests;
        (Input, CacheRead, CacheWrite) = (Input + input, CacheRead + cacheRead, CacheWrite + cacheWrite);
        (Output, Reasoning, CostNanos) = (Output + output, Reasoning + reasoning, CostNanos + costNanos);
    }
}
