using System.Globalization;
using Tieout.Core.Attribution.Contracts;
using Tieout.Core.Guard;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Triage;
using Tieout.Server.Attribution.Contracts;
using Tieout.Server.Guard;
using Tieout.Server.Ingest;
using Tieout.Storage;

namespace Tieout.Server.Triage.Packets;

/// <summary>What governed the dispute when it happened: guard policies, overrides and decisions (P1), join contracts and quarantined usage (P3).</summary>
internal sealed class PolicySnapshot(ILedger ledger, CurrentGuard guard)
{
    private const int WeekDays = 7;
    private const int DecisionsMax = 200;
    private const int QuarantinedMax = 100;

    /// <summary>Records of a kind that are looked at.</summary>
    private const int RowsMax = 20_000;

    /// <summary>The snapshot, and how P1 and P3 are judged by it.</summary>
    public async Task<(PolicySnapshotBody Body, TriageStep P1, TriageStep P3)> OfAsync(Dispute dispute, CancellationToken cancellationToken)
    {
        var (org, at) = (dispute.Org.Org.Id, dispute.Last.ToDateTimeOffset());
        var before = DateOnly.FromDateTime(at.UtcDateTime).AddDays(1);
        var first = before.AddDays(-WeekDays);
        var versions = new List<GuardPolicy>();
        foreach (var policy in guard.Terms.Policies.OrderBy(policy => policy.Name, StringComparer.Ordinal))
        {
            versions.AddRange(await GuardPolicyEndpoints.VersionsAsync(ledger, policy.Name, cancellationToken));
        }

        var inForce = versions.Where(version => version.SetAt <= at).GroupBy(version => version.Name, StringComparer.Ordinal)
            .Select(policy => policy.MaxBy(version => version.Version)!).ToList();
        var week = (await GuardHits.ReadAsync(ledger, policy: null, org, first, before, cancellationToken)).Items;

        // A candidate is measured for the platform, so a policy counts as asked whoever owned the resource. Only the sums leave.
        var uses = await GuardHits.UsesAsync(ledger, first, before, cancellationToken);
        var overrides = await OverridesAsync(org, first.ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc), at, uses, cancellationToken);
        var (decisions, decisionsLeftOut) = await DecisionsAsync(dispute, cancellationToken);
        var contracts = await ContractsAsync(at, cancellationToken);
        var breaches = Breaches(dispute, contracts);
        var (quarantined, quarantinedLeftOut) = await QuarantinedAsync(dispute, cancellationToken);

        var p1 = Judged(TriageRules.GuardTrust(inForce, uses.Asked, overrides, at), decisions);
        return (
            new(
                dispute.Last.ToString(), inForce, [.. versions.Where(version => version.SetAt > at)], [.. overrides.Select(item => item.Override)], week,
                decisions, decisionsLeftOut, contracts, breaches, quarantined, quarantinedLeftOut),
            p1, Joins(dispute, contracts, breaches, quarantined.Count));
    }

    /// <summary>Also says what the guard let through for this very workflow.</summary>
    private static TriageStep Judged(TriageStep step, IReadOnlyList<GuardDecision> decisions)
    {
        if (decisions.Count == 0) return step;
        int Count(string outcome) => decisions.Count(decision => decision.Outcome == outcome);
        return step with
        {
            Reasons =
            [
                .. step.Reasons,
                $"The guard decided {decisions.Count} times on the operations, workflows and resources of the dispute: {Count("allow")} allowed, {Count("shadow_hit")} would be blocked, {Count("block")} blocked, {decisions.Count(decision => decision.OverrideId is not null)} by an override.",
            ],
        };
    }

    /// <summary>Those in force within the time that concern the org's resources, newest first.</summary>
    private async Task<List<ReviewedOverride>> OverridesAsync(
        string org, DateTimeOffset from, DateTimeOffset at, GuardUses uses, CancellationToken cancellationToken)
    {
        var reviewed = new List<ReviewedOverride>();
        foreach (var item in guard.Terms.Overrides.Where(item => item.From <= at && item.Until > from && (item.Org is null || item.Org == org))
            .OrderByDescending(item => item.From).ThenBy(item => item.Id, StringComparer.Ordinal))
        {
            var opened = await ledger.Read.RecordAsync(new(RecordKind.GuardChange, "", $"override/{item.Id}/opened"), cancellationToken);
            reviewed.Add(new(item, opened is not null, uses.LastUses.TryGetValue(item.Id, out var used) ? used : null));
        }

        return reviewed;
    }

    private async Task<(IReadOnlyList<GuardDecision> Items, long LeftOut)> DecisionsAsync(Dispute dispute, CancellationToken cancellationToken)
    {
        var all = new List<GuardDecision>();
        var (day, last) = (Day(dispute.From.ToDateTimeOffset()), Day(dispute.Last.ToDateTimeOffset()).AddDays(1));
        for (; day <= last && all.Count < RowsMax; day = day.AddDays(1))
        {
            await foreach (var row in ledger.Read.AllRecordsAsync(
                RecordKind.GuardDecision, dispute.Org.Org.Id, GuardDecision.FirstId(day), cancellationToken).Take(RowsMax))
            {
                all.Add(GuardDecision.Parse(row.Body));
            }
        }

        bool IsOf(GuardDecision decision) => (decision.OperationId is { } operation && dispute.Operations.Contains(operation))
            || (decision.WorkflowId is { } workflow && dispute.Workflows.Contains(workflow));
        var resources = all.Where(IsOf).Select(decision => (decision.ResourceType, decision.ResourceId)).ToHashSet();
        var found = all.Where(decision => IsOf(decision) || resources.Contains((decision.ResourceType, decision.ResourceId))).ToList();
        var own = dispute.Org.Org.Id;
        return ([.. found.Take(DecisionsMax).Select(decision => decision.CallerOrg is { } caller && caller != own
            ? decision with { CallerId = OtherTenants.Instead, CallerOrg = OtherTenants.Instead } : decision)], Math.Max(0, found.Count - DecisionsMax));
    }

    /// <summary>Each in the version that was in force then.</summary>
    private async Task<IReadOnlyList<StandingContract>> ContractsAsync(DateTimeOffset at, CancellationToken cancellationToken)
    {
        var versions = new List<StandingContract>();
        await foreach (var row in ledger.Read.AllRecordsAsync(RecordKind.ContractChange, "", cancellationToken)) versions.Add(StandingContract.Parse(row.Body));
        return [.. versions.Where(version => version.SetAt <= at).GroupBy(version => version.Contract.Name, StringComparer.Ordinal)
            .Select(contract => contract.OrderBy(version => version.SetAt).Last()).Where(version => !version.Ended)
            .OrderBy(version => version.Contract.Name, StringComparer.Ordinal)];
    }

    private static List<BrokenContractBody> Breaches(Dispute dispute, IReadOnlyList<StandingContract> contracts) =>
    [
        .. from attempt in dispute.Attempts
           where attempt.Usage is not null
           from standing in contracts
           let breaches = ContractBreach.Of(standing.Contract, attempt.Usage!.Usage)
           where breaches.Count > 0
           select new BrokenContractBody(standing.Contract.Name, standing.Contract.Version, attempt.Id, ContractWords.Said(breaches)),
    ];

    private async Task<(IReadOnlyList<QuarantinedEvent> Items, long LeftOut)> QuarantinedAsync(Dispute dispute, CancellationToken cancellationToken)
    {
        var found = new List<QuarantinedEvent>();
        await foreach (var row in ledger.Read.AllRecordsAsync(RecordKind.QuarantinedEvent, dispute.Org.Org.Id, cancellationToken).Take(RowsMax))
        {
            var aside = QuarantinedEvent.Parse(row.Body);
            if (Says(aside, "operation_id", dispute.Operations) || Says(aside, "workflow_id", dispute.Workflows)) found.Add(aside);
        }

        return ([.. found.Take(QuarantinedMax)], Math.Max(0, found.Count - QuarantinedMax));
    }

    private static bool Says(QuarantinedEvent aside, string member, IReadOnlyList<string> ids) =>
        aside.Item.TryGetProperty(member, out var value) && value.ValueKind is System.Text.Json.JsonValueKind.String && ids.Contains(value.GetString()!);

    /// <summary>P3 for the disputed records alone.</summary>
    private static TriageStep Joins(
        Dispute dispute, IReadOnlyList<StandingContract> contracts, IReadOnlyList<BrokenContractBody> breaches, int quarantined)
    {
        var billable = dispute.Attempts.Where(attempt => attempt.Usage is { } usage && usage.Charge != Amount.Zero).ToList();
        var reviewed = contracts.Select(standing =>
        {
            var broken = breaches.Where(breach => breach.Contract == standing.Contract.Name).Select(breach => breach.UsageId).ToHashSet(StringComparer.Ordinal);
            var incomplete = billable.Where(attempt => broken.Contains(attempt.Id)).ToList();
            return new ReviewedContract(
                standing.Contract.Name, standing.Contract.Version, standing.Contract.Objective, billable.Count,
                billable.Count == 0 ? 1m : (billable.Count - incomplete.Count) / (decimal)billable.Count,
                $"{Amount.Sum(incomplete.Select(attempt => attempt.Charged))} {dispute.Org.Org.Asset}");
        }).ToList();
        var step = TriageRules.Joinability(reviewed);
        var more = breaches.Take(3).Select(breach => $"{breach.UsageId} breaks the contract {breach.Contract} {breach.Version}: {breach.Why}.").ToList();
        if (quarantined > 0)
        {
            more.Add(string.Create(CultureInfo.InvariantCulture, $"{quarantined} events of the operations or workflows were put aside because they broke a contract."));
        }

        return more.Count == 0 ? step : step with { Reasons = [.. step.Reasons, .. more] };
    }

    private static DateOnly Day(DateTimeOffset at) => DateOnly.FromDateTime(at.UtcDateTime);
}
