namespace Tieout.Core.Ledger;

/// <summary>Several commands of one org that are carried out together or not at all (B3).</summary>
internal static class TogetherRules
{
    public static Outcome Decide(Draft draft, Command.Together command) => Decide(draft, command.Parts);

    /// <summary>Decides the parts on a copy first: if one is refused, nothing of the others is left (L6).</summary>
    /// <returns>The last outcome that did something; if nothing did, the last replay. A record beside commands of another kind has no part in it.</returns>
    public static Outcome Decide(Draft draft, IReadOnlyList<Command> parts)
    {
        if (draft.HasRows) throw new ArgumentException("Commands that go together are decided alone, not in a batch with others.", nameof(parts));
        var trial = draft.Fresh();
        foreach (var part in parts)
        {
            if (LedgerRules.Rule(trial, part) is Outcome.Refused refused) return refused;
        }

        // After this point all of them must succeed.
        Outcome outcome = new Outcome.Replayed(0, Figures.None);
        var onlyRecords = parts.All(part => part is Command.AddRecord);
        foreach (var part in parts)
        {
            var decided = LedgerRules.Rule(draft, part);
            Invariant.Holds(decided is not Outcome.Refused, "B3");
            if (part is Command.AddRecord && !onlyRecords) continue;
            if (decided is Outcome.Done || outcome is Outcome.Replayed) outcome = decided;
        }

        return outcome;
    }
}
