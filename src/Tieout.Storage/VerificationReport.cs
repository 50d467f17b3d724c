using System.Globalization;
using System.Runtime.CompilerServices;
using Tieout.Storage.Verification;

namespace Tieout.Storage;

/// <summary>What a verification found, check by check.</summary>
public sealed record VerificationReport(IReadOnlyList<VerificationCheck> Checks)
{
    public bool Ok => Checks.All(check => check.Broken == 0);
}

/// <param name="Id">The promise that was checked (<c>docs/INVARIANTS.md</c>), or <c>file</c>, <c>schema</c>, <c>head</c>, <c>refs</c>, <c>cells</c>,
/// <c>derived</c>.</param>
/// <param name="Checked">Things looked at: rows, commits, windows ...</param>
/// <param name="Broken">How many of them are wrong.</param>
/// <param name="Rows">What is wrong, each naming its row; the first <see cref="RowsMax"/>.</param>
public sealed record VerificationCheck(string Id, long Checked, long Broken, IReadOnlyList<string> Rows)
{
    public const int RowsMax = 100;
}

/// <summary>Collects what checks find.</summary>
internal sealed class Findings
{
    private sealed class CheckTally
    {
        public long Checked;
        public long Broken;
        public List<string> Rows { get; } = [];
    }

    /// <summary>What is checked of a ledger, whatever it is stored in.</summary>
    public static readonly string[] Ledger = ["file", "schema", "head", "refs", "L1", "L2", "L4", "L5", "L7", "L8", "B1", "B2", "M1", "M3", "I1", "A1",
        "cells", DerivedCheck.Id];

    private readonly Dictionary<string, CheckTally> _tallies = new(StringComparer.Ordinal);

    /// <summary>Names the checks, so that one that never got to look at anything shows with zero.</summary>
    public Findings(params ReadOnlySpan<string> ids)
    {
        foreach (var id in ids) _tallies[id] = new();
    }

    public VerificationReport Report =>
        new([.. _tallies.Select(tally => new VerificationCheck(tally.Key, tally.Value.Checked, tally.Value.Broken, tally.Value.Rows))]);

    public void Checked(string id, long count = 1) => _tallies[id].Checked += count;

    /// <summary>Counts one thing looked at, and what is wrong with it unless <paramref name="holds"/>.</summary>
    public void Check(string id, bool holds, [InterpolatedStringHandlerArgument(nameof(holds))] ProblemText problem)
    {
        _tallies[id].Checked++;
        if (!holds) Broken(id, problem.Text());
    }

    public void Broken(string id, string problem)
    {
        var tally = _tallies[id];
        tally.Broken++;
        if (tally.Rows.Count < VerificationCheck.RowsMax) tally.Rows.Add(problem);
    }

    /// <summary>Adds what was found elsewhere, after what was found here.</summary>
    public void Add(Findings other)
    {
        foreach (var (id, tally) in other._tallies)
        {
            var mine = _tallies[id];
            mine.Checked += tally.Checked;
            mine.Broken += tally.Broken;
            mine.Rows.AddRange(tally.Rows.Take(VerificationCheck.RowsMax - mine.Rows.Count));
        }
    }
}

/// <summary>A sentence that is written only where something is wrong: nearly every check finds nothing.</summary>
[InterpolatedStringHandler]
internal ref struct ProblemText
{
    private DefaultInterpolatedStringHandler _text;

    public ProblemText(int literals, int values, bool holds, out bool isWritten)
    {
        isWritten = !holds;
        if (isWritten) _text = new(literals, values, CultureInfo.InvariantCulture);
    }

    public void AppendLiteral(string text) => _text.AppendLiteral(text);

    public void AppendFormatted<T>(T value) => _text.AppendFormatted(value);

    public string Text() => _text.ToStringAndClear();
}
