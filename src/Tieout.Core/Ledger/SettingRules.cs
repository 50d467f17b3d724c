using Tieout.Core.Budgets;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using static Tieout.Core.Ledger.LedgerRules;

namespace Tieout.Core.Ledger;

/// <summary>What governs money: orgs, budgets, closed periods, and the settings that the ledger keeps for others.</summary>
internal static class SettingRules
{
    private static Figures NoFigures => Figures.None;

    public static Outcome OpenOrg(Draft draft, Command.OpenOrg command)
    {
        var org = command.Org;
        var body = org.ToJson();
        if (draft.Setting(SettingKind.Org, org.Id, org.Id) is { } known) return Again(known, body);
        if (!Names.IsValid(org.Id) || org.Id.Contains('/', StringComparison.Ordinal)) return Refuse(Refusal.NameInvalid, "org");
        if (!Asset.IsValid(org.Asset)) return Refuse(Refusal.NameInvalid, "asset");
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(org.TimeZone, out _)) return Refuse(Refusal.NameInvalid, "time_zone");
        if (org.CreditLineNanos is { } line && ValidateLimit(new Amount(line)) is { } refusal) return Refuse(refusal);

        draft.Tell("org", org.Id, "org.opened", Details.OrgOpened(org));
        return new Outcome.Done(draft.Add(SettingKind.Org, org.Id, org.Id, body, accounts: OrgState.AccountKinds, budgets: 1), NoFigures);
    }

    public static Outcome SetBudget(Draft draft, Command.SetBudget command)
    {
        var budget = command.Budget;
        var body = budget.ToJson();
        if (draft.Setting(SettingKind.Budget, budget.Scope.Org, budget.Id) is { } known && string.Equals(known.Body, body, StringComparison.Ordinal))
        {
            return Again(known, body);
        }

        if (budget.Limit is { } limit && ValidateLimit(limit) is { } refusal) return Refuse(refusal);
        if (draft.Org(budget.Scope.Org) is null) return Refuse(Refusal.OrgNotFound);
        if (ValidateBudget(draft, budget) is { } flaw) return Refuse(Refusal.BudgetInvalid, flaw);

        var isNew = draft.Budgets.Find(budget.Id) is null;
        if (isNew && IsFull(draft, SettingKind.Budget, budget.Scope.Org) is { } full) return full;
        if (isNew && ValidateWindow(draft, budget) is { } gone) return gone;
        return new Outcome.Done(draft.Add(SettingKind.Budget, budget.Scope.Org, budget.Id, body, budgets: isNew ? 1 : 0), NoFigures);
    }

    public static Outcome ClosePeriod(Draft draft, Command.ClosePeriod command)
    {
        if (draft.Org(command.Org) is not { } org) return Refuse(Refusal.OrgNotFound);
        if (org.ClosedThrough is { } closed && closed.CompareTo(command.Through) >= 0) return new Outcome.Replayed(0, NoFigures);
        if (command.Through.End(org.Zone) > draft.Now) return Refuse(Refusal.PeriodNotOver, command.Through.ToString());

        draft.Tell($"period/{command.Through}", command.Org, "period.closed", Details.PeriodClosed(command.Through.ToString()));
        return new Outcome.Done(draft.Add(SettingKind.ClosedPeriod, command.Org, command.Through.ToString(), command.Through.ToString()), NoFigures);
    }

    public static Outcome Record(Draft draft, Command.Record command)
    {
        var known = draft.Setting(command.Kind, command.Org, command.Name);
        if (known is not null && (command.Once || string.Equals(known.Body, command.Body, StringComparison.Ordinal))) return Again(known, command.Body);

        if (command.Kind is SettingKind.Org or SettingKind.Budget or SettingKind.ClosedPeriod)
        {
            throw new ArgumentException($"{command.Kind} has a command of its own.", nameof(command));
        }

        if (!Names.IsValid(command.Name)) return Refuse(Refusal.NameInvalid, "name");
        if (command.Org.Length > 0 && draft.Org(command.Org) is null) return Refuse(Refusal.OrgNotFound);

        if (known is null && IsFull(draft, command.Kind, command.Org) is { } full) return full;

        return new Outcome.Done(draft.Add(command.Kind, command.Org, command.Name, command.Body), NoFigures);
    }

    /// <summary>A limit on a sum may be larger than any one amount that is moved.</summary>
    private static Refusal? ValidateLimit(Amount limit) =>
        limit < Amount.Zero ? Refusal.AmountNotPositive : limit > Amount.SumMax ? Refusal.AmountTooLarge : null;

    /// <summary>What callers name freely has a limit.</summary>
    private static Outcome.Refused? IsFull(Draft draft, SettingKind kind, string org)
    {
        var isLimited =
            kind is SettingKind.Budget or SettingKind.Team or SettingKind.Project or SettingKind.Key or SettingKind.PriceList or SettingKind.PricePolicy
            or SettingKind.EnvelopeKey or SettingKind.AdminToken or SettingKind.Webhook or SettingKind.GuardPolicy or SettingKind.GuardOverride
            or SettingKind.Mitigation or SettingKind.AlertRule;
        return isLimited && draft.SettingsOf(kind, org) >= draft.Limits.SettingsPerKind
            ? Refuse(Refusal.TooManySettings, Number(draft.Limits.SettingsPerKind)) : null;
    }

    /// <summary>A new budget counts from the beginning of its window on. What was charged then must be in the ledger, unless the org is younger.</summary>
    private static Outcome.Refused? ValidateWindow(Draft draft, Budget budget)
    {
        var opened = draft.Setting(SettingKind.Org, budget.Scope.Org, budget.Scope.Org)!.RecordedAt;
        var start = Window.Of(budget.Window, draft.Now, TimeZoneInfo.FindSystemTimeZoneById(budget.TimeZone)).Start;
        return draft.ValidatePresence(from: start > opened ? start : opened);
    }

    private static string? ValidateBudget(Draft draft, Budget budget)
    {
        foreach (var name in (ReadOnlySpan<string?>)[budget.Scope.Project, budget.Scope.Team, budget.Scope.Key, budget.Scope.Feature])
        {
            if (name is not null && (!Names.IsValid(name) || name == UsageLabels.Other)) return "scope";
        }

        if (budget.Scope.User is { } user && user != BudgetScope.EachUser && (!Names.IsValid(user) || user == UsageLabels.Other)) return "scope";
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(budget.TimeZone, out _)) return "time_zone";
        if (draft.Budgets.Find(budget.Id) is { } standing && standing.Budget.TimeZone != budget.TimeZone) return "time_zone";
        if (budget.Hard && budget.Limit is null) return "limit";
        var previous = 0;
        foreach (var percent in budget.Thresholds)
        {
            if (percent <= previous || percent > 1_000) return "thresholds";
            previous = percent;
        }

        return null;
    }

    private static Outcome Again(SettingRow known, string body) =>
        Conflicts.Of(known.Body, body) is { } field ? Refuse(Refusal.IdReused, field) : new Outcome.Replayed(known.Seq, NoFigures);
}
