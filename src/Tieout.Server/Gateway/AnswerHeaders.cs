using System.Collections.Frozen;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using Tieout.Core.Ledger;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway;

/// <summary>Step 10: what an answer says about itself. Every figure is the ledger's own (Q1).</summary>
internal static class AnswerHeaders
{
    /// <summary>Of a provider's answer, what a client can use. Anything else (cookies, framing, the provider's host) stays behind.</summary>
    private static readonly FrozenSet<string> PassedOn = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase, "Content-Type", "Retry-After", "Retry-After-Ms", "X-Request-Id", "X-Should-Retry");

    private const string RateLimit = "x-ratelimit-";

    private const string AnthropicRateLimit = "anthropic-ratelimit-";

    private static readonly string[] PassedOnPrefixes = ["openai-", RateLimit, AnthropicRateLimit];

    public static void Identify(IHeaderDictionary headers, GatewayAttempt attempt)
    {
        headers["Tieout-Operation"] = attempt.Caller.OperationId;
        headers["Tieout-Usage-Id"] = attempt.Id.ToString();
    }

    /// <summary>How things stand after the hold: all that can be said at the start of a stream.</summary>
    public static void Stand(IHeaderDictionary headers, Figures figures)
    {
        // The charge is in the spool, and the store that knows the rest cannot be asked.
        if (figures.RecordedAt == default) return;
        headers["Tieout-Daily-Cost"] = figures.SpentToday.ToString();

        // Without a budget, what the account may still spend is what is left. Without either there is no such figure.
        if ((figures.BudgetLeft ?? figures.Available) is { } left) headers["Tieout-Budget-Remaining"] = left.ToString();
    }

    public static void Settled(IHeaderDictionary headers, Figures figures)
    {
        headers["Tieout-Cost"] = figures.Charge.ToString();
        Stand(headers, figures);
    }

    public static void PassOn(UpstreamAnswer answer, IHeaderDictionary headers)
    {
        PassOn(answer.Headers.NonValidated, headers);
        PassOn(answer.ContentHeaders.NonValidated, headers);
    }

    private static void PassOn(HttpHeadersNonValidated from, IHeaderDictionary to)
    {
        foreach (var (name, values) in from)
        {
            if (!IsPassedOn(name)) continue;

            // Where limits of ours hold, theirs are not the client's to go by.
            if (IsLimit(name) && HasOwnLimits(to)) continue;

            // What no answer of ours may bear would cost the client its answer, and a stream its record.
            if (values.ToString() is var value && !value.AsSpan().ContainsAnyExceptInRange(' ', '~')) to[name] = value;
        }
    }

    private static bool IsLimit(string name) => name.StartsWith(RateLimit, StringComparison.OrdinalIgnoreCase) || name.StartsWith(AnthropicRateLimit, StringComparison.OrdinalIgnoreCase);

    private static bool HasOwnLimits(IHeaderDictionary headers) =>
        headers.ContainsKey("x-ratelimit-limit-requests") || headers.ContainsKey("x-ratelimit-limit-tokens")
        || headers.ContainsKey("anthropic-ratelimit-requests-limit") || headers.ContainsKey("anthropic-ratelimit-tokens-limit");

    private static bool IsPassedOn(string name)
    {
        if (PassedOn.Contains(name)) return true;
        foreach (var prefix in PassedOnPrefixes)
        {
            if (name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)) return true;
        }

        return false;
    }
}
