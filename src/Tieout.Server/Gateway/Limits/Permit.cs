using System.Globalization;
using Microsoft.AspNetCore.Http;
using Tieout.Core.Tenancy;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Dialects;

namespace Tieout.Server.Gateway.Limits;

/// <summary>A request's place in each bucket that counts it. Disposing of the permit gives the places back.</summary>
internal sealed class Permit : IDisposable
{
    private readonly ApiKey? _key;
    private readonly long _tokens;
    private List<TokenBucket>? _entered;
    private LimitFigure? _requests, _tokensLeft;
    private long? _used;

    public Permit(ApiKey key, long tokens) => (_key, _tokens) = (key, tokens);

    private Permit()
    {
    }

    /// <summary>The permit where no limits are configured. It has no state, so all requests share it.</summary>
    public static Permit Unlimited { get; } = new();

    /// <summary>Why the request goes no further; null: it goes on.</summary>
    public GatewayRefusal? Refusal { get; private set; }

    /// <summary>How long until a retry can succeed.</summary>
    public TimeSpan RetryAfter { get; private set; }

    /// <summary>Adds the tokens that an attempt really used.</summary>
    public void Used(long tokens)
    {
        if (_key is not null) _used = (_used ?? 0) + tokens;
    }

    /// <summary>Writes the dialect's headers for the tightest limit.</summary>
    public void WriteTo(IHeaderDictionary headers, Dialect dialect, TimeProvider time)
    {
        if (_requests is { } requests) dialect.WriteLimit(headers, "requests", requests, time.GetUtcNow());
        if (_tokensLeft is { } tokens) dialect.WriteLimit(headers, "tokens", tokens, time.GetUtcNow());
        if (Refusal is null) return;
        headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(RetryAfter.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        headers["Retry-After-Ms"] = Math.Max(1, (long)Math.Ceiling(RetryAfter.TotalMilliseconds)).ToString(CultureInfo.InvariantCulture);
    }

    public void Dispose()
    {
        if (_entered is not { } entered) return;
        _entered = null;
        foreach (var bucket in entered) bucket.Leave(_key!.Id, requests: 0, _tokens, _used);
    }

    public void Add(TokenBucket bucket) => (_entered ??= []).Add(bucket);

    public void See(LimitRule rule, in LimitStanding standing)
    {
        _requests = Tighter(_requests, standing.Requests);
        _tokensLeft = Tighter(_tokensLeft, standing.Tokens);
        if (standing.Refused is not { } kind) return;
        RetryAfter = standing.Wait;
        Refusal = new(ApiError.RateLimited, $"{Limit(rule, kind)}. Try again in {Span(standing.Wait)}.");
    }

    /// <summary>Gives the places back because a later rule refused the request.</summary>
    public void Undo()
    {
        foreach (var bucket in _entered ?? []) bucket.Leave(_key!.Id, requests: 1, _tokens, used: 0);
        _entered = null;
    }

    private static LimitFigure? Tighter(LimitFigure? one, LimitFigure? other) =>
        one is not { } left || (other is { } right && right.Remaining < left.Remaining) ? other ?? one : one;

    private static string Limit(LimitRule rule, LimitKind kind)
    {
        var whose = string.Join(" and ", new[] { ("org", rule.Org), ("team", rule.Team), ("key", rule.Key), ("model", rule.Model) }
            .Where(part => part.Item2 is not null).Select(part => part.Item1));
        var of = whose.Length == 0 ? "here" : $"for the {whose}";
        return kind switch
        {
            LimitKind.Requests => string.Create(CultureInfo.InvariantCulture, $"The limit {of} is {rule.RequestsPerMinute} requests a minute"),
            LimitKind.Tokens => string.Create(CultureInfo.InvariantCulture, $"The limit {of} is {rule.TokensPerMinute} tokens a minute"),
            _ => string.Create(CultureInfo.InvariantCulture, $"The limit {of} is {rule.Concurrency} requests at the same time"),
        };
    }

    /// <summary>As OpenAI writes times: <c>120ms</c>, <c>1s</c>, <c>6m0s</c>.</summary>
    internal static string Span(TimeSpan time) => time switch
    {
        { TotalMilliseconds: < 1000 } => string.Create(CultureInfo.InvariantCulture, $"{(long)Math.Ceiling(time.TotalMilliseconds)}ms"),
        { TotalMinutes: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(time.TotalSeconds * 1000) / 1000:0.###}s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{(long)time.TotalMinutes}m{(int)Math.Ceiling(time.TotalSeconds % 60)}s"),
    };
}
