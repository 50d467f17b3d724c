using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Ledger.Sketches;
using Tieout.Core.Tests.Ledger;

namespace Tieout.Storage.Tests.Contract;

/// <summary>Sketches of tokens and end users against the rows in memory.</summary>
public abstract partial class LedgerContract
{
    // Goal: users are counted once over steps, hours and labels, also where counting becomes estimating. Method: 900 users, most of them in two hours and under
    // two labels; the follower steps in between, and the last rows are after its position.
    [Fact]
    public async Task Q2_end_users_are_counted_once_over_steps_hours_and_labels()
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        var (org, id) = (ledger.Read.Org("acme")!, 0);
        Clock.Now = new(Recount.HourOf(Clock.Now).UnixMicros + Instant.MicrosPerHour / 2);
        foreach (var (first, count, team) in ((int, int, string)[])[(0, 300, "red"), (100, 300, "blue"), (0, 400, "red"), (300, 100, "blue")])
        {
            await ChargeAsync(ledger, Enumerable.Range(first, count), team);
            await FollowAsync(ledger);
            Clock.Now += TimeSpan.FromMinutes(20);
        }

        var exact = await UsersAsync();
        Assert.Equal((400, true), (exact.Count, exact.IsExact));

        await ChargeAsync(ledger, Enumerable.Range(350, 550), "red");
        var followed = await UsersAsync();
        await FollowAsync(ledger);
        Assert.Equal(followed.Bytes(), (await UsersAsync()).Bytes());
        Assert.False(followed.IsExact);
        Assert.InRange(followed.Count, 850, 950);

        async Task ChargeAsync(ILedger to, IEnumerable<int> users, string team) => await to.SubmitAsync(
            [.. users.Select(user => Make.Charge(++id, 0, Make.Labels(team: team), $"user {user}", Clock.Now))], Cancel);

        async Task<DistinctSketch> UsersAsync()
        {
            var users = new DistinctSketch();
            var query = new RecountQuery(org, Instant.UnixEpoch, Instant.EndOfTime);
            foreach (var line in await ledger.Read.SketchesAsync(query, Cancel)) users.Add(line.Sketch.EndUsers);
            return users;
        }
    }

    /// <summary>The sketches of a range are those of its rows.</summary>
    private static async Task AssertSketchesAsync(ILedger ledger, MemoryLedger memory, RecountQuery query)
    {
        var expected = memory.Usage.Where(row => row.Usage.Labels.Org == query.Org.Org.Id && query.Contains(row.EffectiveAt))
            .GroupBy(row => (Slot: query.SlotOf(row.EffectiveAt), row.Labels)).OrderBy(rows => rows.Key.Slot).ThenBy(rows => rows.Key.Labels)
            .Select(rows => Sketched(rows.Key.Slot, [.. rows]));
        Assert.Equal(expected, (await ledger.Read.SketchesAsync(query, Cancel)).Select(line =>
            $"{line.Slot} {line.Labels}: {line.Sketch.Attempts} attempts, {line.Sketch.InputTokens.Count} with tokens, "
            + $"in {Said(line.Sketch.InputTokens.Quantile)}, out {Said(line.Sketch.OutputTokens.Quantile)}, "
            + $"{line.Sketch.EndUsers.Count} users, exact {line.Sketch.EndUsers.IsExact}"));
    }

    private static string Sketched(Instant slot, List<UsageRow> rows)
    {
        var counts = rows.Select(row => row.Usage.Counts).Where(count => count.InputTokens > 0 || count.OutputTokens > 0).ToList();
        var users = rows.Select(row => row.Usage.EndUser).OfType<string>().Distinct().Count();
        return $"{slot} {rows[0].Usage.Labels}: {rows.Count} attempts, {counts.Count} with tokens, in {Said(Of(counts.Select(count => count.InputTokens)))}, "
            + $"out {Said(Of(counts.Select(count => count.OutputTokens)))}, {users} users, exact True";

        // What is shown is the middle of the bucket that the exact value is in; how far that is from it is tested in Core.
        Func<int, long?> Of(IEnumerable<long> tokens)
        {
            long[] sorted = [.. tokens.Order()];
            return percent => sorted.Length == 0 ? null : TokenBuckets.Middle(TokenBuckets.Of(sorted[(percent * sorted.Length + 99) / 100 - 1]));
        }
    }

    private static string Said(Func<int, long?> quantile) => string.Join(' ', ((int[])[5, 50, 95, 99]).Select(percent => $"{quantile(percent)}"));
}
