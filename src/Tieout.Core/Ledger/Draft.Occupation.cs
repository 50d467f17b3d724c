using System.Runtime.InteropServices;
using Tieout.Core.Budgets;
using Tieout.Core.Metering;

namespace Tieout.Core.Ledger;

/// <summary>How much orgs occupy with what the batch adds.</summary>
internal sealed partial class Draft
{
    private readonly Dictionary<string, int> _labelSetsAdded = [];
    private readonly Dictionary<string, int> _holdsOpened = [];
    private readonly Dictionary<(int Budget, Instant Start), int> _endUsersAdded = [];

    public LedgerLimits Limits => book.Limits;

    /// <summary>Windows that end after this are all in memory.</summary>
    public Instant WindowsFrom => book.WindowsFrom;

    public int LabelSets => book.LabelSets + _labels.Count;

    public bool IsKnown(UsageLabels labels) => book.LabelsNo(labels) != 0 || _labelNumbers.ContainsKey(labels);

    public int LabelSetsOf(string org) => book.LabelSetsOf(org) + _labelSetsAdded.GetValueOrDefault(org);

    public int OpenHoldsOf(string org) => book.OpenHoldsOf(org) + _holdsOpened.GetValueOrDefault(org);

    public int SettingsOf(SettingKind kind, string org) => book.SettingsOf(kind, org) + _settings.Count(row => row.Kind == kind && row.Org == org);

    /// <summary>End users with a window of their own in the period of a budget that contains <paramref name="at"/>.</summary>
    public int EndUsersOf(BudgetState budget, Instant at) => EndUsersOf((budget.No, budget.WindowAt(at).Start));

    private int EndUsersOf((int Budget, Instant Start) period) => book.EndUsersOf(period.Budget, period.Start) + _endUsersAdded.GetValueOrDefault(period);

    private void CountHold(string org, int change) => CollectionsMarshal.GetValueRefOrAddDefault(_holdsOpened, org, out _) += change;

    private void CountLabels(UsageLabels labels)
    {
        CollectionsMarshal.GetValueRefOrAddDefault(_labelSetsAdded, labels.Org, out _)++;
        if (LabelSetsOf(labels.Org) == Limits.LabelSetsPerOrg) AddFinding("label_sets_full", "medium", labels.Org, attempt: null, Details.LabelSetsFull(Limits.LabelSetsPerOrg, labels));
    }

    private void CountEndUser(BudgetState budget, BudgetWindow window)
    {
        if (window.Key.Each is null) return;
        var period = (window.Key.Budget, window.Key.Start);
        CollectionsMarshal.GetValueRefOrAddDefault(_endUsersAdded, period, out _)++;
        if (EndUsersOf(period) == Limits.EndUsersPerBudget) AddFinding("end_users_full", "medium", budget.Budget.Scope.Org, attempt: null, Details.EndUsersFull(Limits.EndUsersPerBudget, budget.Budget.Id, window.Key.Start));
    }
}
