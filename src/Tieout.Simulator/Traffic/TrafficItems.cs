using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Tieout.Core.Money;

namespace Tieout.Simulator.Traffic;

/// <summary>The requests of a case as records that <c>POST /api/v1/usage</c> takes.</summary>
public static class TrafficItems
{
    /// <summary>Half of what a call may have.</summary>
    private const int PerCall = 5_000;

    /// <summary>Bodies of calls: JSON arrays.</summary>
    /// <param name="later">Is added to every time; whole weeks leave hours and weekends where they are.</param>
    /// <param name="prefix">Of the orgs, providers and ids, so that two cases do not mix.</param>
    public static IEnumerable<byte[]> Of(TrafficCase of, TimeSpan later, string prefix)
    {
        foreach (var chunk in of.Events().Chunk(PerCall))
        {
            var buffer = new ArrayBufferWriter<byte>();
            using (var json = new Utf8JsonWriter(buffer))
            {
                json.WriteStartArray();
                foreach (var each in chunk) Write(json, each, later, prefix);
                json.WriteEndArray();
            }

            yield return buffer.WrittenSpan.ToArray();
        }
    }

    public static IReadOnlyList<string> Orgs(TrafficCase of, string prefix) => [.. of.Orgs.Select(org => prefix + org)];

    private static void Write(Utf8JsonWriter json, in TrafficEvent each, TimeSpan later, string prefix)
    {
        var labels = each.Labels;
        json.WriteStartObject();
        json.WriteString("id", string.Create(CultureInfo.InvariantCulture, $"{prefix}{each.Id}"));
        json.WriteString("source", $"{prefix}simulated");
        json.WriteString("occurred_at", (each.At + later).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
        json.WriteString("org", prefix + labels.Org);
        json.WriteString("team", labels.Team);
        json.WriteString("key", labels.Key);
        json.WriteString("feature", labels.Feature);
        json.WriteString("provider", prefix + labels.Provider);
        json.WriteString("model", labels.Model);
        json.WriteString("user", string.Create(CultureInfo.InvariantCulture, $"{labels.Org}-user-{each.User}"));
        if (each.Trigger.Length > 0) json.WriteString("trigger", each.Trigger);
        json.WriteNumber("status_code", each.Failed ? 504 : 200);
        json.WriteNumber("input_tokens", (long)each.Input + each.CacheRead + each.CacheWrite);
        json.WriteNumber("cache_read_tokens", each.CacheRead);
        json.WriteNumber("cache_write_tokens", each.CacheWrite);
        json.WriteNumber("output_tokens", (long)each.Output + each.Reasoning);
        json.WriteNumber("reasoning_tokens", each.Reasoning);
        json.WriteString("provider_cost", new Amount(each.CostNanos).ToString());
        json.WriteString("charge", new Amount(each.CostNanos).ToString());
        json.WriteEndObject();
    }
}
