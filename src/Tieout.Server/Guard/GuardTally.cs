using System.Text.Json.Serialization;

namespace Tieout.Server.Guard;

/// <summary>What a policy answered.</summary>
/// <param name="Samples">Ids of the newest decisions that were a hit, a block or overridden, newest first.</param>
public sealed record GuardCounts(long Allowed, long Overridden, long ShadowHits, long Blocked, IReadOnlyList<string> Samples)
{
    /// <summary>The most samples that are kept.</summary>
    public const int SamplesMax = 20;

    [JsonIgnore]
    public long Asked => Allowed + Overridden + ShadowHits + Blocked;

    /// <summary>Ids begin with the time.</summary>
    public static IReadOnlyList<string> Newest(IEnumerable<string> samples) =>
        [.. samples.OrderDescending(StringComparer.Ordinal).Take(SamplesMax)];
}

/// <summary>What policies answered in an hour, by policy, and when overrides were last used, by override.</summary>
public sealed record GuardHour(IReadOnlyDictionary<string, GuardCounts> Policies, IReadOnlyDictionary<string, DateTimeOffset> Uses);

/// <summary>Adds up decisions, one by one or by the hour.</summary>
internal sealed class GuardTally
{
    private readonly Dictionary<(string Policy, DateOnly Day), Sum> _days = [];
    private readonly Dictionary<string, DateTimeOffset> _uses = new(StringComparer.Ordinal);

    /// <summary>By override: when it was last used.</summary>
    public IReadOnlyDictionary<string, DateTimeOffset> Uses => _uses;

    public void Add(GuardDecision decision)
    {
        if (decision.Policy is { } policy) SumOf(policy, decision.Day).Add(decision);
        if (decision.OverrideId is { } used) Use(used, decision.DecidedAt);
    }

    public void Add(DateOnly day, GuardHour hour)
    {
        foreach (var (policy, counts) in hour.Policies) SumOf(policy, day).Add(counts);
        foreach (var (used, at) in hour.Uses) Use(used, at);
    }

    public void Add(GuardTally other)
    {
        foreach (var ((policy, day), sum) in other._days) SumOf(policy, day).Add(sum.ToCounts());
        foreach (var (used, at) in other._uses) Use(used, at);
    }

    /// <summary>In the order of policies and days.</summary>
    /// <param name="policy">Null: all.</param>
    public IReadOnlyList<GuardDayBody> Days(string? policy) =>
    [
        .. _days.Where(pair => policy is null || pair.Key.Policy == policy)
            .OrderBy(pair => pair.Key.Policy, StringComparer.Ordinal).ThenBy(pair => pair.Key.Day)
            .Select(pair => GuardDayBody.Of(pair.Key.Policy, pair.Key.Day, pair.Value.ToCounts())),
    ];

    /// <summary>By policy.</summary>
    public IReadOnlyDictionary<string, GuardCounts> Policies()
    {
        var sums = new Dictionary<string, Sum>(StringComparer.Ordinal);
        foreach (var ((policy, _), sum) in _days)
        {
            if (!sums.TryGetValue(policy, out var whole)) sums[policy] = whole = new();
            whole.Add(sum.ToCounts());
        }

        return sums.ToDictionary(pair => pair.Key, pair => pair.Value.ToCounts(), StringComparer.Ordinal);
    }

    public GuardHour ToHour() => new(Policies(), _uses);

    private Sum SumOf(string policy, DateOnly day)
    {
        if (!_days.TryGetValue((policy, day), out var sum)) _days.Add((policy, day), sum = new());
        return sum;
    }

    private void Use(string id, DateTimeOffset at)
    {
        if (at > _uses.GetValueOrDefault(id)) _uses[id] = at;
    }

    private sealed class Sum
    {
        private readonly PriorityQueue<string, string> _samples = new(StringComparer.Ordinal);
        private long _allowed, _overridden, _shadowHits, _blocked;

        public void Add(GuardDecision decision)
        {
            switch (decision)
            {
                case { OverrideId: not null }:
                    _overridden++;
                    break;
                case { Outcome: "shadow_hit" }:
                    _shadowHits++;
                    break;
                case { Outcome: "block" }:
                    _blocked++;
                    break;
                default:
                    _allowed++;
                    return;
            }

            Sample(decision.Id);
        }

        public void Add(GuardCounts counts)
        {
            _allowed += counts.Allowed;
            _overridden += counts.Overridden;
            _shadowHits += counts.ShadowHits;
            _blocked += counts.Blocked;
            foreach (var id in counts.Samples) Sample(id);
        }

        public GuardCounts ToCounts() =>
            new(_allowed, _overridden, _shadowHits, _blocked, GuardCounts.Newest(_samples.UnorderedItems.Select(item => item.Element)));

        private void Sample(string id)
        {
            _samples.Enqueue(id, id);
            if (_samples.Count > GuardCounts.SamplesMax) _samples.Dequeue();
        }
    }
}
