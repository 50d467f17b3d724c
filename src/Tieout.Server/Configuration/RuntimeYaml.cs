using Tieout.Core.Runtime;

namespace Tieout.Server.Configuration;

/// <summary>Reads <c>runtime:</c> of <c>tieout.yaml</c>.</summary>
internal static class RuntimeYaml
{
    private const int DaysMax = 31;

    public static RuntimeOptions Runtime(YamlPlace place)
    {
        var members = place.Members("interval", "heartbeat_grace_days", "lateness_days");
        var options = new RuntimeOptions();
        if (members.TryGetValue("interval", out var interval)) options = options with { Interval = Interval(interval) };
        if (members.TryGetValue("heartbeat_grace_days", out var grace)) options = options with { HeartbeatGrace = TimeSpan.FromDays(grace.Count(DaysMax)) };
        return members.TryGetValue("lateness_days", out var days) ? options with { Lateness = TimeSpan.FromDays(days.Count(DaysMax)) } : options;
    }

    private static TimeSpan Interval(YamlPlace place)
    {
        var interval = place.Duration();
        return interval.Milliseconds == 0 && Grid.IsValid((int)interval.TotalSeconds)
            ? interval
            : throw place.Wrong("'runtime.interval' must be from 10s to 1h and divide an hour, such as 1m, 5m or 15m");
    }
}
