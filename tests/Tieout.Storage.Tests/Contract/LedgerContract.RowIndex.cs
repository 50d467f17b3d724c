using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Ledger.RowIndex;
using Tieout.Core.Tests.Ledger;

namespace Tieout.Storage.Tests.Contract;

/// <summary>Look-ups in the row index against the rows in memory.</summary>
public abstract partial class LedgerContract
{
    // Goal: a list of an hour goes on over the edge of a part, newest first, and late rows are in it. Method: more rows than a part has, the follower in
    // between.
    [Fact]
    public async Task Q2_an_hours_rows_are_listed_newest_first_over_parts_and_pages()
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        var (at, id) = (Clock.Now, 0);
        async Task ChargeAsync(int count, string team) => Assert.All(
            await ledger.SubmitAsync([.. Enumerable.Range(0, count).Select(_ => Make.Charge(++id, 0, Make.Labels(team: team), at: at))], Cancel),
            outcome => Assert.IsType<Outcome.Done>(outcome));

        await ChargeAsync(3, "red");
        for (var batch = 0; batch < 4; batch++) await ChargeAsync(HourRows.PartRows / 4, "blue");
        await ChargeAsync(2, "red");
        await FollowAsync(ledger);
        await ChargeAsync(1, "red");
        Clock.Now = at + TimeSpan.FromHours(3);
        await ChargeAsync(1, "red");

        const long last = HourRows.PartRows;
        Assert.Equal([last + 7, last + 6, last + 5, last + 4, 3, 2, 1], await HourAsync("red", long.MaxValue, 10));
        Assert.Equal([last + 5, last + 4, 3], await HourAsync("red", last + 6, 3));
        Assert.Equal([2, 1], await HourAsync("red", 3, 10));
        Assert.Equal([last + 3, last + 2], await HourAsync("blue", long.MaxValue, 2));
        Assert.Empty(await HourAsync("red", 1, 10));

        Task<IReadOnlyList<long>> HourAsync(string team, long before, int limit) => ledger.Read.HourAsync(
            ledger.Read.Org("acme")!, Recount.HourOf(at), [team == "red" ? 1 : 2], before, limit, Cancel);
    }

    /// <summary>Each hour of each label set of an org has the rows that count there, whole and by pages.</summary>
    private static async Task AssertHoursAsync(ILedger ledger, MemoryLedger memory, OrgState org)
    {
        foreach (var hour in memory.Usage.Where(row => row.Usage.Labels.Org == org.Org.Id).GroupBy(row => Recount.HourOf(row.EffectiveAt)))
        {
            int[] labels = [.. hour.Select(row => row.Labels).Distinct()];
            foreach (var some in labels.Select(no => (int[])[no]).Append(labels))
            {
                List<long> expected = [.. hour.Where(row => some.Contains(row.Labels)).Select(row => row.Seq).OrderDescending()];
                Assert.Equal(expected, await HourAsync(some, long.MaxValue, 1_000));
                Assert.Equal(expected.Take(2), await HourAsync(some, long.MaxValue, 2));
                Assert.Equal(expected.Skip(1).Take(3), await HourAsync(some, expected[0], 3));
            }

            Assert.Empty(await HourAsync([], long.MaxValue, 10));
            Task<IReadOnlyList<long>> HourAsync(int[] some, long before, int limit) => ledger.Read.HourAsync(org, hour.Key, some, before, limit, Cancel);
        }
    }

    /// <summary>Each id of an org is of the rows that have it, whole and by pages, and of no other org's.</summary>
    private static async Task AssertIdsAsync(ILedger ledger, MemoryLedger memory, OrgState org)
    {
        var all = memory.Usage.SelectMany(row => UsageIds.Of(row.Usage).All().Select(id => (id.Kind, id.Id, Row: row))).ToList();
        foreach (var id in all.GroupBy(id => (id.Kind, id.Id)))
        {
            List<long> expected = [.. id.Select(found => found.Row).Where(row => row.Usage.Labels.Org == org.Org.Id).Select(row => row.Seq)];
            var filter = Filter(org, id.Key.Kind, id.Key.Id);
            Assert.Equal(expected, await SeqsAsync(ledger, filter));
            Assert.Equal(expected.Where(seq => Counts(memory, seq)), await SeqsAsync(ledger, filter with { From = memory.Now - TimeSpan.FromHours(9) }));
        }

        Assert.Empty(await SeqsAsync(ledger, Filter(org, UsageIdKind.Trace, "nobody's")));
        static bool Counts(MemoryLedger memory, long seq) => memory.Usage[(int)seq - 1].EffectiveAt >= memory.Now - TimeSpan.FromHours(9);
    }

    private static UsageFilter Filter(OrgState org, UsageIdKind kind, string id) => new UsageFilter(org.Org.Id, Instant.UnixEpoch, Instant.EndOfTime).Where(
        UsageColumn.All.Single(column => column.Id == kind).Name, id);

    private static async Task<List<long>> SeqsAsync(ILedger ledger, UsageFilter filter)
    {
        var seqs = new List<long>();
        await foreach (var row in ledger.Read.UsageAsync(filter, Cancel)) seqs.Add(row.Seq);
        return seqs;
    }
}
