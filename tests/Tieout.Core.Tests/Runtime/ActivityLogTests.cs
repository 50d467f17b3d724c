using FsCheck;
using FsCheck.Fluent;
using Tieout.Core.Runtime;

namespace Tieout.Core.Tests.Runtime;

public sealed class ActivityLogTests
{
    [Theory]
    [InlineData(null)]
    [InlineData(45L)]
    public void Every_second_of_activity_is_there_once_whatever_happened(long? heartbeat) =>
        Prop.ForAll(Lives.Any, events =>
        {
            var instance = Lives.Instance(heartbeat);
            var log = Lives.Log(instance, events);
            return Same(Lives.Truth(instance, events), Lives.LaidOut(instance, Lives.Grid.Cut(log.Between(Lives.Begin, Lives.Begin + Lives.Length))));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Any_order_and_any_repetition_of_the_events_is_the_same_activity() =>
        Prop.ForAll(Lives.Any, events =>
        {
            var instance = Lives.Instance(45);
            var (from, to) = (Lives.Begin, Lives.Begin + Lives.Length);
            var once = Lives.Log(instance, events).Between(from, to).ToList();
            var again = Lives.Log(instance, events.AsEnumerable().Reverse().Concat(events)).Between(from, to).ToList();
            return once.SequenceEqual(again);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Asked_in_parts_it_answers_the_same_as_asked_at_once() =>
        Prop.ForAll(Lives.Any, events =>
        {
            var instance = Lives.Instance(45);
            var log = Lives.Log(instance, events);
            var parts = Enumerable.Range(0, Lives.Length / 60)
                .SelectMany(slot => log.Between(Lives.Begin + slot * 60, Lives.Begin + (slot + 1) * 60).ToList()).ToList();
            return Same(Lives.Truth(instance, events), Lives.LaidOut(instance, parts));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_restart_within_one_second_leaves_no_gap_and_heartbeats_do_not_cut()
    {
        var at = (long second) => new Instant((Lives.Begin + second) * Instant.MicrosPerSecond);
        var log = Lives.Log(Lives.Instance(60),
        [
            new("a", at(0), ActivityKind.Start), new("b", at(30), ActivityKind.Heartbeat), new("d", at(70), ActivityKind.Start),
            new("c", at(70), ActivityKind.Stop), new("e", at(70), ActivityKind.Start), new("f", at(500), ActivityKind.Heartbeat),
        ]);

        var workers = log.Between(Lives.Begin, Lives.Begin + 1_000).Where(stretch => stretch.Component == 0).Select(
            stretch => (stretch.From - Lives.Begin, stretch.To - Lives.Begin));

        Assert.Equal([(0, 70), (70, 130), (500, 560)], workers);
    }

    internal static bool Same((int, string?)?[,] left, (int, string?)?[,] right) => left.Cast<(int, string?)?>().SequenceEqual(right.Cast<(int, string?)?>());
}
