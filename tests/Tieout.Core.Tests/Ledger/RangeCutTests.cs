using FsCheck;
using FsCheck.Fluent;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger.Recounts;

namespace Tieout.Core.Tests.Ledger;

public sealed class RangeCutTests
{
    // Days of Kathmandu and Kolkata begin within an hour of UTC.
    private static readonly string[] Zones = ["UTC", "Asia/Kolkata", "Asia/Kathmandu", "America/New_York", "Australia/Lord_Howe"];

    private static readonly Gen<(string Zone, RecountSlot Slot, Instant From, Instant To)> Ranges =
        from zone in Gen.Elements(Zones)
        from slot in Gen.Elements(Enum.GetValues<RecountSlot>())
        from start in Gen.Choose(0, 400 * 24 * 60)
        from minutes in Gen.OneOf(Gen.Choose(1, 90), Gen.Choose(1, 3 * 24 * 60), Gen.Choose(1, 60 * 24 * 60))
        let begin = Instant.From(new(2025, 10, 1, 0, 0, 0, TimeSpan.Zero)) + TimeSpan.FromMinutes(start)
        select (zone, slot, begin, begin + TimeSpan.FromMinutes(minutes));

    // Goal: no line is in a cut that is of two slots, and together the stretches are the range. Method: random ranges of minutes to months, in zones whose days
    // begin with an hour of UTC or within one.
    [Fact]
    public void Stretches_of_a_cut_are_the_range_and_no_line_of_one_is_of_two_slots() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(2_000),
        Prop.ForAll(Arb.From(Ranges), range =>
        {
            var zone = TimeZoneInfo.FindSystemTimeZoneById(range.Zone);
            var cut = RangeCut.Of(range.From, range.To, zone, range.Slot);
            Window[] all = [.. cut.Hours, .. cut.Rest];
            if (cut.Days is { } days)
            {
                if (Day(days.Start, zone).Start != days.Start || Day(days.End, zone).Start != days.End) return false;
                all = [.. all, days];
            }

            all = [.. all.OrderBy(stretch => stretch.Start)];
            return all[0].Start == range.From && all[^1].End == range.To && all.Zip(all.Skip(1)).All(pair => pair.First.End == pair.Second.Start)
                && cut.Hours.All(hours => Recount.HourOf(hours.Start) == hours.Start && Recount.HourOf(hours.End) == hours.End)
                && (range.Slot != RecountSlot.Hour || cut.Days is null)
                && (range.Slot != RecountSlot.Day || cut.Hours.All(hours => Day(hours.Start, zone) == Day(hours.End - TimeSpan.FromMicroseconds(1), zone)));
        }));

    private static Window Day(Instant at, TimeZoneInfo zone) => Window.Of(WindowUnit.Day, at, zone);
}
