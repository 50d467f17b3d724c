using System.Collections.Concurrent;
using Tieout.Core.Metering;

namespace Tieout.Core.Budgets;

/// <summary>Finds the budgets that count something. Immutable; a change makes a new one.</summary>
/// <remarks>Answers are remembered per labels, so that an org with thousands of keys, each with a budget, costs a look-up and not a scan.</remarks>
public sealed class BudgetIndex
{
    private const int RememberedMax = 100_000;

    public static readonly BudgetIndex Empty = new(new Dictionary<string, BudgetState>(StringComparer.Ordinal));

    private readonly IReadOnlyDictionary<string, BudgetState> _byId;
    private readonly Dictionary<string, BudgetState[]> _byOrg;
    private readonly ConcurrentDictionary<UsageLabels, (BudgetState[] Anyone, BudgetState[] ByUser)> _remembered = [];

    private BudgetIndex(IReadOnlyDictionary<string, BudgetState> byId)
    {
        _byId = byId;
        _byOrg = byId.Values.GroupBy(state => state.Budget.Scope.Org, StringComparer.Ordinal)
            .ToDictionary(org => org.Key, org => org.OrderBy(state => state.No).ToArray(), StringComparer.Ordinal);
    }

    public IEnumerable<BudgetState> All => _byId.Values;

    public BudgetState? Find(string id) => _byId.GetValueOrDefault(id);

    public IReadOnlyList<BudgetState> Of(string org) => _byOrg.GetValueOrDefault(org, []);

    public BudgetIndex With(BudgetState state) =>
        new(new Dictionary<string, BudgetState>(_byId, StringComparer.Ordinal) { [state.Budget.Id] = state });

    /// <summary>Adds to <paramref name="found"/> the budgets that count usage with these labels by this end user, in the order of their numbers but for
    /// per-user ones, which come last.</summary>
    public void Matching(UsageLabels labels, string? endUser, List<BudgetState> found)
    {
        if (!_remembered.TryGetValue(labels, out var remembered)) remembered = Remember(labels);
        found.AddRange(remembered.Anyone);
        if (endUser is null) return;
        foreach (var state in remembered.ByUser)
        {
            if (state.Counts(labels, endUser)) found.Add(state);
        }
    }
    // Apart, so that a look-up that finds makes no closure: each charge asks.
    private (BudgetState[] Anyone, BudgetState[] ByUser) Remember(UsageLabels labels)
    {
        var all = _byOrg.GetValueOrDefault(labels.Org, []);
        if (_remembered.Count >= RememberedMax) _remembered.Clear();
        return _remembered[labels] = (
            [.. all.Where(state => state.Budget.Scope.User is null && state.Counts(labels, endUser: null))],
            [.. all.Where(state => state.Budget.Scope.User is not null)]);
    }
}
