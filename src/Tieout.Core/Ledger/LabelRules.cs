using Tieout.Core.Budgets;
using Tieout.Core.Metering;

namespace Tieout.Core.Ledger;

/// <summary>What becomes of labels and end users of an org that has as many as it may have: the parts that callers choose freely become <c>other</c>.</summary>
/// <remarks>
/// Rows hold what was decided here, so nothing has to be decided again to verify them. A part that a budget names is never replaced, so the same budgets count
/// the usage either way, and no budget can be evaded. Registered teams, projects and keys are never replaced either.
/// </remarks>
internal static class LabelRules
{
    /// <param name="isScopeFixed">The scope is a hold's, and stays.</param>
    public static UsageLabels Admit(Draft draft, UsageLabels labels, bool isScopeFixed = false)
    {
        if (draft.IsKnown(labels) || !IsFull(draft, labels.Org)) return labels;
        var feature = isScopeFixed || IsNamed(draft, labels.Org, labels.Feature, static scope => scope.Feature) ? labels.Feature : Other(labels.Feature);
        var folded = Copy(labels, feature, labels.Model);
        if (draft.IsKnown(folded)) return folded;
        folded = Copy(labels, feature, Other(labels.Model));
        return isScopeFixed || draft.IsKnown(folded) ? folded : Copy(
            folded, feature, folded.Model,
            Registered(draft, SettingKind.Project, labels.Org, labels.Project, static scope => scope.Project),
            Registered(draft, SettingKind.Team, labels.Org, labels.Team, static scope => scope.Team),
            Registered(draft, SettingKind.Key, labels.Org, labels.Key, static scope => scope.Key),
            Other(labels.Provider), Folded(labels.Runtime));
    }

    /// <summary>The labels of usage that ends a hold: the scope is the hold's.</summary>
    public static UsageLabels Admit(Draft draft, UsageLabels labels, Hold hold)
    {
        if (labels.SameScope(hold.Scope)) return Admit(draft, labels, isScopeFixed: true);
        var scope = hold.Scope;
        return Admit(draft, Copy(labels, scope.Feature, labels.Model, scope.Project, scope.Team, scope.Key, labels.Provider, labels.Runtime, labels.Trigger),
            isScopeFixed: true);
    }

    /// <summary>The end user under whom usage counts.</summary>
    /// <param name="at">Decides the windows. In long past periods every end user has a window: those are not kept in memory.</param>
    public static string? AdmitEndUser(Draft draft, UsageLabels labels, string? endUser, Instant at)
    {
        if (endUser is null or UsageLabels.Other || at < draft.WindowsFrom) return endUser;
        var isFull = false;
        foreach (var budget in draft.Matching(labels, endUser))
        {
            if (budget.Budget.Scope.User is null) continue;
            if (!budget.IsPerUser) return endUser;
            isFull |= draft.EndUsersOf(budget, at) >= draft.Limits.EndUsersPerBudget && draft.Window(budget, endUser, at) is null;
        }

        return isFull ? UsageLabels.Other : endUser;
    }

    private static bool IsFull(Draft draft, string org)
    {
        var (limits, own) = (draft.Limits, draft.LabelSetsOf(org));
        return own >= limits.LabelSetsPerOrg || (own >= limits.LabelSetsReserved && draft.LabelSets >= limits.LabelSets);
    }

    private static string? Registered(Draft draft, SettingKind kind, string org, string? name, Func<BudgetScope, string?> part) =>
        name is null || draft.Setting(kind, org, name) is not null || IsNamed(draft, org, name, part) ? name : UsageLabels.Other;

    private static bool IsNamed(Draft draft, string org, string? name, Func<BudgetScope, string?> part)
    {
        if (name is null) return true;
        foreach (var budget in draft.Budgets.Of(org))
        {
            if (string.Equals(part(budget.Budget.Scope), name, StringComparison.Ordinal)) return true;
        }

        return false;
    }

    private static string? Other(string? part) => part is null ? null : UsageLabels.Other;

    private static RuntimeLabels? Folded(RuntimeLabels? runtime) => runtime is null ? null : new(
        Other(runtime.AppInstance), Other(runtime.Component), runtime.IsControlPlane, Other(runtime.OperatingMode), Other(runtime.ControlPlaneScope),
        Other(runtime.Backend));

    private static UsageLabels Copy(UsageLabels labels, string? feature, string? model) =>
        Copy(labels, feature, model, labels.Project, labels.Team, labels.Key, labels.Provider, labels.Runtime, Other(labels.Trigger));

    private static UsageLabels Copy(
        UsageLabels labels, string? feature, string? model, string? project, string? team, string? key, string? provider, RuntimeLabels? runtime) =>
        Copy(labels, feature, model, project, team, key, provider, runtime, labels.Trigger);

    private static UsageLabels Copy(
        UsageLabels labels, string? feature, string? model, string? project, string? team, string? key, string? provider, RuntimeLabels? runtime,
        string? trigger) => new()
        {
            Org = labels.Org,
            Project = project,
            Team = team,
            Key = key,
            Feature = feature,
            Provider = provider,
            Model = model,
            Source = labels.Source,
            Trigger = trigger,
            Runtime = runtime,
        };
}
