using Tieout.Core;
using Tieout.Core.Attribution.Contracts;
using Tieout.Core.Guard;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Triage;
using Tieout.Server.Attribution.Contracts;
using Tieout.Server.Guard;
using Tieout.Server.Http;
using Tieout.Server.Reconciliation.Lineages;
using Tieout.Storage;

namespace Tieout.Server.Triage;

/// <summary>Asks the three questions in their order, and stops at the first that fails. Changes nothing.</summary>
internal sealed class TriageRun(ILedger ledger, CurrentGuard guard, CurrentContracts contracts, LineageAudits audits)
{
    private const int WeekDays = 7;

    /// <param name="all">Goes on after a step that failed.</param>
    public async Task<TriageBody> RunAsync(LineageRange range, bool all, CancellationToken cancellationToken)
    {
        var asOf = ledger.Read.AsOf;
        var steps = new List<TriageStepBody>();
        foreach (var (id, title, look) in Questions)
        {
            var first = steps.Find(step => step.Verdict == SnakeCase.Of(TriageVerdict.Fail));
            steps.Add(first is null || all ? await look(range, cancellationToken)
                : TriageStepBody.Of(new(id, title, TriageVerdict.NotChecked, [$"{first.Id} failed. Fix it first, or go on with --all."]), evidence: null));
        }

        var broken = steps.Find(step => step.Verdict == SnakeCase.Of(TriageVerdict.Fail));
        var verdict = broken?.Verdict
            ?? SnakeCase.Of(steps.Exists(step => step.Verdict == SnakeCase.Of(TriageVerdict.Pass)) ? TriageVerdict.Pass : TriageVerdict.NotChecked);
        return new(range.Org?.Org.Id, range.From.ToString(), range.To.ToString(), verdict, broken?.Id, steps, asOf);
    }

    private IReadOnlyList<(string Id, string Title, Func<LineageRange, CancellationToken, Task<TriageStepBody>> Look)> Questions =>
    [
        ("P1", "control-plane trust", GuardAsync), ("P2", "identity envelope and retry lineage", IdentityAsync),
        ("P3", "joinability and segmentation", JoinsAsync),
    ];

    private async Task<TriageStepBody> GuardAsync(LineageRange range, CancellationToken cancellationToken)
    {
        var (terms, now) = (guard.Terms, range.Now.ToDateTimeOffset());
        var before = DateOnly.FromDateTime((range.To < range.Now ? range.To : range.Now).ToDateTimeOffset().UtcDateTime).AddDays(1);
        var hits = await GuardHits.ReadAsync(ledger, policy: null, range.Org?.Org.Id, before.AddDays(-WeekDays), before, cancellationToken);
        var uses = await GuardHits.UsesAsync(ledger, before.AddDays(-WeekDays), before, cancellationToken);
        var overrides = new List<ReviewedOverride>();
        foreach (var item in terms.Overrides.Where(item => item.From < range.To.ToDateTimeOffset() && item.Until > range.From.ToDateTimeOffset())
            .OrderByDescending(item => item.From))
        {
            var opened = await ledger.Read.RecordAsync(new(RecordKind.GuardChange, "", $"override/{item.Id}/opened"), cancellationToken);
            overrides.Add(new(item, opened is not null, uses.LastUses.TryGetValue(item.Id, out var used) ? used : null));
        }

        var (policies, versions) = (new List<GuardPolicy>(), new List<GuardPolicy>());
        foreach (var policy in terms.Policies.OrderBy(policy => policy.Name, StringComparer.Ordinal))
        {
            var all = await GuardPolicyEndpoints.VersionsAsync(ledger, policy.Name, cancellationToken);
            versions.AddRange(all);
            if (InForceAt(range.To, policy, all) is { } version) policies.Add(version);
        }

        return TriageStepBody.Of(TriageRules.GuardTrust(policies, uses.Asked, overrides, now), new(
            ["tieout guard policies diff POLICY", "tieout guard hits", "tieout guard overrides list"], versions, hits,
            [.. overrides.Select(item => GuardOverrideBody.Of(item.Override, now))]));
    }

    /// <summary>The version of a policy at the end of the range; null: the policy was set later.</summary>
    private static GuardPolicy? InForceAt(Instant end, GuardPolicy current, IReadOnlyList<GuardPolicy> versions) =>
        current.SetAt < end.ToDateTimeOffset() ? current : versions.LastOrDefault(version => version.SetAt < end.ToDateTimeOffset());

    private async Task<TriageStepBody> IdentityAsync(LineageRange range, CancellationToken cancellationToken)
    {
        var audit = await audits.RunAsync(range, keeps: false, cancellationToken);
        (string, string)? first = audit.Findings is [var worst, ..] ? (worst.Cause, worst.Proposed) : null;
        var step = TriageRules.IdentityKept(audit.Operations, audit.Whole, audit.Findings.Count + audit.More, first, audit.Notes);
        var whose = range.Org is { } org ? $" --org {org.Org.Id}" : "";
        return TriageStepBody.Of(step, new([$"tieout lineage audit{whose} --from {range.From} --to {range.To}"], Lineage: audit));
    }

    private async Task<TriageStepBody> JoinsAsync(LineageRange range, CancellationToken cancellationToken)
    {
        var inForce = contracts.Get().InForce;
        var reviewed = new List<ReviewedContract>();
        IEnumerable<OrgState> orgs = range.Org is { } one ? [one] : ledger.Read.Orgs;
        foreach (var asset in orgs.GroupBy(org => org.Org.Asset, StringComparer.Ordinal))
        {
            var counts = inForce.Select(contract => (Contract: contract, Counts: new Completeness(contract))).ToList();
            foreach (var org in asset)
            {
                var lines = await ledger.Read.StatusesAsync(new RecountQuery(org, range.From, range.To, RecountSlot.Range), cancellationToken);
                foreach (var (_, completeness) in counts)
                {
                    foreach (var line in lines) completeness.Add(line.Labels, line.Absent, line.Billable, line.Charge);
                }
            }

            reviewed.AddRange(counts.Select(pair => new ReviewedContract(
                pair.Contract.Name, pair.Contract.Version, pair.Contract.Objective, pair.Counts.Billable, pair.Counts.Share,
                $"{pair.Counts.Unattributed} {asset.Key}", range.Org is { } only ? JoinQuery.Sql(pair.Contract, only.Org.Id, range.From, range.To) : null)));
        }

        var whose = range.Org is { } named ? $" --org {named.Org.Id}" : "";
        return TriageStepBody.Of(TriageRules.Joinability(reviewed), new(
            [.. inForce.Select(contract => $"tieout contracts completeness {contract.Name}{whose} --from {range.From} --to {range.To}")], Contracts: reviewed));
    }
}
