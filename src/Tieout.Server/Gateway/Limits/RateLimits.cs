using System.Collections.Concurrent;
using System.Collections.Immutable;
using Tieout.Core.Tenancy;
using Tieout.Server.Configuration;

namespace Tieout.Server.Gateway.Limits;

/// <summary>Step 2: limits requests and tokens per minute and requests at once, by org, team, key and model.</summary>
/// <remarks>
/// Each process counts for itself: limits protect the providers, and budgets, which are the ledger's, protect money. Buckets outlive a
/// change of the configuration as long as their rule is the same.
/// </remarks>
internal sealed class RateLimits(TimeProvider time)
{
    /// <summary>Bounds memory: at this many, full buckets without a request are removed. They would be full again when needed.</summary>
    private const int BucketsMax = 100_000;

    private readonly ConcurrentDictionary<BucketName, TokenBucket> _buckets = new();
    private readonly long _startedAt = time.GetTimestamp();

    /// <summary>Requests in flight, counted once per bucket that they are in.</summary>
    public long InFlight => _buckets.Values.Sum(bucket => bucket.InFlight);

    /// <summary>Counts a request, unless a limit refuses it.</summary>
    /// <param name="model">As the client asks for it.</param>
    /// <param name="tokens">Estimate of the tokens that the request will use.</param>
    /// <returns>Dispose of it when the request is over, whatever its end.</returns>
    public Permit Enter(ImmutableArray<LimitRule> rules, ApiKey key, string model, long tokens)
    {
        if (rules.IsEmpty) return Permit.Unlimited;
        var now = time.GetElapsedTime(_startedAt);
        var permit = new Permit(key, tokens);
        foreach (var rule in rules)
        {
            if (NameOf(rule, key, model) is not { } name) continue;
            var bucket = BucketOf(name, now);
            var standing = bucket.Enter(key.Id, tokens, now);
            permit.See(rule, standing);
            if (standing.Refused is null)
            {
                permit.Add(bucket);
                continue;
            }

            permit.Undo();
            return permit;
        }

        return permit;
    }

    /// <summary>Asks the rules that name no model, before the body is read. Counts nothing, so that a slow body takes no place.</summary>
    /// <returns>Null: none of them refuses.</returns>
    public Permit? Peek(ImmutableArray<LimitRule> rules, ApiKey key)
    {
        if (rules.IsEmpty) return null;
        var now = time.GetElapsedTime(_startedAt);
        foreach (var rule in rules)
        {
            if (rule.Model is not null || NameOf(rule, key, model: null) is not { } name) continue;
            var standing = BucketOf(name, now).Peek(key.Id, now);
            if (standing.Refused is null) continue;
            var permit = new Permit(key, tokens: 0);
            permit.See(rule, standing);
            return permit;
        }

        return null;
    }

    /// <returns>Null: the rule does not apply to this request.</returns>
    private static BucketName? NameOf(LimitRule rule, ApiKey key, string? model) =>
        Matches(rule.Org, key.Org) && Matches(rule.Team, key.Team) && Matches(rule.Key, key.Id) && Matches(rule.Model, model)
            ? new(
                rule,
                rule is { Org: null, Team: null, Key: null } ? null : key.Org,
                rule.Team is null ? null : key.Team,
                rule.Key is null ? null : key.Id,
                rule.Model is null ? null : model)
            : null;

    private static bool Matches(string? wanted, string? name) => wanted is null || (name is not null && (wanted == LimitRule.Each || wanted == name));

    private TokenBucket BucketOf(BucketName name, TimeSpan now)
    {
        if (_buckets.TryGetValue(name, out var known)) return known;
        if (_buckets.Count >= BucketsMax)
        {
            foreach (var (idle, bucket) in _buckets)
            {
                if (bucket.IsIdle(now)) _buckets.TryRemove(idle, out _);
            }
        }

        return _buckets.GetOrAdd(name, static (name, now) => new(name.Rule, now), now);
    }

    /// <summary>A rule, with the names that have a bucket of their own by it.</summary>
    private sealed record BucketName(LimitRule Rule, string? Org, string? Team, string? Key, string? Model);
}
