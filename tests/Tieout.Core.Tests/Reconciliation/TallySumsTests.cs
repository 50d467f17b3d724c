using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Money;
using Tieout.Core.Reconciliation;
using Tieout.Core.Tests.Ledger;

namespace Tieout.Core.Tests.Reconciliation;

/// <summary>Lines whose usage and postings differ: what a defect of the ledger makes of a comparison.</summary>
public sealed class TallySumsTests
{
    // Goal: a bill is compared with all usage, a counter with what was charged. Method: a line of usage whose posting is lost, and one of a second charge.
    [Theory]
    [InlineData(70, 0, null, 70L)]
    [InlineData(70, 140, 140L, 70L)]
    [InlineData(0, 70, 70L, null)]
    public void A_bill_counts_usage_that_was_never_charged_and_a_counter_what_was_charged(long used, long charged, long? counter, long? bill)
    {
        var line = Line(used, charged);
        Assert.Equal(counter, (long?)DayTally.Of(line, TallyFigure.Charge, TimeZoneInfo.Utc)?.Tally.Total.Nanos);
        Assert.Equal(bill, (long?)DayTally.Of(line, TallyFigure.ProviderCost, TimeZoneInfo.Utc)?.Tally.Total.Nanos);
    }

    [Fact]
    public void What_postings_moved_beside_usage_makes_the_parts_what_was_charged()
    {
        foreach (var (used, charged) in ((long, long)[])[(70, 0), (70, 140), (0, 70), (70, 70)])
        {
            var sums = new TallySums(new(TallyFigure.Charge), TimeZoneInfo.Utc);
            sums.AddBesideUsage(Line(used, charged));
            Assert.Equal(charged - used, (long)sums.Tallies.Sum(sum => sum.Tally.Total).Nanos);
        }
    }

    [Fact]
    public void A_charge_for_no_usage_is_in_no_comparison()
    {
        var line = new LabelledLine(default, Make.Labels(), new(default) { Postings = 1, Charge = new(5) });
        Assert.Null(DayTally.Of(line, TallyFigure.Charge, zone: null));
    }

    private static LabelledLine Line(long used, long charged)
    {
        var sums = new RecountLine(new(0, RecountSpan.Hour, Instant.UnixEpoch, Labels: 1))
        {
            Attempts = used > 0 ? 1 : 0,
            UsageCharge = new(used),
            ProviderCost = new(used),
            Postings = charged > 0 ? 1 : 0,
            Charge = new(charged),
        };
        return new(Instant.UnixEpoch, Make.Labels(), sums);
    }
}
