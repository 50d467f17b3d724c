using Tieout.Core.Attribution.Contracts;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Tests.Attribution;

/// <summary>When the error budget of a join contract burns.</summary>
public sealed class BudgetBurnTests
{
    private static readonly UsageLabels Complete = new() { Org = "acme", Feature = "chat", Source = UsageSource.Import };

    [Theory]
    [InlineData("0.99", "fast", 1_000, 0, "0", false)]
    [InlineData("0.99", "fast", 1_000, 144, "14.4", false)]
    [InlineData("0.99", "fast", 1_000, 145, "14.5", true)]
    [InlineData("0.99", "fast", 9, 9, "100", false)]
    [InlineData("0.99", "fast", 10, 10, "100", true)]
    [InlineData("0.99", "slow", 1_000, 10, "1", false)]
    [InlineData("0.99", "slow", 1_000, 11, "1.1", true)]
    [InlineData("0.99", "slow", 50, 1, "2", true)]
    [InlineData("1", "slow", 1_000, 1, null, true)]
    [InlineData("1", "fast", 1_000, 9, null, false)]
    [InlineData("1", "slow", 1_000, 0, "0", false)]
    public void A_window_burns_above_its_rate_and_with_enough_incomplete_records(
        string objective, string window, int billable, int lacking, string? rate, bool isBurning)
    {
        var culture = System.Globalization.CultureInfo.InvariantCulture;
        var counts = new Completeness(new("join", "1.0.0", OnViolation.Charge, [], ["feature"], decimal.Parse(objective, culture)));
        counts.Add(Complete, AbsentIds.None, billable - lacking, new Amount(5));
        counts.Add(Complete with { Feature = null }, AbsentIds.None, lacking, new Amount(5));

        var burn = BudgetBurn.Of(BurnWindow.All.Single(one => one.Name == window), counts);

        Assert.Equal(
            (billable, lacking, rate is null ? null : decimal.Parse(rate, culture), isBurning), (burn.Billable, burn.Lacking, burn.Rate, burn.IsBurning));
    }

    [Theory]
    [InlineData("2026-11-22T10:00:00Z", "2026-11-22T09:00:00Z", "2026-11-22T11:00:00Z")]
    [InlineData("2026-11-22T10:59:59Z", "2026-11-22T09:00:00Z", "2026-11-22T11:00:00Z")]
    [InlineData("2026-11-22T00:02:00Z", "2026-11-21T23:00:00Z", "2026-11-22T01:00:00Z")]
    public void A_window_has_whole_hours_with_the_current_one(string now, string from, string to) =>
        Assert.Equal((Time(from), Time(to)), BurnWindow.Fast.Range(Time(now)));

    private static Instant Time(string text) => Instant.From(DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture));
}
