using Tieout.Core.Guard;
using Tieout.Core.Triage;

namespace Tieout.Core.Tests.Triage;

/// <summary>Each way in which a step of the triage fails, and that nothing else does.</summary>
public sealed class TriageRulesTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    private static readonly Dictionary<string, long> Asked = new() { ["shadowed"] = 3 };

    [Fact]
    public void P1_passes_where_only_irreversible_actions_are_blocked_candidates_are_measured_and_overrides_are_short() =>
        Assert.Equal(TriageVerdict.Pass, Trust([Policy("enforced", GuardMode.Enforce, irreversible: true), Policy("shadowed", GuardMode.Shadow)], [new(Override(), true)]));

    [Fact]
    public void P1_fails_for_each_reason_alone()
    {
        Assert.Equal(TriageVerdict.Fail, Trust([Policy("enforced", GuardMode.Enforce)], []));
        Assert.Equal(TriageVerdict.Fail, Trust([Policy("never-asked", GuardMode.Shadow)], []));
        Assert.Equal(TriageVerdict.Fail, Trust([], [new(Override(), IsOnRecord: false)]));
        Assert.Equal(TriageVerdict.Fail, Trust([], [new(Override() with { Reason = " " }, true)]));
        Assert.Equal(TriageVerdict.Fail, Trust([], [new(Override() with { Until = Now + TimeSpan.FromDays(1) }, true)]));
        Assert.Equal(TriageVerdict.Fail, Trust([], [new(Override(), true, Now - TimeSpan.FromMinutes(59))]));
        Assert.Equal(TriageVerdict.Fail, Trust([], [new(Override() with { EndedAt = Now - TimeSpan.FromMinutes(90) }, true, Now - TimeSpan.FromMinutes(70))]));
        Assert.Equal(TriageVerdict.Fail, Trust([], [new(Override() with { NeedsApproval = true }, true, Now - TimeSpan.FromMinutes(70))]));
        Assert.Equal(TriageVerdict.NotChecked, Trust([], []));
    }

    [Fact]
    public void P1_passes_an_override_that_was_used_while_it_was_in_force_or_within_a_second_of_its_end()
    {
        Assert.Equal(TriageVerdict.Pass, Trust([], [new(Override(), true, Now - TimeSpan.FromMinutes(70))]));
        Assert.Equal(TriageVerdict.Pass, Trust([], [new(Override(), true, Override().Until + TimeSpan.FromSeconds(1))]));
        Assert.Equal(TriageVerdict.Pass, Trust([], [new(Override() with { NeedsApproval = true }, true)]));
    }

    [Fact]
    public void P1_names_what_to_fix_first_and_who_does_it()
    {
        var step = TriageRules.GuardTrust([Policy("volumes", GuardMode.Enforce)], Asked, [], Now);

        Assert.Contains("blocks volume.*, which can be undone", Assert.Single(step.Reasons), StringComparison.Ordinal);
        Assert.Contains("shadow", step.Fix, StringComparison.Ordinal);
        Assert.NotNull(step.Owner);
    }

    [Theory]
    [InlineData(0, 0, 0, TriageVerdict.NotChecked)]
    [InlineData(10, 10, 0, TriageVerdict.Pass)]
    [InlineData(10, 9, 1, TriageVerdict.Fail)]
    [InlineData(10, 10, 1, TriageVerdict.Fail)]
    [InlineData(10, 9, 0, TriageVerdict.Pass)]
    public void P2_fails_for_a_defect_that_nobody_accepted(long operations, long whole, long findings, TriageVerdict verdict) =>
        Assert.Equal(verdict, TriageRules.IdentityKept(operations, whole, findings, findings == 0 ? null : ("cause", "repair"), ["note"]).Verdict);

    [Theory]
    [InlineData("0.99", "0.99", 100, TriageVerdict.Pass)]
    [InlineData("0.9", "0.989999", 100, TriageVerdict.Fail)]
    [InlineData("0.999", "0.99", 100, TriageVerdict.Fail)]
    [InlineData("0.99", "1", 0, TriageVerdict.NotChecked)]
    public void P3_wants_what_the_contract_wants_and_99_percent_at_least(string objective, string share, long billable, TriageVerdict verdict)
    {
        var culture = System.Globalization.CultureInfo.InvariantCulture;
        var contract = new ReviewedContract("join", "1.0.0", decimal.Parse(objective, culture), billable, decimal.Parse(share, culture), "0.5 USD");

        Assert.Equal(verdict, TriageRules.Joinability([contract]).Verdict);
    }

    [Fact]
    public void P3_fails_without_a_contract() => Assert.Equal(TriageVerdict.Fail, TriageRules.Joinability([]).Verdict);

    private static TriageVerdict Trust(IReadOnlyList<GuardPolicy> policies, IReadOnlyList<ReviewedOverride> overrides) =>
        TriageRules.GuardTrust(policies, Asked, overrides, Now).Verdict;

    private static GuardPolicy Policy(string name, GuardMode mode, bool irreversible = false) =>
        new(name, "volume.*", irreversible, mode, SingleUse: false, "r", 1, "admin", Now);

    private static GuardOverride Override() => new("ov_1", "volume.*", null, null, "r", "admin", "ann", Now - TimeSpan.FromHours(2), Now - TimeSpan.FromHours(1));
}
