using FsCheck;
using FsCheck.Fluent;
using Tieout.Core.Metering;
using Tieout.Core.Runtime;

namespace Tieout.Core.Tests.Runtime;

public sealed class TrueUpTests
{
    /// <summary>Events come in any order and late, intervals are charged as they pass and are not always equally long, and whoever does it dies after any
    /// step.</summary>
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
                var death = dying.Count > 0 ? dying.Dequeue() : int.MaxValue;
                book.Do(Plan(log, book, now, new(Grids[death % Grids.Length])), death);
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

    private static readonly int[] Grids = [Lives.Grid.Seconds, 2 * Lives.Grid.Seconds, 5 * Lives.Grid.Seconds];

    private static TrueUp Plan(ActivityLog log, Book book, long to, Grid? grid = null)
    {
        var end = (grid ?? Lives.Grid).Start(to);
        return TrueUp.Of(book.Rows, log.Between(Lives.Begin, end), Lives.Begin, end, grid ?? Lives.Grid);
    }

    /// <summary>A ledger that keeps what the real one keeps of it: records once by id, charges reversed once.</summary>
    private sealed class Book
    {
        private readonly Dictionary<(int, long, int), Billed> _rows = [];
        private readonly HashSet<AttemptId> _reversed = [];

        public IEnumerable<Billed> Rows => _rows.Values.Select(row => row with { IsTakenBack = _reversed.Contains(row.Usage) });

        public IEnumerable<Stretch> Standing => _rows.Values.Where(row => !_reversed.Contains(row.Usage)).Select(row => row.Stretch);

        /// <summary>New records one after another; what is recorded anew all at once, or not at all.</summary>
        /// <param name="steps">After which it dies.</param>
        public void Do(TrueUp plan, int steps)
        {
            var anew = plan.Charges.Where(due => due.Revision > 1).ToList();
            if (anew.Count > 0)
            {
                if (steps-- <= 0) return;
                foreach (var due in anew) Add(due);
                _reversed.UnionWith(plan.Reversals.Select(row => row.Usage));
            }

            foreach (var due in plan.Charges.Except(anew))
            {
                if (steps-- <= 0) return;
                Add(due);
            }
        }

        private void Add(Due due)
        {
            var id = new AttemptId(new Guid(_rows.Count + 1, 0, 0, new byte[8]));
            if (!_rows.TryAdd((due.Stretch.Component, due.Stretch.From, due.Revision), new(id, due.Stretch, due.Revision)))
            {
                throw new InvalidOperationException("An id was used for two contents.");
            }
        }
    }
}
