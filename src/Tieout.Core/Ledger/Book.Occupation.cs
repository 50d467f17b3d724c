using System.Runtime.InteropServices;

namespace Tieout.Core.Ledger;

/// <summary>How much orgs occupy, counted as rows are taken in and removed, for the <see cref="LedgerLimits"/>.</summary>
public sealed partial class Book
{
    private readonly Dictionary<string, int> _labelSetsOf = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _openHoldsOf = new(StringComparer.Ordinal);
    private readonly Dictionary<(SettingKind Kind, string Org), int> _settingsOf = [];
    private readonly Dictionary<(int Budget, Instant Start), int> _endUsersOf = [];

    /// <summary>In force from the next decision on.</summary>
    public LedgerLimits Limits { get; set; } = LedgerLimits.Default;

    /// <summary>Distinct label sets of all orgs.</summary>
    public int LabelSets => _labels.Count;

    public int LabelSetsOf(string org) => _labelSetsOf.GetValueOrDefault(org);

    public int OpenHoldsOf(string org) => _openHoldsOf.GetValueOrDefault(org);

    public int SettingsOf(SettingKind kind, string org) => _settingsOf.GetValueOrDefault((kind, org));

    /// <summary>End users with a window of their own in one period of a budget.</summary>
    public int EndUsersOf(int budget, Instant start) => _endUsersOf.GetValueOrDefault((budget, start));

    private void CountOpen(Attempt? attempt, int change)
    {
        if (attempt is { State: HoldState.Open, Hold: { } hold }) Count(_openHoldsOf, hold.Scope.Org, change);
    }

    private static void Count<TKey>(Dictionary<TKey, int> counts, TKey key, int change)
        where TKey : notnull
    {
        ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(counts, key, out _);
        count += change;
        if (count == 0) counts.Remove(key);
    }
}
