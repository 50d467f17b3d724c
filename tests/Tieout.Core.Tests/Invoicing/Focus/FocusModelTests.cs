using Tieout.Core.Invoicing.Focus;
using Tieout.Tests;

namespace Tieout.Core.Tests.Invoicing.Focus;

public sealed class FocusModelTests
{
    private const string ModelFile = "src/Tieout.Core/Invoicing/Focus/focus-1.3.json";

    // Goal: the rules that come with the program are those of the published model and no others. Method: write the file anew from the published model and
    // compare. With TIEOUT_REGENERATE=1 the file is written instead.
    [Fact]
    public void The_rules_of_FOCUS_are_those_of_the_published_model()
    {
        var text = PublishedFocusModel.Short();
        if (Environment.GetEnvironmentVariable("TIEOUT_REGENERATE") == "1") File.WriteAllText(Repo.Path(ModelFile), text);
        Assert.Equal(text, File.ReadAllText(Repo.Path(ModelFile)));
    }

    [Fact]
    public void All_933_rules_are_read_and_630_of_them_are_static()
    {
        Assert.Equal(933, FocusModel.Rules.Count);
        Assert.Equal(630, PublishedFocusModel.Rules.EnumerateObject().Count(rule => rule.Value.GetProperty("Type").GetString() == "Static"));

        // Six static rules were removed from the specification.
        Assert.Equal(624, FocusModel.Rules.Count(rule => rule.Kind == FocusRuleKind.Static));
        Assert.All(FocusModel.Rules, rule => Assert.Equal(rule.Kind == FocusRuleKind.Static, rule.Requirement is not null));
    }

    // A function that the program does not know would otherwise be met first at a user's file.
    [Theory]
    [InlineData("BilledCost")]
    [InlineData("ContractCommitmentId")]
    public void Every_check_function_of_every_rule_can_be_bound_to_columns(string first)
    {
        var columns = FocusModel.Rules.Where(rule => rule.Requirement is not null).SelectMany(rule => rule.Requirement!.All.Concat(rule.Condition?.All ?? []))
            .SelectMany(check => check.Columns).Distinct(StringComparer.Ordinal).Where(column => column is not "BilledCost").Prepend(first).ToList();
        var check = new FocusConformance(columns, FocusModel.Criteria);
        check.Check([.. columns.Select(_ => null as string)], 2);
        var report = check.Report();
        Assert.Equal(FocusModel.Criteria, report.Supports);
        Assert.Equal(933, report.Applicable + report.Unchecked.Sum(reason => reason.Rules.Count));
        Assert.DoesNotContain(report.Unchecked, reason => reason.Reason.Contains("columns", StringComparison.Ordinal));
    }
}
