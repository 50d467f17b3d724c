using System.Globalization;
using System.Text.Json.Serialization;

namespace Tieout.Simulator.Replay;

/// <summary>What became of a replay. Every row sent is in exactly one of <c>Ok</c>, <c>Refused</c> and <c>Failures</c>.</summary>
/// <param name="Sent">Requests sent.</param>
/// <param name="Ok">Answered 2xx, to the end.</param>
/// <param name="Refused">Answered 4xx, by status: <c>402</c> no headroom, <c>429</c> a rate limit ...</param>
/// <param name="Failed">The sum of <paramref name="Failures"/>.</param>
/// <param name="Failures">By cause: any other status, <c>connect</c> (nothing was sent), <c>broken</c> (the answer did not come to its end),
/// <c>timeout</c>.</param>
/// <param name="Cost">Σ of the costs the gateway stated, major units, exact decimal.</param>
/// <param name="CostUnknown">Of <paramref name="Ok"/>, those for which it stated none.</param>
/// <param name="Streamed">Of <paramref name="Sent"/>, those that asked for a stream.</param>
/// <param name="P50Ms">Milliseconds from sending to the last byte, of those that are ok; at most one part in a thousand too high.</param>
public sealed record ReplaySummary(
    long Sent, long Ok, IReadOnlyDictionary<string, long> Refused, long Failed, IReadOnlyDictionary<string, long> Failures,
    string Cost, long CostUnknown, long Streamed, decimal DurationS, decimal RequestsPerS, decimal P50Ms, decimal P99Ms)
{
    [JsonIgnore]
    public long RefusedTotal => Refused.Values.Sum();

    /// <summary>Nothing was answered at all because no connection was to be had.</summary>
    [JsonIgnore]
    public bool ServerUnreachable => Sent > 0 && Failures.GetValueOrDefault(ReplayTally.Connect) == Sent;

    /// <summary>For people, a few lines.</summary>
    public override string ToString()
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"""
            sent     {Sent:N0} in {DurationS} s, {RequestsPerS:N1} a second ({Streamed:N0} streamed)
            ok       {Ok:N0}, p50 {P50Ms} ms, p99 {P99Ms} ms
            refused  {RefusedTotal:N0}{Listed(Refused)}
            failed   {Failed:N0}{Listed(Failures)}
            cost     {Cost}
            """);
        return CostUnknown == 0 ? text : string.Create(CultureInfo.InvariantCulture, $"{text} and {CostUnknown:N0} of unknown cost");
    }

    private static string Listed(IReadOnlyDictionary<string, long> counts) => counts.Count == 0
        ? ""
        : $" ({string.Join(", ", counts.Select(count => string.Create(CultureInfo.InvariantCulture, $"{count.Key}: {count.Value:N0}")))})";
}

/// <summary>snake_case, as every answer of Tieout's.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(ReplaySummary))]
public sealed partial class ReplayJson : JsonSerializerContext;
