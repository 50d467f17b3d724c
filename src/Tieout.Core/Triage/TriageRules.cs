using System.Globalization;
using Tieout.Core.Guard;

namespace Tieout.Core.Triage;

/// <summary>How the three steps are judged. Pure.</summary>
public static class TriageRules
{
    /// <summary>The share of billable events that must say whose they are, whatever less a contract asks for.</summary>
    public const decimal CompletenessMin = 0.99m;

    /// <summary>A change of an override is in force on every node within this time.</summary>
    private static readonly TimeSpan InForceWithin = TimeSpan.FromSeconds(1);

    private const string Platform = "the platform engineer who owns the guard's policies";
    private const string Producers = "the owner of the service that the first finding names";
    private const string Telemetry = "the owner of the usage's source, then whoever set the contract";

    /// <summary>P1: only irreversible actions are blocked, candidates are measured in shadow mode, and overrides are on record and short.</summary>
    /// <param name="policies">Those in force at the end of the range.</param>
    /// <param name="asked">How often each policy was asked in the week that is looked at, whoever owned the resource: a candidate is measured for the
    /// platform, not for one org.</param>
    public static TriageStep GuardTrust(
        IReadOnlyList<GuardPolicy> policies, IReadOnlyDictionary<string, long> asked, IReadOnlyList<ReviewedOverride> overrides, DateTimeOffset now)
    {
        const string title = "control-plane trust";
        if (policies.Count == 0 && overrides.Count == 0)
        {
            return new("P1", title, TriageVerdict.NotChecked, ["No guard policy is set, so nothing is blocked, nothing is measured, and nothing was overridden."],
                "Set a policy in shadow mode for the actions that nobody can undo: 'tieout guard policies set'.", Platform);
        }

        var failures = new List<(string, string)>();
        foreach (var policy in policies.Where(policy => policy is { Mode: GuardMode.Enforce, Irreversible: false }))
        {
            failures.Add(($"The policy {policy.Name} blocks {policy.Actions}, which can be undone.",
                $"Put the policy {policy.Name} in shadow mode: 'tieout guard policies set {policy.Name} --mode shadow'."));
        }

        foreach (var policy in policies.Where(policy => policy.Mode is GuardMode.Shadow && asked.GetValueOrDefault(policy.Name) == 0))
        {
            failures.Add(($"The policy {policy.Name} is in shadow mode and was not asked once in the week, so nobody knows what it would block.",
                $"Let the service that carries out {policy.Actions} ask the guard: POST /api/v1/guard/decide."));
        }

        failures.AddRange(overrides.SelectMany(reviewed => Flaws(reviewed, now)));

        var blocking = policies.Count(policy => policy.Mode is GuardMode.Enforce);
        return TriageStep.Of("P1", title, failures,
        [
            $"{blocking} policies block, and all of them only what nobody can undo.",
            $"{policies.Count(policy => policy.Mode is GuardMode.Shadow)} policies are in shadow mode, and each was asked in the week.",
            $"{overrides.Count} overrides are on record with a reason, none was in force longer than {GuardOverride.LifetimeMax.TotalHours:0} hours, and none was used after its end.",
        ], Platform);
    }

    /// <summary>P2: every operation kept the envelope that it was issued with.</summary>
    /// <param name="first">The first finding: its cause, and what repairs it. Null: there is none.</param>
    public static TriageStep IdentityKept(long operations, long whole, long findings, (string Cause, string Proposed)? first, IReadOnlyList<string> notes)
    {
        const string title = "identity envelope and retry lineage";
        if (operations == 0 && findings == 0) return new("P2", title, TriageVerdict.NotChecked, notes);
        var figure = $"{whole} of {operations} operations carry one envelope on every attempt and hop.";
        if (findings == 0) return new("P2", title, TriageVerdict.Pass, [figure, .. notes]);
        var sentence = $"{findings} defects, the first of them: {first?.Cause ?? "not named"}.";
        return new("P2", title, TriageVerdict.Fail, [figure, sentence, .. notes], first is { } named ? $"First: {named.Proposed}." : null, Producers);
    }

    /// <summary>P3: a contract says how books are joined, and nearly every billable event has what it asks for.</summary>
    public static TriageStep Joinability(IReadOnlyList<ReviewedContract> contracts)
    {
        const string title = "joinability and segmentation";
        if (contracts.Count == 0)
        {
            return TriageStep.Of("P3", title,
                [("No join contract is in force, so nothing says by which keys telemetry and billing are joined.", "Set one: 'tieout contracts'.")], [], Telemetry);
        }

        var billable = contracts.Where(contract => contract.Billable > 0).ToList();
        if (billable.Count == 0) return new("P3", title, TriageVerdict.NotChecked, ["The range has no billable usage, so no contract can be checked."]);
        var failures = billable.Where(contract => contract.Share < Math.Max(contract.Objective, CompletenessMin)).OrderBy(contract => contract.Share)
            .Select(contract => ($"{Share(contract)} of {contract.Billable} billable records have what {Named(contract)} asks for; it must be {Percent(Math.Max(contract.Objective, CompletenessMin))}. {contract.Unattributed} is unattributed.",
                $"List the records that lack something: 'tieout contracts incomplete {contract.Name}'.")).ToList();
        return TriageStep.Of(
            "P3", title, failures, [.. billable.Select(contract => $"{Share(contract)} of {contract.Billable} billable records have what {Named(contract)} asks for.")],
            Telemetry);
    }

    private static IEnumerable<(string Reason, string Fix)> Flaws(ReviewedOverride reviewed, DateTimeOffset now)
    {
        var item = reviewed.Override;
        var isOver = item.StateAt(now) is GuardOverrideState.Ended or GuardOverrideState.Expired;
        var review = $"Review the override {item.Id} with {item.By}{(isOver ? "" : $", and end it: 'tieout guard overrides end {item.Id}'")}.";
        if (!reviewed.IsOnRecord) yield return ($"The override {item.Id} has no record of who opened it.", review);
        if (string.IsNullOrWhiteSpace(item.Reason)) yield return ($"The override {item.Id} has no reason.", review);
        if (item.Until - item.From > GuardOverride.LifetimeMax)
        {
            yield return ($"The override {item.Id} is in force for {item.Until - item.From}, longer than {GuardOverride.LifetimeMax.TotalHours:0} hours.", review);
        }

        if (reviewed.LastUse is not { } used) yield break;
        var end = item.EndedAt is { } ended && ended < item.Until ? ended : item.Until;
        if (item is { NeedsApproval: true, ApprovedBy: null })
        {
            yield return ($"The override {item.Id} allowed an action at {Shown(used)}, and nobody approved it.", review);
        }

        if (used > end + InForceWithin)
        {
            yield return ($"The override {item.Id} allowed an action at {Shown(used)}, after it ended at {Shown(end)}.",
                $"Find who asked and which server answered: 'tieout guard hits'. Then compare that server's clock. The override {item.Id} is of {item.By}.");
        }
    }

    private static string Shown(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string Named(ReviewedContract contract) => $"the contract {contract.Name} {contract.Version}";

    private static string Share(ReviewedContract contract) => Percent(contract.Share);

    private static string Percent(decimal share) => (share * 100m).ToString("0.####", CultureInfo.InvariantCulture) + " %";
}

/// <param name="IsOnRecord">The ledger has the record of its opening.</param>
/// <param name="LastUse">The last decision that it allowed in the week that is looked at; null: it allowed none.</param>
public sealed record ReviewedOverride(GuardOverride Override, bool IsOnRecord, DateTimeOffset? LastUse = null);

/// <param name="Share">Of the billable records, those that have what the contract asks for: from 0 to 1.</param>
/// <param name="Unattributed">What the others cost, with the asset.</param>
/// <param name="Query">The join query in SQL, for one org; null: all orgs are looked at.</param>
public sealed record ReviewedContract(
    string Name, string Version, decimal Objective, long Billable, decimal Share, string Unattributed, string? Query = null);
