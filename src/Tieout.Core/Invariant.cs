using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Tieout.Core;

/// <summary>States what must be true whatever the input. A broken invariant is our bug, never the caller's.</summary>
/// <remarks>
/// Checked in every build, because a ledger that goes on with a wrong balance is worse than one that stops.
/// <c>rule</c> is an id from <c>docs/INVARIANTS.md</c>, so a crash, the document and the tests name the same thing.
/// </remarks>
public static class Invariant
{
    [StackTraceHidden]
    public static void Holds(
        [DoesNotReturnIf(false)] bool condition,
        string rule,
        [CallerArgumentExpression(nameof(condition))] string expression = "")
    {
        if (!condition) throw new InvariantBrokenException(rule, expression);
    }
}

/// <summary>We are wrong: the state contradicts a promise. The ledger stops; nothing of the batch is committed.</summary>
public sealed class InvariantBrokenException(string rule, string expression)
    : Exception($"Invariant {rule} is broken: {expression}")
{
    public string Rule { get; } = rule;
}
