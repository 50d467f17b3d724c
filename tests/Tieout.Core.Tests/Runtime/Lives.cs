using FsCheck;
using FsCheck.Fluent;
using Tieout.Core.Metering;
using Tieout.Core.Runtime;

namespace Tieout.Core.Tests.Runtime;

/// <summary>Instances and what may happen to them, with the truth worked out second by second.</summary>
internal static class Lives
{
    public const long Begin = 1_700_000_000 / 3_600 * 3_600;
    public const int Length = 1_200;
    public static readonly Grid Grid = new(60);

    public static RuntimeInstance Instance(long? heartbeat) => new(
        "acme", "app-1", UsageSource.AppRuntime, "p", null, null, null, "on_demand", "instance", "ray", heartbeat, "c-1",
        [new("worker", "h100", 8, 2, IsControlPlane: false), new("head", "m7", 0, 1, IsControlPlane: true)]);

    // Few seconds on purpose: events of the same second, and at the edges of intervals, must be common.
    private static readonly Gen<ActivityEvent> AnyEvent =
        from id in Gen.Choose(1, 60)
        from second in Gen.Frequency((3, Gen.Choose(0, Length - 1)), (1, Gen.Choose(0, Length / 60 - 1).Select(slot => slot * 60)))
        from micros in Gen.Elements(0, 999_999)
        from kind in Gen.Elements(
            ActivityKind.Start, ActivityKind.Start, ActivityKind.Stop, ActivityKind.Heartbeat, ActivityKind.Scale, ActivityKind.ModeChange)
        from replicas in Gen.Choose(0, 3)
        select new ActivityEvent(
            $"e{id}", new((Begin + second) * Instant.MicrosPerSecond + micros), kind, kind is ActivityKind.ModeChange ? "batch" : null,
            kind is ActivityKind.Scale ? "worker" : null, replicas);

    public static readonly Arbitrary<List<ActivityEvent>> Any = Arb.From(
        AnyEvent.ListOf().Select(events => events.DistinctBy(happened => happened.Id).ToList()),
        events => events.Select((_, omitted) => events.Where((_, index) => index != omitted).ToList()));

    public static ActivityLog Log(RuntimeInstance instance, IEnumerable<ActivityEvent> events)
    {
        var log = new ActivityLog(instance);
        foreach (var happened in events) log.Add(happened);
        return log;
    }

    /// <summary>What each component was at each second; null: not active. Written apart from what it judges, and slow.</summary>
    public static (int Replicas, string? Mode)?[,] Truth(RuntimeInstance instance, IEnumerable<ActivityEvent> events)
    {
        var sorted = events.OrderBy(happened => happened.At.UnixMicros)
            .ThenBy(happened => (int)happened.Kind).ThenBy(happened => happened.Id, StringComparer.Ordinal).ToList();
        var truth = new (int, string?)?[instance.Components.Length, Length];
        for (var second = 0; second < Length; second++)
        {
            var (running, last, mode) = (false, 0L, instance.OperatingMode);
            var replicas = instance.Components.Select(component => component.Replicas).ToArray();
            foreach (var happened in sorted.TakeWhile(happened => happened.At.UnixMicros / Instant.MicrosPerSecond - Begin <= second))
            {
                if (happened.Kind is ActivityKind.Start) running = true;
                if (happened.Kind is ActivityKind.Stop) running = false;
                if (happened.Kind is ActivityKind.Start or ActivityKind.ModeChange) mode = happened.Mode ?? mode;
                if (happened.Kind is ActivityKind.Scale) replicas[0] = happened.Replicas;
                last = happened.At.UnixMicros / Instant.MicrosPerSecond - Begin;
            }

            if (!running || second >= last + (instance.HeartbeatSeconds ?? long.MaxValue / 2)) continue;
            for (var i = 0; i < replicas.Length; i++) truth[i, second] = replicas[i] > 0 ? (replicas[i], mode) : null;
        }

        return truth;
    }

    /// <summary>Stretches laid out second by second; a second that is there twice fails.</summary>
    public static (int Replicas, string? Mode)?[,] LaidOut(RuntimeInstance instance, IEnumerable<Stretch> stretches)
    {
        var seconds = new (int, string?)?[instance.Components.Length, Length];
        foreach (var stretch in stretches)
        {
            for (var second = stretch.From - Begin; second < stretch.To - Begin; second++)
            {
                Assert.Null(seconds[stretch.Component, second]);
                seconds[stretch.Component, second] = (stretch.Replicas, stretch.Mode);
            }
        }

        return seconds;
    }
}
