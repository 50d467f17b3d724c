using Tieout.Core.Spike;

namespace Tieout.Core.Tests.Spike;

public sealed class AlertRuleFlawsTests
{
    private static readonly AlertRule Fine = new(
        "r-1", "acme", AlertRuleKind.Threshold, AlertScope.Whole, new(AlertMeasure.Spend, LimitNanos: 5), "ann", "r", 1, "admin", default);

    // Each row is refused for one thing, and the sentence names it.
    [Fact]
    public void A_rule_that_would_not_do_what_it_looks_like_is_refused()
    {
        var table = new (AlertRule Rule, string? Names)[]
        {
            (Fine, null),
            (Fine with { Id = "a/b" }, "id"),
            (Fine with { Id = new('a', 65) }, "id"),
            (Fine with { Owner = "" }, "owner"),
            (Fine with { Scope = new(Feature: "<b>\"quoted\"</b>") }, "feature"),
            (Of(AlertRuleKind.Threshold, new()), "measure"),
            (Of(AlertRuleKind.Threshold, new(AlertMeasure.Spend)), "limit"),
            (Of(AlertRuleKind.Threshold, new(AlertMeasure.Spend, LimitNanos: -1)), "limit"),
            (Of(AlertRuleKind.Threshold, new(AlertMeasure.Spend, Count: 3)), "limit in place"),
            (Of(AlertRuleKind.Threshold, new(AlertMeasure.Tokens, LimitNanos: 3)), "count in place"),
            (Of(AlertRuleKind.Threshold, new(AlertMeasure.Failures, AlertPeriod.Day, Count: 0)), null),
            (Of(AlertRuleKind.Threshold, new(AlertMeasure.Failures, Count: -1)), "count"),
            (Of(AlertRuleKind.Threshold, new(AlertMeasure.Failures, Count: 1, Percent: 200)), "percent"),
            (Of(AlertRuleKind.Ratio, new(AlertMeasure.Failures, Count: 1)), "percent"),
            (Of(AlertRuleKind.Ratio, new(AlertMeasure.Failures, Count: 1, Percent: 99)), "percent"),
            (Of(AlertRuleKind.Ratio, new(AlertMeasure.Spend, Percent: 200)), "limit"),
            (Of(AlertRuleKind.Ratio, new(AlertMeasure.Spend, AlertPeriod.Hour, LimitNanos: 1, Percent: 200)), "period"),
            (Of(AlertRuleKind.Ratio, new(AlertMeasure.Spend, LimitNanos: 1, Percent: 200)), null),
            (Of(AlertRuleKind.Forecast, new()), null),
            (Of(AlertRuleKind.Forecast, new(Percent: 0)), "percent"),
            (Of(AlertRuleKind.Forecast, new(LimitNanos: 5)), "limit"),
            (Of(AlertRuleKind.Forecast, new()) with { Scope = new(Team: "red") }, "budget"),
            (Of(AlertRuleKind.Spike, new()), null),
            (Of(AlertRuleKind.Spike, new(Verdicts: ["sustained", "rising"], Percent: 50, LimitNanos: 0)), null),
            (Of(AlertRuleKind.Spike, new(Verdicts: ["metering"])), "metering"),
            (Of(AlertRuleKind.Spike, new()) with { Scope = new(Team: "red") }, "whole org"),
        };
        foreach (var (rule, names) in table)
        {
            var flaw = AlertRuleFlaws.Of(rule);
            if (names is null) Assert.Null(flaw);
            else Assert.Contains(names, Assert.IsType<string>(flaw), StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public void A_rule_is_stored_as_a_text_that_reads_back_the_same()
    {
        var rule = Fine with { Terms = new(AlertMeasure.Spend, AlertPeriod.Day, Int128.MaxValue), Scope = new(Team: "red"), RemovedAt = DateTimeOffset.UnixEpoch };
        Assert.Equal(rule, AlertRule.Parse(rule.ToJson()));
    }

    private static AlertRule Of(AlertRuleKind kind, AlertTerms terms) => Fine with { Kind = kind, Terms = terms };
}
