using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Follower;

/// <summary>The traits that an org's lines have: some dozens, however many rows there are.</summary>
internal static class TraitReads
{
    /// <summary>As numbers, ascending. Each is looked up behind the one before, so no line is read twice.</summary>
    /// <param name="derived">Null: nothing is counted.</param>
    public static IReadOnlyList<long> Of(ILedgerTables? derived, OrgState org, RecountSpan span)
    {
        var traits = new List<long>();
        while (derived is not null && Next(derived, org, span, traits.Count == 0 ? -1 : traits[^1]) is { } next) traits.Add(next);
        return traits;
    }

    private static long? Next(ILedgerTables derived, OrgState org, RecountSpan span, long after)
    {
        using var row = derived.Select(
            "SELECT traits FROM recount_statuses WHERE org = ? AND span = ? AND traits > ? ORDER BY traits LIMIT 1", org.FirstAccount, (long)span, after);
        return row.Step() ? row.Int64(0) : null;
    }
}
