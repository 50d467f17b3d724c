namespace Tieout.Server.Guard;

/// <summary>Counts decisions by policy and day, and keeps the newest that stand out.</summary>
internal sealed class GuardTally(int samples)
{
    private readonly Dictionary<(string Policy, DateOnly Day), Counts> _days = [];
    private readonly PriorityQueue<GuardDecision, string> _newest = new(StringComparer.Ordinal);

    /// <param name="decision">Of a policy.</param>
    public void Add(GuardDecision decision)
    {
        var day = (decision.Policy!, decision.Day);
        if (!_days.TryGetValue(day, out var counts)) _days.Add(day, counts = new());
        var isPlain = false;
        switch (decision)
        {
            case { OverrideId: not null }:
                counts.Overridden++;
                break;
            case { Outcome: "shadow_hit" }:
                counts.ShadowHits++;
                break;
            case { Outcome: "block" }:
                counts.Blocked++;
                break;
            default:
                counts.Allowed++;
                isPlain = true;
                break;
        }

        if (isPlain) return;
        _newest.Enqueue(decision, decision.Id);
        if (_newest.Count > samples) _newest.Dequeue();
    }

    /// <summary>In the order of policies and days.</summary>
    public IReadOnlyList<GuardDayBody> Days() =>
    [
        .. _days.OrderBy(pair => pair.Key.Policy, StringComparer.Ordinal).ThenBy(pair => pair.Key.Day)
            .Select(pair => pair.Value.Body(pair.Key.Policy, GuardDecision.FirstId(pair.Key.Day))),
    ];

    /// <summary>Newest first.</summary>
    public IReadOnlyList<GuardDecision> Samples() =>
        [.. _newest.UnorderedItems.Select(item => item.Element).OrderByDescending(decision => decision.Id, StringComparer.Ordinal)];

    private sealed class Counts
    {
        public long Allowed, Overridden, ShadowHits, Blocked;

        public GuardDayBody Body(string policy, string day)
        {
            var asked = Allowed + Overridden + ShadowHits + Blocked;
            return new(policy, day, asked, Allowed, Overridden, ShadowHits, Blocked, Math.Round((ShadowHits + Blocked) / (decimal)asked, 4));
        }
    }
}
