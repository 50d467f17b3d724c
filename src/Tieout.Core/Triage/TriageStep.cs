namespace Tieout.Core.Triage;

/// <summary>One question of the triage of an attribution dispute, and its answer.</summary>
/// <param name="Id"><c>P1</c>, <c>P2</c> or <c>P3</c>: the order in which they are asked, since each rests on the one before.</param>
/// <param name="Title">The failure that is looked for.</param>
/// <param name="Reasons">Why the verdict is as it is, one sentence each.</param>
/// <param name="Fix">What to do first; null: nothing.</param>
/// <param name="Owner">Who does it; null: nobody needs to.</param>
public sealed record TriageStep(string Id, string Title, TriageVerdict Verdict, IReadOnlyList<string> Reasons, string? Fix = null, string? Owner = null)
{
    /// <summary>Fails with the first thing to do, if anything failed.</summary>
    /// <param name="failures">What failed, with what to do, the first of them first.</param>
    /// <param name="passes">What is right.</param>
    public static TriageStep Of(
        string id, string title, IReadOnlyList<(string Reason, string Fix)> failures, IReadOnlyList<string> passes, string owner) =>
        failures.Count == 0 ? new(id, title, TriageVerdict.Pass, passes)
            : new(id, title, TriageVerdict.Fail, [.. failures.Select(failure => failure.Reason)], failures[0].Fix, owner);
}

public enum TriageVerdict
{
    Pass,
    Fail,

    /// <summary>There was nothing to look at, or an earlier step failed.</summary>
    NotChecked,
}
