using System.Collections.Immutable;
using System.Globalization;
using Tieout.Core.Tenancy;

namespace Tieout.Server.Configuration;

/// <summary>Reads the sections of <c>tieout.yaml</c> that say where requests go, how often and how fast.</summary>
internal static class RoutingYaml
{
    /// <summary>More upstreams than this for one name are a mistake, and the choice among them is made for every request.</summary>
    public const int UpstreamsMax = 32;

    private const long RateMax = 1_000_000_000_000;
    private const long ConcurrencyMax = 1_000_000;
    private static readonly TimeSpan BreakerTimeMin = TimeSpan.FromMilliseconds(500);

    public static TimeoutOptions Timeouts(YamlPlace place, bool withConnect)
    {
        var members = withConnect ? place.Members("connect", "first_byte", "idle", "total") : place.Members("first_byte", "idle", "total");
        return new(Time("connect"), Time("first_byte"), Time("idle"), Time("total"));

        TimeSpan? Time(string name) => members.TryGetValue(name, out var time) ? time.Duration() : null;
    }

    public static RetryOptions Retries(YamlPlace place)
    {
        var members = place.Members("attempts_max", "backoff", "retry_after_max", "on");
        var retries = RetryOptions.Default with { Repeats = true };
        if (members.TryGetValue("attempts_max", out var attempts))
        {
            retries = retries with { AttemptsMax = (int)attempts.Count(RetryOptions.AttemptsUpperBound) };
        }

        if (members.TryGetValue("backoff", out var backoff)) retries = retries with { Backoff = backoff.Duration() };
        if (members.TryGetValue("retry_after_max", out var after)) retries = retries with { RetryAfterMax = after.Duration() };
        if (members.TryGetValue("on", out var on)) retries = retries with { On = on.Items().Aggregate(RetryOn.None, (all, item) => all | On(item)) };
        return retries;
    }

    public static BreakerOptions Breaker(YamlPlace place)
    {
        var members = place.Members("failures", "window", "open_for");
        var breaker = BreakerOptions.Default;
        if (members.TryGetValue("failures", out var failures)) breaker = breaker with { Failures = (int)failures.Count(1_000) };
        if (members.TryGetValue("window", out var window)) breaker = breaker with { Window = AtLeastHalfASecond(window) };
        if (members.TryGetValue("open_for", out var open)) breaker = breaker with { OpenFor = AtLeastHalfASecond(open) };
        return breaker.Failures >= 2 ? breaker : throw failures!.Wrong("one failure is no pattern: 'failures' must be a whole number from 2 to 1000");
    }

    /// <summary>The rules in their order. All that match a request hold for it.</summary>
    public static ImmutableArray<LimitRule> Limits(YamlPlace place) => [.. place.Items().Select(Limit)];

    /// <summary>A chain of fallbacks that comes back to where it began would never end.</summary>
    /// <param name="models">With the place of each fallback's name.</param>
    public static void RefuseLoops(IReadOnlyDictionary<string, ImmutableArray<(string Name, YamlPlace Place)>> models)
    {
        foreach (var (model, fallbacks) in models)
        {
            foreach (var (name, place) in fallbacks)
            {
                if (!models.ContainsKey(name)) throw place.Wrong($"model '{model}' falls back to '{name}', which 'models' does not have");
                if (Chain(name, model, models, []) is { } chain)
                {
                    throw place.Wrong($"the fallbacks of model '{model}' come back to it: {model} → {string.Join(" → ", chain)}");
                }
            }
        }
    }

    private static List<string>? Chain(
        string from, string to, IReadOnlyDictionary<string, ImmutableArray<(string Name, YamlPlace Place)>> models, HashSet<string> seen)
    {
        if (from == to) return [to];
        if (!seen.Add(from) || !models.TryGetValue(from, out var fallbacks)) return null;
        foreach (var (name, _) in fallbacks)
        {
            if (Chain(name, to, models, seen) is { } rest) return [from, .. rest];
        }

        return null;
    }

    private static LimitRule Limit(YamlPlace place)
    {
        var members = place.Members("org", "team", "key", "model", "requests_per_minute", "tokens_per_minute", "concurrency");
        var rule = new LimitRule(Who("org"), Who("team"), Who("key"), Who("model"), Count("requests_per_minute", RateMax), Count("tokens_per_minute", RateMax),
            Count("concurrency", ConcurrencyMax));
        if (rule is { RequestsPerMinute: null, TokensPerMinute: null, Concurrency: null })
        {
            throw place.Wrong("a limit needs requests_per_minute, tokens_per_minute or concurrency");
        }

        return rule;

        long? Count(string name, long max) => members.TryGetValue(name, out var count) ? count.Count(max) : null;
        string? Who(string name)
        {
            if (!members.TryGetValue(name, out var who)) return null;
            var text = who.Text();
            return text == LimitRule.Each || Names.IsValid(text) ? text : throw who.Wrong($"'{text}' is neither a name nor *");
        }
    }

    private static RetryOn On(YamlPlace place) => place.Text() switch
    {
        "unreachable" => RetryOn.Unreachable,
        "no_answer" => RetryOn.NoAnswer,
        "429" => RetryOn.TooMany,
        "5xx" => RetryOn.ServerError,
        var other => throw place.Wrong($"'{other}' is unknown. Use unreachable, no_answer, 429 or 5xx"),
    };

    private static TimeSpan AtLeastHalfASecond(YamlPlace place)
    {
        var time = place.Duration();
        return time >= BreakerTimeMin
            ? time : throw place.Wrong(string.Create(CultureInfo.InvariantCulture, $"a breaker's time must be at least {BreakerTimeMin.TotalMilliseconds}ms"));
    }
}
