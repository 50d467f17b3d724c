using Tieout.Core.Spike;

namespace Tieout.Core.Tests.Spike;

public sealed class MitigationFlawsTests
{
    private static readonly Mitigation Fine = new(
        "m-1", "acme", MitigationKind.RateLimit, new(Feature: "editor"), new(Requests: 3), "ann", "r", DateTimeOffset.UnixEpoch, 1, "admin", default);

    // Each row is refused for one thing, and the sentence names it.
    [Fact]
    public void G2_a_mitigation_without_an_owner_or_with_a_rule_that_is_none_is_refused()
    {
        var table = new (Mitigation Mitigation, string? Names)[]
        {
            (Fine, null),
            (Fine with { Owner = "" }, "owner"),
            (Fine with { Id = "a/b" }, "id"),
            (Fine with { Scope = new(Feature: "a \"quoted\" name") }, "feature"),
            (Fine with { Rule = new() }, "requests"),
            (Fine with { Rule = new(Requests: 0) }, "requests"),
            (Fine with { Rule = new(Requests: 3, PeriodSeconds: 0) }, "period_seconds"),
            (Fine with { Rule = new(Requests: 3, OutputTokens: 5) }, "output_tokens"),
            (Of(MitigationKind.Off, new(), MitigationScope.Whole), "switched off"),
            (Of(MitigationKind.Off, new(), new(Key: "*")), null),
            (Of(MitigationKind.OutputCap, new(OutputTokens: 15)), "output_tokens"),
            (Of(MitigationKind.ModelMap, new()), "models"),
            (Of(MitigationKind.ModelMap, new(Models: new Dictionary<string, string> { ["a"] = "b", ["b"] = "c" })), "leads on"),
            (Of(MitigationKind.ModelMap, new(Models: new Dictionary<string, string> { ["a"] = "b" }), new(Model: "a")), "model"),
            (Of(MitigationKind.CostCap, new()), "limit"),
            (Of(MitigationKind.CostCap, new(LimitNanos: -1)), "limit"),
            (Of(MitigationKind.CostCap, new(LimitNanos: 5), new(Model: "m")), "budgets"),
            (Of(MitigationKind.CostCap, new(LimitNanos: 5), new(Feature: "*")), "user"),
            (Of(MitigationKind.CostCap, new(LimitNanos: 0), new(User: "*")), null),
            (Of(MitigationKind.RetryBudget, new()), null),
            (Of(MitigationKind.RetryBudget, new(Percent: 1_001)), "percent"),
            (Of(MitigationKind.ToolBreaker, new(Failures: 0)), "failures"),
            (Of(MitigationKind.ToolBreaker, new(Retries: 0, Tool: "search")), null),
            (Of(MitigationKind.Coalesce, new(WaitSeconds: 121)), "wait_seconds"),
            (Of(MitigationKind.Coalesce, new(Tool: "search")), "tool"),
            (Of(MitigationKind.Truncate, new()), "either"),
            (Of(MitigationKind.Truncate, new(Messages: 10, ContextTokens: 1_000)), "either"),
            (Of(MitigationKind.Truncate, new(Messages: 0)), "messages"),
            (Of(MitigationKind.Truncate, new(Messages: 10, Block: 0)), "block"),
            (Of(MitigationKind.Truncate, new(Messages: 10, Block: 20)), null),
            (Of(MitigationKind.Truncate, new(ContextTokens: 999)), "context_tokens"),
            (Of(MitigationKind.Truncate, new(ContextTokens: 1_000, Block: 1_000)), "block"),
            (Of(MitigationKind.Truncate, new(ContextTokens: 1_000)), null),
            (Of(MitigationKind.Off, new(Messages: 10)), "messages"),
        };
        foreach (var (mitigation, names) in table)
        {
            var flaw = MitigationFlaws.Of(mitigation);
            if (names is null) Assert.Null(flaw);
            else Assert.Contains(names, Assert.IsType<string>(flaw), StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public void A_mitigation_is_stored_and_read_as_it_is()
    {
        var full = Fine with
        {
            Kind = MitigationKind.CostCap,
            Scope = new(User: "*"),
            Rule = new(LimitNanos: Int128.MaxValue / 7),
            EndedAt = DateTimeOffset.UnixEpoch,
            EndedBy = Mitigation.Expiry,
        };
        Assert.Equal(full, Mitigation.Parse(full.ToJson()));
        Assert.Equal(MitigationState.Expired, full.StateAt(default));
        Assert.Equal(MitigationState.Removed, (full with { EndedBy = "tok-1" }).StateAt(default));
        Assert.Equal(MitigationState.InForce, Fine.StateAt(DateTimeOffset.UnixEpoch.AddTicks(-1)));
        Assert.Equal(MitigationState.Expired, Fine.StateAt(DateTimeOffset.UnixEpoch));
        Assert.Equal("acme/user=*/hour", full.BudgetIn("UTC")!.Id);
        Assert.Null(full.LiftedIn("UTC")!.Limit);
    }

    private static Mitigation Of(MitigationKind kind, MitigationRule rule, MitigationScope? scope = null) =>
        Fine with { Kind = kind, Rule = rule, Scope = scope ?? new(Feature: "editor") };
}
