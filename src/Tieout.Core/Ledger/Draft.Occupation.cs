using Tieout.Core.Budgets;
using Tieout.Core.Metering;

namespace Tieout.Core.Ledger;

/// <summary>How much orgs occupy with what the batch adds.</summary>
internal sealed partial class Draft
{
    private OrgNumbers _labelSetsAdded, _holdsOpened;
    private LateTable<(int Budget, Instant Start), int> _endUsersAdded;

    public LedgerLimits Limits => book.Limits;

    /// <summary>Windows that end after this are all in memory.</summary>
    public Instant WindowsFrom => book.WindowsFrom;

    public int LabelSets => book.LabelSets + _labels.Count;

    public bool IsKnown(UsageLabels labels) => book.LabelsNo(labels) != 0 || _labelNumbers.ContainsKey(labels);

    public int LabelSetsOf(string org) => book.LabelSetsOf(org) + _labelSetsAdded.Of(org);

    public int OpenHoldsOf(string org) => book.OpenHoldsOf(org) + _holdsOpened.Of(org);

    public int SettingsOf(SettingKind kind, string org) => book.SettingsOf(kind, org) + _settings.Rows.Count(row => row.Kind == kind && row.Org == org);

    /// <summary>End users with a window of their own in the period of a budget that contains <paramref name="at"/>.</summary>
    public int EndUsersOf(BudgetState budget, Instant at) => EndUsersOf((budget.No, budget.WindowAt(at).Start));

    private int EndUsersOf((int Budget, Instant Start) period) => book.EndUsersOf(period.Budget, period.Start) + Added(period);

    private int Added((int Budget, Instant Start) period) => _endUsersAdded.TryGetValue(period, out var added) ? added : 0;

    private void CountHold(string org, int change) => _holdsOpened.Add(org, change);

    private void CountLabels(UsageLabels labels)
    {
        _labelSetsAdded.Add(labels.Org, 1);
        if (LabelSetsOf(labels.Org) == Limits.LabelSetsPerOrg)
        {
            AddFinding(FindingCode.LabelSetsFull, labels.Org, attempt: null, Details.LabelSetsFull(Limits.LabelSetsPerOrg, labels));
        }
    }

    private void CountEndUser(BudgetState budget, BudgetWindow window)
    {
        if (window.Key.Each is null) return;
        var period = (window.Key.Budget, window.Key.Start);
        _endUsersAdded.Set(period, Added(period) + 1);
        if (EndUsersOf(period) == Limits.EndUsersPerBudget)
        {
            AddFinding(FindingCode.EndUsersFull, budget.Budget.Scope.Org, attempt: null,
                Details.EndUsersFull(Limits.EndUsersPerBudget, budget.Budget.Id, window.Key.Start));
        }
    }
}
