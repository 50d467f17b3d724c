using System.Globalization;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Reconciliation;

namespace Tieout.Core.Tests.Reconciliation;

public sealed class CounterCausesTests
{
    private static readonly TieSpec OrgDay = TieSpec.Of(TieField.Org, TieField.Day);
    private static readonly TieKey Key = new(["acme", "2026-11-22"]);

    /// <summary>Left: 3 charges of 0.5, 1 and 12.3456, the last without a key and a retry.</summary>
    [Theory]
    [InlineData("13.8456", null, "0")]
    [InlineData("1384.56", "unit", "-1370.7144")]
    [InlineData("0.138456", "unit", "13.707144")]
    [InlineData("13845.6", "unit", "-13831.7544")]
    [InlineData("3", "call_count", "10.8456")]
    [InlineData("2", "call_count", "11.8456")]
    [InlineData("13.85", "rounded", "-0.0044")]
    [InlineData("13.84", "rounded", "0.0056")]
    [InlineData("1.5", "spend_without_key", "12.3456")]
    [InlineData("0.5", "spend_without_key+not_counted", "13.3456")]
    [InlineData("1.50", "spend_without_key", "12.3456")]
    [InlineData("7.77", "unexplained", "6.0756")]
    [InlineData("0", "spend_without_key+not_counted", "13.8456")]
    public void The_cause_is_told_from_what_the_ledger_knows(string right, string? cause, string difference)
    {
        var row = Row(Cell(), right);
        Assert.Equal((cause, difference), (row.Cause, row.Difference.ToString()));
    }

    [Fact]
    public void Missing_and_zero_are_two_things()
    {
        var missing = new CounterCauses(OrgDay, 9).Row(Key, Cell(), null, null);
        Assert.Equal(("missing_right", (Amount?)null), (missing.Cause, missing.Right));
        var unknown = new CounterCauses(OrgDay, 9).Row(Key, null, Right("5"), null);
        Assert.Equal(("missing_left", (Amount?)null, "-5"), (unknown.Cause, unknown.Left, unknown.Difference.ToString()));
    }

    [Fact]
    public void A_row_without_a_key_says_that_a_counter_by_key_never_sees_it()
    {
        var row = new CounterCauses(TieSpec.Of(TieField.Key, TieField.Day), 9).Row(new([null, "2026-11-22"]), Cell(), null, null);
        Assert.Equal("spend_without_key", row.Cause);
    }

    [Fact]
    public void Equal_when_cut_in_UTC_is_a_matter_of_time_zones() =>
        Assert.Equal("timezone", new CounterCauses(OrgDay, 9).Row(Key, Cell(), Right("11.25"), Amount.Parse("11.25")).Cause);

    [Fact]
    public void Charges_rounded_one_by_one_are_told_from_a_sum_that_was_rounded()
    {
        var cell = new LedgerCell();
        cell.Add(Labels("k"),
            new Tally { Attempts = 1_000, FirstAttempts = 1_000, Total = Amount.Parse("0.076800"), RoundedEach = Amount.Zero, CutEach = Amount.Zero });
        Assert.Equal("rounded_each", new CounterCauses(OrgDay, 2).Row(Key, cell, Right("0.00"), null).Cause);
    }

    [Theory]
    [InlineData("100", "98.01", 1.99, DriftSeverity.Normal)]
    [InlineData("100", "98", 2, DriftSeverity.Medium)]
    [InlineData("100", "90", 10, DriftSeverity.Medium)]
    [InlineData("100", "89.99", 10.01, DriftSeverity.High)]
    [InlineData("100", "0", 100, DriftSeverity.Critical)]
    [InlineData("0", "1", 100, DriftSeverity.High)]
    [InlineData("100", "100", 0, DriftSeverity.Normal)]
    [InlineData("9000000000", "8999999999.999999999", 0.000001, DriftSeverity.Normal)]
    public void Severity_has_the_bands_of_the_runbook(string left, string right, double percent, DriftSeverity severity)
    {
        var tie = Tie.Of([new TieRow(Key, Amount.Parse(left), Amount.Parse(right), [])], isStale: false);
        Assert.Equal((Convert.ToDecimal(percent, CultureInfo.InvariantCulture), severity), (tie.DriftPct, tie.Severity));
    }

    [Fact]
    public void Differences_that_cancel_out_are_drift_all_the_same()
    {
        var tie = Tie.Of(
            [new(Key, Amount.Parse("10"), Amount.Parse("11"), []), new(new(["acme", "2026-11-23"]), Amount.Parse("10"), Amount.Parse("9"), [])], isStale: true);
        Assert.Equal((10m, DriftSeverity.Critical, 2), (tie.DriftPct, tie.Severity, tie.Differing));
    }

    [Fact]
    public void The_fields_to_compare_by_are_read_strictly()
    {
        Assert.Null(TieSpec.Parse("key=api_key, day=date", out var spec));
        Assert.Equal([new(TieField.Key, "api_key"), new(TieField.Day, "date")], spec.Columns);
        Assert.All(new[] { "", "hour", "org,org", "org=", "measure", "org,,day" }, text => Assert.NotNull(TieSpec.Parse(text, out _)));
    }

    private static TieRow Row(LedgerCell ours, string right)
    {
        var side = new OutsideSide();
        side.Add(Key, decimal.Parse(right, CultureInfo.InvariantCulture), 1);
        return new CounterCauses(OrgDay, side.Decimals).Row(Key, ours, side.Find(Key), null);
    }

    private static OutsideCell Right(string figure)
    {
        var side = new OutsideSide();
        side.Add(Key, decimal.Parse(figure, CultureInfo.InvariantCulture), 1);
        return side.Find(Key)!;
    }

    private static LedgerCell Cell()
    {
        var cell = new LedgerCell();
        cell.Add(Labels("k1", "chat"), One("0.5"));
        cell.Add(Labels("k1", "edit"), One("1"));
        cell.Add(Labels(null), One("12.3456") with { FirstAttempts = 0 });
        return cell;
    }

    private static Tally One(string amount) =>
        new() { Attempts = 1, FirstAttempts = 1, Total = Amount.Parse(amount), RoundedEach = Amount.Parse(amount), CutEach = Amount.Parse(amount) };

    private static UsageLabels Labels(string? key, string? feature = null) =>
        new() { Org = "acme", Key = key, Feature = feature, Source = UsageSource.Gateway };
}
