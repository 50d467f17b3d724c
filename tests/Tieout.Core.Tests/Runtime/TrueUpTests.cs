using FsCheck;
using FsCheck.Fluent;
using Tieout.Core.Metering;
using Tieout.Core.Runtime;

namespace Tieout.Core.Tests.Runtime;

public sealed class TrueUpTests
{
    /// <summary>Events come in any order and late, intervals are charged as they pass, and whoever does it dies after any step.</summary>
    [Fact]
    public void L7_what_is_charged_and_not_reversed_is_the_truth_to_the_second_however_often_the_meter_dies() =>
        Prop.ForAll(Lives.Any, Gen.Choose(0, 7).ArrayOf().ToArbitrary(), (events, deaths) =>
        {
            var instance = Lives.Instance(45);
            var log = new ActivityLog(instance);
            var book = new Book();
            var coming = new Queue<ActivityEvent>(events);
            var dying = new Queue<int>(deaths);
            for (var now = Lives.Begin + 60; now <= Lives.Begin + Lives.Length; now += 60)
            {
                for (var i = 0; i < 3 && coming.TryDequeue(out var happened); i++) log.Add(happened);
                book.Do(Plan(log, book, now), dying.Count > 0 ? dying.Dequeue() : int.MaxValue);
            }

            while (coming.TryDequeue(out var happened)) log.Add(happened);
            book.Do(Plan(log, book, Lives.Begin + Lives.Length), int.MaxValue);
            book.Do(Plan(log, book, Lives.Begin + Lives.Length), int.MaxValue);
            return ActivityLogTests.Same(Lives.Truth(instance, events), Lives.LaidOut(instance, book.Standing))
                && Plan(log, book, Lives.Begin + Lives.Length).Charges.IsEmpty;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_late_stop_reverses_the_interval_and_enters_it_anew_and_says_so_when_nothing_is_left()
    {
        var log = Lives.Log(Lives.Instance(null), [new("a", At(0), ActivityKind.Start)]);
        var book = new Book();
        book.Do(Plan(log, book, Lives.Begin + 120), int.MaxValue);
        log.Add(new("z", At(30), ActivityKind.Stop));

        var plan = Plan(log, book, Lives.Begin + 120);

        Assert.Equal(4, plan.Reversals.Length);
        Assert.Equal([(30L, 2), (30L, 2), (0L, 2)], plan.Charges.Select(due => (due.Stretch.Seconds, due.Revision)));
        book.Do(plan, int.MaxValue);
        Assert.Equal(60, book.Standing.Sum(stretch => stretch.Seconds));
        Assert.Empty(Plan(log, book, Lives.Begin + 120).Charges);
    }

    private static Instant At(long second) => new((Lives.Begin + second) * Instant.MicrosPerSecond);

    private static TrueUp Plan(ActivityLog log, Book book, long to) => TrueUp.Of(book.Rows, log.Between(Lives.Begin, to), Lives.Begin, to, Lives.Grid);

    /// <summary>A ledger that keeps what the real one keeps of it: records once by id, charges reversed once.</summary>
    private sealed class Book
    {
        private readonly Dictionary<(int, long, int), Billed> _rows = [];
        private readonly HashSet<AttemptId> _reversed = [];

        public IEnumerable<Billed> Rows => _rows.Values;

        public IEnumerable<Stretch> Standing => _rows.Values.Where(row => !_reversed.Contains(row.Usage)).Select(row => row.Stretch);

        /// <param name="steps">After which it dies.</param>
        public void Do(TrueUp plan, int steps)
        {
            foreach (var due in plan.Charges)
            {
                if (steps-- <= 0) return;
                var id = new AttemptId(new Guid(_rows.Count + 1, 0, 0, new byte[8]));
                if (!_rows.TryAdd((due.Stretch.Component, due.Stretch.From, due.Revision), new(id, _rows.Count + 1, due.Stretch, due.Revision, default))) throw new InvalidOperationException("An id was used for two contents.");
            }

            foreach (var row in plan.Reversals)
            {
                if (steps-- <= 0) return;
                _reversed.Add(row.Usage);
            }
        }
    }
}
