using System.Globalization;
using System.Text.Json;
using Tieout.Core.Guard;
using Tieout.Core.Ledger;
using Tieout.Server.Guard;
using Tieout.Server.Tests.Attribution;

namespace Tieout.Server.Tests.Triage;

/// <summary>Ways in which the attribution of an org breaks, and what surrounds them where it does not. Each planted break gives a word that the verdict must
/// name.</summary>
internal sealed class TriageBreaks(EnvelopeWorld world, TriageTraffic traffic, Random random)
{
    private readonly List<GuardPolicy> _policies = [];
    private readonly List<GuardOverride> _overrides = [];
    private readonly List<string> _contracts = [];

    public (string Name, Func<Task<string>> Plant)[] Boundary =>
    [
        ("a reversible action is blocked", async () => (await PolicyAsync("reversible", irreversible: false, GuardMode.Enforce)).Name),
        ("nobody asked a candidate", async () => (await PolicyAsync("unasked", irreversible: false, GuardMode.Shadow)).Name),
        ("a candidate was asked before the week only", async () =>
        {
            var policy = await PolicyAsync("stale", irreversible: false, GuardMode.Shadow);
            await DecisionAsync(policy, DateTimeOffset.UtcNow.AddDays(-9), overrideId: null);
            return policy.Name;
        }),
        ("an override has no reason", async () => (await OverrideAsync(item => item with { Reason = " " })).Id),
        ("an override has no record", async () => (await OverrideAsync(item => item, isOnRecord: false)).Id),
        ("an override is long", async () => (await OverrideAsync(item => item with { Until = item.From.AddHours(9 + random.Next(90)) })).Id),
        ("an override was used after it expired", async () => await UsedAsync(item => item, item => item.Until.AddMinutes(1))),
        ("an override was used after somebody ended it", async () => await UsedAsync(
            item => item with { EndedAt = item.From.AddMinutes(5), EndedBy = "admin" }, item => item.EndedAt!.Value.AddSeconds(30))),
        ("an override was used and nobody approved it", async () => await UsedAsync(
            item => item with { NeedsApproval = true }, item => item.From.AddMinutes(1))),
    ];

    public (string Name, Func<Task<string>> Plant)[] Identity =>
    [
        ("a retry under a second envelope", () =>
        {
            var (first, again) = (traffic.Begin(Broken), traffic.Begin(Broken));
            traffic.Attempt(first, traffic.Key, 1);
            traffic.Attempt(again, traffic.Worker, 2);
            return Task.FromResult(Broken);
        }),
        ("a retry that the executor's org pays", () =>
        {
            traffic.Attempt(traffic.Begin(Broken), traffic.Worker, 1);
            traffic.Attempt(traffic.Begin(Broken, "platform"), traffic.Worker, 2);
            return Task.FromResult(Broken);
        }),
        ("no envelope at all", () =>
        {
            traffic.Unlinked(Broken, 1);
            return Task.FromResult(Broken);
        }),
        ("a retry lost its envelope", () =>
        {
            traffic.Attempt(traffic.Begin(Broken), traffic.Key, 1);
            traffic.Unlinked(Broken, 2);
            return Task.FromResult(Broken);
        }),
        ("a link does not hold", () =>
        {
            var chain = traffic.Begin(Broken);
            for (var no = 1; no <= 3; no++) traffic.Attempt(chain, traffic.Key, no, isForged: no == 2);
            return Task.FromResult(Broken);
        }),
        ("a foreign key carried the envelope", () =>
        {
            var chain = traffic.Begin(Broken);
            traffic.Hop(chain, "key-beta");
            traffic.Attempt(chain, traffic.Key, 1);
            return Task.FromResult(Broken);
        }),
        ("a worker of other tenants executed it", () =>
        {
            traffic.Attempt(traffic.Begin(Broken), "worker-7", 1);
            return Task.FromResult(Broken);
        }),
        ("another tenant was charged", () =>
        {
            traffic.Attempt(traffic.Begin(Broken), traffic.Key, 1, usageOrg: "beta");
            return Task.FromResult($"envelope is {traffic.Org}");
        }),
        ("an attempt has neither usage nor a hold", () =>
        {
            var chain = traffic.Begin(Broken);
            traffic.Lost(chain, 1);
            traffic.Attempt(chain, traffic.Key, 2);
            return Task.FromResult(Broken);
        }),
    ];

    public (string Name, Func<Task<string>> Plant)[] Joinability =>
    [
        ("no contract", async () =>
        {
            await EndContractsAsync();
            return "No join contract";
        }),
        ("a segment is missing", () =>
        {
            Lack(usage => usage with { Labels = usage.Labels with { Feature = null } });
            return Task.FromResult(_contracts[0]);
        }),
        ("a key is missing", () =>
        {
            Lack(usage => usage with { TraceId = null });
            return Task.FromResult(_contracts[0]);
        }),
        ("a second contract asks for more", async () =>
        {
            await ContractAsync("second", 0.9m, """["trigger or feature","end_user"]""");
            Lack(usage => usage with { EndUser = null });
            return _contracts[1];
        }),
        ("less than a strict contract wants", async () =>
        {
            await ContractAsync("strict", 0.9999m, """["workflow_id"]""");
            traffic.Import(10, 1, usage => usage with { WorkflowId = null });
            return _contracts[1];
        }),
        ("neither of two alternatives", async () =>
        {
            await ContractAsync("either", 0.99m, """["team or key"]""");
            Lack(usage => usage with { Labels = usage.Labels with { Key = null } });
            return _contracts[1];
        }),
    ];

    private string Broken => $"op-broken-{traffic.Org}";

    /// <summary>A guard, a contract and traffic in which nothing is broken, though much is near it.</summary>
    public async Task CleanAsync()
    {
        traffic.Operations(random.Next(2, 6));
        await ContractAsync("main", random.Next(2) == 0 ? 0.5m : 0.99m, """["feature"]""", """{"name":"trace_id","type":"name"}""");
        traffic.Free(random.Next(4));
        if (random.Next(4) == 0) return;
        await PolicyAsync("enforced", irreversible: true, GuardMode.Enforce);
        await PolicyAsync("off", irreversible: false, GuardMode.Off);
        var shadow = await PolicyAsync("measured", irreversible: random.Next(2) == 0, GuardMode.Shadow);
        await DecisionAsync(shadow, DateTimeOffset.UtcNow, overrideId: null, random.Next(2) == 0 ? traffic.Org : "beta");
        if (random.Next(2) == 0) await UsedAsync(item => item, item => item.From.AddMinutes(random.Next(60)));
        if (random.Next(2) == 0) await OverrideAsync(item => item with { NeedsApproval = true });
        if (random.Next(2) == 0) await OverrideAsync(item => item with { EndedAt = item.From.AddMinutes(1), EndedBy = "admin" });
    }

    /// <summary>As much usage without a feature as may lack it and no more: exactly 99 % or a little above.</summary>
    public void NearlyLack() => Import(usage => usage with { Labels = usage.Labels with { Feature = null } }, beyond: 0);

    /// <summary>Takes away what was set for this org, so that the next org begins with none of it.</summary>
    public async Task EndAsync()
    {
        foreach (var policy in _policies.Where(policy => policy.Mode is not GuardMode.Off))
        {
            await StoreAsync(SettingKind.GuardPolicy, policy.Name, (policy with { Mode = GuardMode.Off }).ToJson());
        }

        foreach (var item in _overrides)
        {
            var longAgo = item with { From = item.From.AddDays(-40), Until = item.From.AddDays(-40).AddHours(1) };
            await StoreAsync(SettingKind.GuardOverride, item.Id, longAgo.ToJson());
        }

        await EndContractsAsync();
    }

    private async Task EndContractsAsync()
    {
        foreach (var contract in _contracts) await PostAsync($"/contracts/{contract}/end", """{"reason":"the next org"}""");
    }

    private void Lack(Func<Core.Metering.UsageRecord, Core.Metering.UsageRecord> without) => Import(without, beyond: 1);

    /// <param name="beyond">How many more lack it than may.</param>
    private void Import(Func<Core.Metering.UsageRecord, Core.Metering.UsageRecord> without, int beyond)
    {
        var count = random.Next(100, 250);
        traffic.Import(count, ((traffic.Billable + count) / 100) + beyond, without);
    }

    /// <summary>Past the API, which would refuse to block what can be undone.</summary>
    private async Task<GuardPolicy> PolicyAsync(string name, bool irreversible, GuardMode mode)
    {
        var policy = new GuardPolicy(
            $"{name}-{traffic.Org}", $"{name}-{traffic.Org}.*", irreversible, mode, SingleUse: false, "r", 1, "admin", DateTimeOffset.UtcNow.AddDays(-10));
        _policies.Add(policy);
        await StoreAsync(SettingKind.GuardPolicy, policy.Name, policy.ToJson());
        return policy;
    }

    private async Task<GuardOverride> OverrideAsync(Func<GuardOverride, GuardOverride> change, bool isOnRecord = true)
    {
        var from = DateTimeOffset.UtcNow.AddHours(-random.Next(20, 60));
        var item = change(new($"ov_{random.NextInt64():x16}", "volume.*", null, null, "an outage", "admin", "ann", from, from.AddHours(random.Next(1, 8))));
        _overrides.Add(item);
        await StoreAsync(SettingKind.GuardOverride, item.Id, item.ToJson());
        if (isOnRecord)
        {
            await world.World.DoAsync(new Command.AddRecord(RecordKind.GuardChange, "", $"override/{item.Id}/opened", item.ToJson(), Once: true));
        }

        return item;
    }

    /// <summary>An override that allowed an action at a time.</summary>
    private async Task<string> UsedAsync(Func<GuardOverride, GuardOverride> change, Func<GuardOverride, DateTimeOffset> at)
    {
        var policy = await PolicyAsync("overridden", irreversible: true, GuardMode.Enforce);
        var item = await OverrideAsync(change);
        await DecisionAsync(policy, at(item), item.Id);
        return item.Id;
    }

    private Task DecisionAsync(GuardPolicy policy, DateTimeOffset at, string? overrideId, string? owner = null)
    {
        var id = $"{at.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}.{Guid.CreateVersion7(at):n}";
        var decision = new GuardDecision(
            id, at, policy.Actions.Replace("*", "delete", StringComparison.Ordinal), "volume", "v", owner ?? traffic.Org, overrideId is null ? "shadow_hit" : "allow",
            overrideId is null ? "envelope_missing" : "overridden", null, policy.Name, policy.Version, overrideId, "admin", null, null, null, null, null, null);
        return world.World.DoAsync(new Command.AddRecord(
            RecordKind.GuardDecision, owner ?? traffic.Org, id, JsonSerializer.Serialize(decision, GuardJson.Default.GuardDecision), Once: true));
    }

    private async Task ContractAsync(string name, decimal objective, string segmentation, string? key = null)
    {
        _contracts.Add($"{name}-{traffic.Org}");
        await PostAsync("/contracts", string.Create(CultureInfo.InvariantCulture, $$"""
            {"contract":{"name":"{{_contracts[^1]}}","version":"1.0.0","on_violation":"charge","keys":[{{key ?? """{"name":"operation_id","type":"name"}"""}}],
            "segmentation":{{segmentation}},"objective":{{objective}}},"reason":"r"}
            """));
    }

    private Task StoreAsync(SettingKind kind, string name, string json) => world.World.DoAsync(new Command.Record(kind, "", name, json, Once: false));

    private async Task PostAsync(string path, string body)
    {
        var (status, answer) = await world.ApiAsync(path, body);
        Assert.True(status is 200 or 201, answer.ToString());
    }
}
