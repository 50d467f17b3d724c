using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Tieout.Server.Governor;

/// <summary>What is occupied, the limits and the refusals, in Prometheus' text form. Nothing of any org.</summary>
internal static class GovernorMetrics
{
    public static void Write(StringBuilder text, ConnectionTable connections, Occupancy occupancy, ReadLane reads)
    {
        Head("connections", "Open connections of clients.", "gauge");
        Line("connections", connections.Open);
        Head("connections_limit", "Connections that clients may have open.", "gauge");
        Line("connections_limit", connections.Max);
        Head("connections_closed_total", "Connections closed for the limits; silent: without a request, for another one; refused: new, while all were in use.",
            "counter");
        Line("connections_closed_total{reason=\"silent\"}", connections.ClosedForOthers);
        Line("connections_closed_total{reason=\"refused\"}", connections.Refused);
        Head("occupied", "Units that all callers together occupy now: requests, or bytes.", "gauge");
        foreach (var resource in Enum.GetValues<Resource>()) Line($"occupied{{resource=\"{Name(resource)}\"}}", occupancy.Taken(resource));
        Head("limit", "Units that all callers together may occupy: requests, or bytes.", "gauge");
        foreach (var resource in Enum.GetValues<Resource>()) Line($"limit{{resource=\"{Name(resource)}\"}}", occupancy.SharesOf(resource).All);
        Head("refused_total", "Requests that were refused because the share of the holder was used up.", "counter");
        foreach (var resource in Enum.GetValues<Resource>())
        {
            foreach (var holder in Enum.GetValues<ShareHolder>())
            {
                Line($"refused_total{{resource=\"{Name(resource)}\",holder=\"{Name(holder)}\"}}", occupancy.Refused(resource, holder));
            }
        }

        Head("reads", "Reads of stored rows that run now.", "gauge");
        Line("reads", reads.Running);
        Head("reads_limit", "Reads of stored rows that may run at the same time.", "gauge");
        Line("reads_limit", reads.Limit);
        Head("reads_ended_total", "Reads that got no place in time, and reads that took too long.", "counter");
        Line("reads_ended_total{reason=\"no_place\"}", reads.Refused);
        Line("reads_ended_total{reason=\"too_long\"}", reads.TooLong);

        void Head(string name, string help, string type) =>
            text.Append(CultureInfo.InvariantCulture, $"# HELP tieout_governor_{name} {help}\n# TYPE tieout_governor_{name} {type}\n");
        void Line(string name, long value) => text.Append(CultureInfo.InvariantCulture, $"tieout_governor_{name} {value}\n");
    }

    /// <summary>As configuration and metrics write it.</summary>
    public static string Name<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}
