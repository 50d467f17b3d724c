namespace Tieout.Core.Invoicing.Focus;

/// <summary>A cell, or a missing column, that breaks a rule.</summary>
/// <param name="Line">The line of the file; 1: its header.</param>
/// <param name="Value">Null: the cell is empty, or the column is missing.</param>
public sealed record FocusFinding(string Rule, FocusLevel Level, long Line, string Column, string? Value, string Sentence);

/// <summary>A rule that rows or the header break.</summary>
/// <param name="Count">How many rows break it.</param>
public sealed record FocusFailure(string Rule, FocusLevel Level, long Count, string Sentence);

/// <summary>Why rules of the model were not checked.</summary>
/// <param name="Reason">One sentence.</param>
public sealed record FocusUnchecked(string Reason, IReadOnlyList<string> Rules);

/// <summary>What the rules of FOCUS say of a file.</summary>
/// <param name="Dataset">CAU: Cost and Usage; CCT: Contract Commitment.</param>
/// <param name="Supports">The criteria that were taken to hold for the provider.</param>
/// <param name="Applicable">Static rules that apply to the file.</param>
/// <param name="Passed">Those of them that every row keeps.</param>
/// <param name="FindingCount">All findings; <paramref name="Findings"/> has the first of each rule.</param>
/// <param name="Partly">Rules about all rows that were not compared over every row: the file has too many different values.</param>
public sealed record FocusReport(
    string Version, string Dataset, long Rows, IReadOnlyList<string> Supports, int Applicable, int Passed, long FindingCount,
    IReadOnlyList<FocusFailure> Failures, IReadOnlyList<FocusFinding> Findings, IReadOnlyList<FocusUnchecked> Unchecked, IReadOnlyList<string> Partly)
{
    /// <summary>Whether no rule with MUST or MUST NOT fails.</summary>
    public bool Conforms => Failures.All(failure => failure.Level != FocusLevel.Must);
}
