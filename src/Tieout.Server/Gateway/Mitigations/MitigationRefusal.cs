using System.Globalization;
using Microsoft.AspNetCore.Http;
using Tieout.Core.Spike;
using Tieout.Server.Errors;

namespace Tieout.Server.Gateway.Mitigations;

/// <summary>The answers to requests that a mitigation refuses: a sentence with its id and end, and headers that stop the retries of SDKs.</summary>
internal static class MitigationRefusal
{
    /// <summary>The header of every answer that a mitigation touched: the ids, with commas between them.</summary>
    public const string Header = "Tieout-Mitigated";

    public static GatewayRefusal Off(Mitigation by) => new(
        ApiError.MitigationOff, $"The mitigation '{by.Id}' of {by.Owner} switches requests of {by.Scope} off until {Time(by.ExpiresAt)}.");

    public static GatewayRefusal Limited(Mitigation by, in CountRefusal count) => by.Kind is MitigationKind.RetryBudget
        ? new(ApiError.MitigationRetries,
            $"The mitigation '{by.Id}' admits {count.Limit} repeated requests a minute, and {count.Count} were admitted. Do not repeat requests now.")
        : new(ApiError.MitigationLimited,
            $"The mitigation '{by.Id}' admits {count.Limit} requests of {by.Scope} in {Seconds(by.Rule.Period)} s. Do not try again before Retry-After.");

    public static GatewayRefusal Superseded(Mitigation by) => new(
        ApiError.MitigationSuperseded, $"A newer request of the same caller replaced this one, by the mitigation '{by.Id}'. Nothing was sent or charged.");

    public static GatewayRefusal CostCap(Mitigation by, string detail) => new(
        ApiError.MitigationCostCap, $"The mitigation '{by.Id}' of {by.Owner} caps the cost of an hour, until {Time(by.ExpiresAt)}. {detail}");

    /// <summary>Says which mitigation touched the request.</summary>
    public static void Mark(HttpResponse response, Mitigation by)
    {
        var known = response.Headers[Header].ToString();
        response.Headers[Header] = known.Length == 0 ? by.Id : $"{known}, {by.Id}";
    }

    /// <summary>The official SDKs retry 409 and 429 unless this header forbids it. Refusals that are retried are a retry storm of their own.</summary>
    public static void StopRetries(HttpResponse response, Mitigation by, TimeSpan wait)
    {
        Mark(response, by);
        response.Headers["x-should-retry"] = "false";
        if (wait > TimeSpan.Zero) response.Headers.RetryAfter = Seconds(wait);
    }

    public static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string Seconds(TimeSpan time) => Math.Max(1, (long)Math.Ceiling(time.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
}
