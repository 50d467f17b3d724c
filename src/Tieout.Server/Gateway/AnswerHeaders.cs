using System.Collections.Frozen;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using Tieout.Core.Ledger;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway;

/// <summary>Step 10: the headers of an answer. Every figure is the ledger's own (Q1).</summary>
internal static class AnswerHeaders
{
    /// <summary>Headers of a provider's answer that a client can use. No other header (cookies, framing, the provider's host) is copied.</summary>
    private static readonly FrozenSet<string> Copied = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase, "Content-Type", "Retry-After", "Retry-After-Ms", "X-Request-Id", "X-Should-Retry");

    private const string RateLimit = "x-ratelimit-";

    private const string AnthropicRateLimit = "anthropic-ratelimit-";

    private static readonly string[] CopiedPrefixes = ["openai-", RateLimit, AnthropicRateLimit];

    public static void WriteIds(IHeaderDictionary headers, GatewayAttempt attempt)
    {
        headers["Tieout-Operation"] = attempt.Caller.OperationId;
        headers["Tieout-Usage-Id"] = attempt.Id.ToString();
    }

    /// <summary>What account and budgets have left after the hold: the only figures that are known at the start of a stream.</summary>
    public static void WriteRemaining(IHeaderDictionary headers, Figures figures)
    {
        // The charge waits in the spool, and the store that has the other figures cannot be read.
        if (figures.RecordedAt == default) return;
        headers["Tieout-Daily-Cost"] = figures.SpentToday.ToString();

        // Without a budget, the account limits what is left. Without a limit of either, there is no such figure.
        if ((figures.BudgetLeft ?? figures.Available) is { } left) headers["Tieout-Budget-Remaining"] = left.ToString();
    }

    public static void WriteCost(IHeaderDictionary headers, Figures figures)
    {
        headers["Tieout-Cost"] = figures.Charge.ToString();
        WriteRemaining(headers, figures);
    }

    public static void Copy(UpstreamAnswer answer, IHeaderDictionary headers)
    {
        Copy(answer.Headers.NonValidated, headers);
        Copy(answer.ContentHeaders.NonValidated, headers);
    }

    private static void Copy(HttpHeadersNonValidated from, IHeaderDictionary to)
    {
        foreach (var (name, values) in from)
        {
            if (!IsCopied(name)) continue;

            // Where our own limits apply, the provider's would mislead the client.
            if (IsLimit(name) && HasOwnLimits(to)) continue;

            // The server refuses to send other characters, which would cost the client its answer, and a stream its record.
            if (values.ToString() is var value && !value.AsSpan().ContainsAnyExceptInRange(' ', '~')) to[name] = value;
        }
    }

    private static bool IsLimit(string name) =>
        name.StartsWith(RateLimit, StringComparison.OrdinalIgnoreCase) || name.StartsWith(AnthropicRateLimit, StringComparison.OrdinalIgnoreCase);

    private static bool HasOwnLimits(IHeaderDictionary headers) =>
        headers.ContainsKey("x-ratelimit-limit-requests") || headers.ContainsKey("x-ratelimit-limit-tokens")
        || headers.ContainsKey("anthropic-ratelimit-requests-limit") || headers.ContainsKey("anthropic-ratelimit-tokens-limit");

    private static bool IsCopied(string name)
    {
        if (Copied.Contains(name)) return true;
        foreach (var prefix in CopiedPrefixes)
        {
            if (name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)) return true;
        }

        return false;
    }
}
