using Tieout.Core.Metering;

namespace Tieout.Core.Budgets;

/// <summary>A budget in force.</summary>
public sealed class BudgetState(int no, Budget budget, TimeZoneInfo zone, Instant createdAt, long afterHold)
{
    // The last window handed out. Nearly every command falls into the current one, and cutting days in a zone is slow.
    private Window? _last;

    /// <summary>Stored with its windows.</summary>
    public int No => no;
    public Budget Budget => budget;
    public TimeZoneInfo Zone => zone;

    /// <summary>It counts in every window that ends after this, from the window's beginning on.</summary>
    public Instant CreatedAt => createdAt;

    /// <summary>It counts the holds that come after this one.</summary>
    public long AfterHold => afterHold;

    public bool IsPerUser { get; } = string.Equals(budget.Scope.User, BudgetScope.EachUser, StringComparison.Ordinal);

    /// <summary>The window that <paramref name="instant"/> lies in.</summary>
    public Window WindowAt(Instant instant)
    {
        var last = _last;
        return last is not null && last.Contains(instant) ? last : _last = Window.Of(Budget.Window, instant, Zone);
    }

    /// <summary>Whether a charge effective at that time counts: not if its window was over before the budget was set.</summary>
    public bool CountsAt(Instant effectiveAt) => WindowAt(effectiveAt).End > CreatedAt;

    public bool CountsHold(long holdSeq) => holdSeq > AfterHold;

    public bool Counts(UsageLabels labels, string? endUser) =>
        Names(Budget.Scope.Project, labels.Project)
        && Names(Budget.Scope.Team, labels.Team)
        && Names(Budget.Scope.Key, labels.Key)
        && Names(Budget.Scope.Feature, labels.Feature)
        && (Budget.Scope.User is null || (endUser is not null && (IsPerUser || Names(Budget.Scope.User, endUser))));

    private static bool Names(string? scope, string? label) => scope is null || string.Equals(scope, label, StringComparison.Ordinal);
}
