using System.Globalization;
using Tieout.Core.Ledger;
using Tieout.Core.Spike;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Spike.Rules;

/// <summary>Sets and removes alert rules: the setting and the record of the version in one commit (U1).</summary>
internal sealed class AlertRuleChanges(ILedger ledger, CurrentAlertRules current, TimeProvider time)
{
    /// <summary>The rule as it was set last; null: the org has none of this id.</summary>
    public AlertRule? Find(string org, string id) => current.Get().All.FirstOrDefault(rule => rule.Org == org && rule.Id == id);

    /// <summary>The rule that a body describes.</summary>
    /// <exception cref="ApiRefusedException">It cannot be set.</exception>
    public AlertRule Read(OrgState org, string id, SetAlertRuleBody body, string by)
    {
        var next = new AlertRule(
            id, org.Org.Id, body.Kind, body.Scope ?? AlertScope.Whole, body.Terms(), body.Owner, Inputs.Reason(body.Reason),
            (Find(org.Org.Id, id)?.Version ?? 0) + 1, by, time.GetUtcNow());
        if (AlertRuleFlaws.Of(next) is { } flaw) throw Invalid(flaw);

        // Teams and keys exist only here: usage with an unknown one will never come, and the rule would look as if it watched.
        ledger.Exists(SettingKind.Team, next.Org, next.Scope.Team);
        ledger.Exists(SettingKind.Key, next.Org, next.Scope.Key);
        if (next.Terms.Budget is { } budget
            && !ledger.Read.BudgetStates(next.Org).Any(state => state.Budget.Id == budget && AlertRuleFigures.IsForecast(state)))
        {
            throw Invalid($"The org has no budget '{Inputs.Shown(budget)}' with a limit and a window of a day, week or month, that is not of an end user.");
        }

        return next;
    }

    /// <summary>Sets a version. It replaces the one before.</summary>
    public Task SetAsync(AlertRule next, AdminCall call) => RecordAsync(next, "", call);

    /// <summary>Removes a rule. An alert that is open ends.</summary>
    public async Task<AlertRule> RemoveAsync(AlertRule standing, AdminCall call)
    {
        var removed = standing with { RemovedAt = time.GetUtcNow() };
        await RecordAsync(removed, "/removed", call);
        return removed;
    }

    private async Task RecordAsync(AlertRule rule, string step, AdminCall call)
    {
        // The version is a name that can be taken once: of two people who change the same version, one is refused.
        var name = $"alert_rule/{rule.Id}/{rule.Version.ToString("D6", CultureInfo.InvariantCulture)}{step}";
        var json = rule.ToJson();
        (await ledger.ActAsync(new Command.Together(rule.Org, [
            new Command.AddRecord(RecordKind.AlertRuleChange, rule.Org, name, json, Once: true),
            new Command.Record(SettingKind.AlertRule, rule.Org, rule.Id, json, Once: false),
        ]), call)).OrThrow();
    }

    private static ApiRefusedException Invalid(string detail) => new(ApiError.AlertRuleInvalid, detail);
}
