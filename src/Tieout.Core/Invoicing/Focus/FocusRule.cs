namespace Tieout.Core.Invoicing.Focus;

/// <summary>How binding a rule of FOCUS is.</summary>
public enum FocusLevel
{
    /// <summary>MUST and MUST NOT: a file that breaks the rule does not conform.</summary>
    Must,

    /// <summary>SHOULD, SHOULD NOT and RECOMMENDED.</summary>
    Should,

    /// <summary>MAY: nothing breaks the rule.</summary>
    May,
}

/// <summary>Whether a program can check a rule by a file alone.</summary>
public enum FocusRuleKind
{
    /// <summary>The rule has check functions over cells.</summary>
    Static,

    /// <summary>The rule needs knowledge that the file does not have, for example what an invoice shows.</summary>
    Dynamic,

    /// <summary>The rule is no longer in force.</summary>
    Removed,
}

/// <summary>One rule of the rule model of FOCUS.</summary>
/// <param name="Dataset">CAU: Cost and Usage; CCT: Contract Commitment; null: both.</param>
/// <param name="Criteria">The rule applies to a file whose provider supports all of them.</param>
/// <param name="Condition">The rule applies to rows for which this holds; null: to all.</param>
/// <param name="Requirement">Null: the rule is not static.</param>
public sealed record FocusRule(
    string Id, string Sentence, FocusLevel Level, FocusRuleKind Kind, string? Dataset, IReadOnlyList<string> Criteria, FocusCheck? Condition,
    FocusCheck? Requirement)
{
    /// <summary>The rules that this one consists of; empty: it is none of parts.</summary>
    public IEnumerable<string> Parts =>
        Requirement is null ? [] : Requirement.All.Where(check => check.Function == FocusCheck.Rule).Select(check => check.Column);
}

/// <summary>A check function of the model with its arguments.</summary>
/// <param name="Arguments">In the order in which the model's file has them; null: JSON null.</param>
/// <param name="Items">What AND and OR combine.</param>
public sealed record FocusCheck(string Function, IReadOnlyList<string?> Arguments, IReadOnlyList<FocusCheck> Items)
{
    internal const string And = "AND";
    internal const string Or = "OR";

    /// <summary>Another rule, by its id.</summary>
    internal const string Rule = "CheckModelRule";

    internal const string Present = "ColumnPresent";

    /// <summary>The third column is the first times the second.</summary>
    internal const string Product = "ColumnByColumnEqualsColumnValue";

    private static readonly string[] OfTwoColumns = ["CheckSameValue", "CheckDistinctCount"];

    /// <summary>The first argument: a column, or the id of a rule.</summary>
    internal string Column => Arguments.Count > 0 ? Arguments[0] ?? "" : "";

    /// <summary>The columns that the function itself reads.</summary>
    internal IEnumerable<string> Columns => Function switch
    {
        And or Or or Rule => [],
        Product => Arguments.OfType<string>(),
        "JSONCheckPathSameValue" => [Column, Arguments[2]!],
        _ when OfTwoColumns.Contains(Function) => Arguments.Take(2).OfType<string>(),
        _ => [Column],
    };

    /// <summary>The check and all that it combines.</summary>
    internal IEnumerable<FocusCheck> All => Items.SelectMany(item => item.All).Prepend(this);
}
