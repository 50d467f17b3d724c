namespace Tieout.Core.Invoicing.Focus;

/// <summary>Checks the rows of one file against every static rule of FOCUS that applies to it, in exact numbers and without keeping rows.</summary>
public sealed class FocusConformance
{
    /// <summary>Findings of one rule that the report shows. All are counted.</summary>
    private const int FindingsOfRule = 3;

    private const int ValueChars = 60;

    private static readonly Lazy<Dictionary<string, FocusRule>> RulesById = new(
        () => FocusModel.Rules.ToDictionary(rule => rule.Id, StringComparer.Ordinal));

    private readonly List<BoundRule> _bound = [];
    private readonly Dictionary<string, BoundRule> _byId = new(StringComparer.Ordinal);
    private readonly List<(string Reason, string Rule)> _unchecked = [];
    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);
    private readonly HashSet<string> _supports;
    private readonly string _dataset;
    private long _rows;

    /// <param name="columns">The header of the file.</param>
    /// <param name="supports">Criteria that hold for the provider beside those that the columns show.</param>
    public FocusConformance(IReadOnlyList<string> columns, IEnumerable<string> supports)
    {
        for (var i = 0; i < columns.Count; i++) _places.TryAdd(columns[i], i);
        _dataset = _places.ContainsKey("ContractCommitmentId") && !_places.ContainsKey("BilledCost") ? "CCT" : "CAU";
        _supports = [.. supports, .. Shown()];
        var parents = FocusModel.Rules.SelectMany(rule => rule.Parts.Select(part => (part, rule)))
            .ToLookup(pair => pair.part, pair => pair.rule, StringComparer.Ordinal);
        var conditions = new FocusConditions(_places);
        foreach (var rule in FocusModel.Rules)
        {
            if (ReasonNotToCheck(rule, conditions) is { } reason) _unchecked.Add((reason, rule.Id));
            else if (!rule.Parts.Any()) Bind(rule, Conditions(rule, parents), conditions);
        }

        foreach (var rule in FocusModel.Rules.Where(rule => rule.Parts.Any() && Leaves(rule).Count == 0 && ReasonNotToCheck(rule, conditions) is null))
        {
            _unchecked.Add(("Every part of the rule is dynamic or does not apply.", rule.Id));
        }
    }

    /// <summary>Checks a row.</summary>
    /// <param name="cells">In the order of the header; null: an empty cell.</param>
    /// <param name="line">Where the row begins in the file.</param>
    public void Check(IReadOnlyList<string?> cells, long line)
    {
        _rows++;
        foreach (var rule in _bound)
        {
            if (rule.Applies(cells) && !rule.Holds(cells)) rule.Fail(line, cells[rule.Place]);
        }
    }

    /// <summary>What the rows so far come to.</summary>
    public FocusReport Report()
    {
        var wholes = FocusModel.Rules.Where(rule => rule.Parts.Any() && !_unchecked.Exists(other => other.Rule == rule.Id)).ToList();
        var failed = _byId.Values.Where(rule => rule.Count > 0).ToList();
        return new(
            FocusModel.Version, _dataset, _rows, [.. _supports.Order(StringComparer.Ordinal)], _byId.Count + wholes.Count,
            _byId.Count - failed.Count + wholes.Count(Passes), failed.Sum(rule => rule.Count),
            [.. failed.Select(rule => new FocusFailure(rule.Rule.Id, rule.Rule.Level, rule.Count, rule.Rule.Sentence))],
            [.. failed.SelectMany(rule => rule.Findings).OrderBy(finding => finding.Line)],
            [.. _unchecked.GroupBy(rule => rule.Reason, rule => rule.Rule).Select(group => new FocusUnchecked(group.Key, [.. group]))],
            [.. _byId.Values.Where(rule => rule.IsPartly).Select(rule => rule.Rule.Id)]);
    }

    /// <summary>A criterion holds for a provider whose file has a column that only such providers have.</summary>
    private IEnumerable<string> Shown()
    {
        var presence = FocusModel.Rules
            .Where(rule => rule is { Kind: FocusRuleKind.Static, Requirement.Function: FocusCheck.Present, Criteria.Count: > 0 }).ToList();
        var alone = presence.Where(rule => rule.Criteria.Count == 1).Select(rule => rule.Criteria[0]).ToHashSet(StringComparer.Ordinal);
        return presence.Where(rule => _places.ContainsKey(rule.Requirement!.Column))
            .SelectMany(rule => rule.Criteria.Where(criterion => rule.Criteria.Count == 1 || !alone.Contains(criterion))).Distinct(StringComparer.Ordinal);
    }

    private string? ReasonNotToCheck(FocusRule rule, FocusConditions conditions)
    {
        if (rule.Kind == FocusRuleKind.Removed) return "The rule was removed from the specification.";
        if (rule.Dataset is { } dataset && dataset != _dataset) return $"The rule is about another dataset than {_dataset}.";
        if (rule.Kind == FocusRuleKind.Dynamic) return "The rule is dynamic: it needs knowledge that a file does not have.";
        if (rule.Criteria.FirstOrDefault(criterion => !_supports.Contains(criterion)) is { } missing) return $"The provider is not known to have {missing}.";
        return rule.Requirement is { Function: not FocusCheck.Present } requirement && !conditions.HasColumns(requirement)
            ? "The file does not have the columns of the rule." : null;
    }

    /// <summary>A part of a rule holds only where the whole does.</summary>
    private static List<FocusCheck> Conditions(FocusRule rule, ILookup<string, FocusRule> parents)
    {
        List<FocusCheck> conditions = rule.Condition is { } own ? [own] : [];
        foreach (var whole in parents[rule.Id]) conditions.AddRange(Conditions(whole, parents));
        return conditions;
    }

    private void Bind(FocusRule rule, List<FocusCheck> whens, FocusConditions conditions)
    {
        var columns = rule.Requirement!.All.SelectMany(check => check.Columns);
        var column = rule.Requirement.Function == FocusCheck.Product ? columns.Last() : columns.First();
        BoundRule bound = new(rule, column, _places.GetValueOrDefault(column));
        _byId.Add(rule.Id, bound);
        if (rule.Requirement.Function == FocusCheck.Present)
        {
            if (rule.Level != FocusLevel.May && !_places.ContainsKey(column)) bound.Fail(1, null);
            return;
        }

        if (rule.Level == FocusLevel.May) return;
        var applies = whens.Select(condition => conditions.Bind(condition, () => { })).ToArray();
        bound.Applies = row => Array.TrueForAll(applies, condition => condition(row));
        bound.Holds = conditions.Bind(rule.Requirement, () => bound.IsPartly = true);
        _bound.Add(bound);
    }

    /// <summary>The checked rules that a rule of parts comes to.</summary>
    private List<BoundRule> Leaves(FocusRule rule) => [.. rule.Parts.SelectMany(part =>
        _byId.TryGetValue(part, out var bound) ? [bound]
        : RulesById.Value.TryGetValue(part, out var whole) && whole.Kind == FocusRuleKind.Static ? Leaves(whole) : [])];

    private bool Passes(FocusRule rule)
    {
        var isAny = rule.Requirement!.Function == FocusCheck.Or;

        // A part that only SHOULD hold is no reason for a whole that MUST.
        var leaves = Leaves(rule).Where(leaf => leaf.Rule.Level <= rule.Level).ToList();
        return isAny ? leaves.Count == 0 || leaves.Exists(leaf => leaf.Count == 0) : leaves.TrueForAll(leaf => leaf.Count == 0);
    }

    /// <param name="Place">Of the column that findings show.</param>
    private sealed record BoundRule(FocusRule Rule, string Column, int Place)
    {
        public Func<IReadOnlyList<string?>, bool> Applies { get; set; } = _ => false;

        public Func<IReadOnlyList<string?>, bool> Holds { get; set; } = _ => true;

        public List<FocusFinding> Findings { get; } = [];

        public long Count { get; private set; }

        public bool IsPartly { get; set; }

        public void Fail(long line, string? value)
        {
            if (Count++ >= FindingsOfRule) return;
            var shown = value is { Length: > ValueChars } ? $"{value[..ValueChars]}..." : value;
            Findings.Add(new(Rule.Id, Rule.Level, line, Column, shown, Rule.Sentence));
        }
    }
}
