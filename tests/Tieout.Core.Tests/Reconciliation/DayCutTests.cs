using FsCheck;
using FsCheck.Fluent;
using Tieout.Core.Budgets;
using Tieout.Core.Reconciliation;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Tests.Reconciliation;

public sealed class DayCutTests
{
    private static readonly string[] Zones = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Havana",
        "Asia/Beirut", "Pacific/Apia"];

    private static readonly Gen<(string Zone, int FromHour, int Hours, int Share)> Ranges =
        from zone in Gen.Elements(Zones)
        from fromHour in Gen.Choose(0, 5_000 * 24)
        from hours in Gen.Choose(1, 400 * 24)
        from share in Gen.Choose(0, 1_000_000)
        select (zone, fromHour, hours, share);

    [Fact]
    public void Every_slot_lies_in_one_day_and_it_is_the_day_of_the_budget_windows() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(300),
        Prop.ForAll(Arb.From(Ranges), range =>
        {
            var (name, fromHour, hours, share) = range;
            var zone = TimeZoneInfo.FindSystemTimeZoneById(name);
            var from = new Instant(1_262_304_000_000_000 + fromHour * Instant.MicrosPerHour);
            var to = new Instant(from.UnixMicros + hours * Instant.MicrosPerHour);
            var at = new Instant(from.UnixMicros + (to.UnixMicros - from.UnixMicros) / 1_000_000 * Math.Min(share, 999_999));
            var cut = DayCut.Of(from, to, zone);
            var slot = (at.UnixMicros - from.UnixMicros) / cut.SlotMicros;
            var day = Window.Of(WindowUnit.Day, at, zone);
            var (start, end) = (from.UnixMicros + slot * cut.SlotMicros, from.UnixMicros + (slot + 1) * cut.SlotMicros);
            return cut.DayOf(slot) == LocalTime.DayOf(at, zone)
                && (start >= day.Start.UnixMicros || slot == 0) && (end <= day.End.UnixMicros || end >= to.UnixMicros);
        }));

    [Fact]
    public void Where_no_clock_jumps_a_slot_is_a_day()
    {
        var zone = TimeZoneInfo.FindSystemTimeZoneById("Asia/Kathmandu");
        var from = LocalTime.StartOf(new(2026, 1, 1), zone);
        Assert.Equal(24 * Instant.MicrosPerHour, DayCut.Of(from, LocalTime.StartOf(new(2026, 12, 31), zone), zone).SlotMicros);
    }
}
