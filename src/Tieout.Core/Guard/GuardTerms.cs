namespace Tieout.Core.Guard;

/// <summary>The policies and overrides that are set. Immutable.</summary>
public sealed class GuardTerms
{
    private readonly (ActionPattern Pattern, GuardPolicy Policy)[] _closestFirst;
    private readonly GuardOverride[] _overrides;

    /// <param name="overrides">Those that are over may be among them.</param>
    public GuardTerms(IEnumerable<GuardPolicy> policies, IEnumerable<GuardOverride> overrides)
    {
        _closestFirst =
            [.. policies.Select(policy => (Pattern: ActionPattern.Parse(policy.Actions), policy)).OrderByDescending(pair => pair.Pattern.Closeness)];
        _overrides = [.. overrides];
    }

    public IEnumerable<GuardPolicy> Policies => _closestFirst.Select(pair => pair.Policy);

    public IReadOnlyList<GuardOverride> Overrides => _overrides;

    /// <summary>The policy with the closest pattern; null: none matches.</summary>
    public GuardPolicy? PolicyOf(string action)
    {
        foreach (var (pattern, policy) in _closestFirst)
        {
            if (pattern.Matches(action)) return policy;
        }

        return null;
    }

    /// <summary>An override that is in force and covers the question; null: there is none.</summary>
    public GuardOverride? OverrideOf(GuardQuestion question, DateTimeOffset now) =>
        Array.Find(_overrides, candidate => candidate.StateAt(now) is GuardOverrideState.InForce && candidate.Covers(question));
}
