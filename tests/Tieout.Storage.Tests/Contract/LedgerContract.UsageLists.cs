using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Money;
using Tieout.Core.Tests.Ledger;

namespace Tieout.Storage.Tests.Contract;

public abstract partial class LedgerContract
{
    // Goal: a list has every row of its filter once, in order, and its charges are what the ledger posted. Method: a random history with corrections; the
    // follower steps at some of its steps, and every list, page by page in both orders, is compared with the rows in memory.
    [Fact]
    public void I1_a_list_of_usage_has_each_row_once_and_sums_to_the_ledger() => ForAnyHistory(async (steps, memory) =>
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        for (var i = 0; i < steps.Count; i++)
        {
            await TakeAsync(ledger, memory, steps[i]);
            if (i % 4 == 1) await FollowAsync(ledger);
            if (i % 5 == 4) await AssertListsAsync(ledger, memory);
        }

        await FollowAsync(ledger);
        await AssertListsAsync(ledger, memory);
    });

    // Goal: Q2 for what labels do not say: a list by status, basis or flag has the rows of its filter and no others, and its lines come to what the rows come
    // to. Method: traffic of few rows with each trait and corrections of some; the follower counts some of it.
    [Fact]
    public async Task Q2_a_list_by_status_basis_or_flag_and_its_sums_are_those_of_its_rows()
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        var traffic = new FollowedTraffic(Clock);
        foreach (var isCounted in (bool[])[true, false, true])
        {
            await traffic.RunAsync(ledger, 90);
            if (isCounted) await FollowAsync(ledger);
            foreach (var org in traffic.Memory.Book.Orgs.Values) await AssertTraitsAsync(ledger, traffic.Memory, org);
        }
    }

    // Goal: pages stay whole while rows arrive. Method: rows are recorded in new and old hours between two pages.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_page_follows_the_one_before_however_many_rows_arrive_between_them(bool oldestFirst)
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        for (var id = 1; id <= 12; id++) await ChargeAsync(id, hour: id % 4);
        var org = ledger.Read.Org("acme")!;
        var (seen, next) = (new List<UsageEntry>(), 100);
        UsagePlace? place = null;
        while (true)
        {
            var page = await ledger.Read.PageAsync(new(org, EverythingOf("acme"), oldestFirst, place, Rows: 2), Cancel);
            if (page.Count == 0) break;
            foreach (var entry in page) place = UsagePlace.After(place, entry);
            seen.AddRange(page);
            if (next < 110) await ChargeAsync(next, hour: next++ % 4);
        }

        var ids = seen.Select(entry => entry.Usage.Usage.Id).ToList();
        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.All(Enumerable.Range(1, 12), id => Assert.Contains(Make.Id(id), ids));
        var hours = seen.Select(entry => UsagePlace.HourOf(entry.EffectiveAt)).ToList();
        Assert.Equal(oldestFirst ? hours.Order() : hours.OrderDescending(), hours);

        async Task ChargeAsync(int id, int hour) => Assert.IsType<Outcome.Done>(
            await ledger.SubmitAsync(Make.Charge(id, 1, at: Clock.Now - TimeSpan.FromHours(hour), fact: true), Cancel));
    }

    private static async Task AssertListsAsync(ILedger ledger, MemoryLedger memory)
    {
        foreach (var org in memory.Book.Orgs.Values)
        {
            var team = memory.Usage.Select(row => row.Usage.Labels).FirstOrDefault(labels => labels.Org == org.Org.Id && labels.Team is not null)?.Team;
            var user = memory.Usage.FirstOrDefault(row => row.Usage.Labels.Org == org.Org.Id && row.Usage.EndUser is not null)?.Usage.EndUser;
            List<UsageFilter> filters =
            [
                EverythingOf(org.Org.Id), new(org.Org.Id, memory.Now - TimeSpan.FromMinutes(200), memory.Now - TimeSpan.FromSeconds(7)),
                EverythingOf(org.Org.Id).Where("status", "failed"),
            ];
            if (team is not null) filters.Add(EverythingOf(org.Org.Id).Where("team", team));
            if (user is not null) filters.Add(EverythingOf(org.Org.Id).Where("user", user));
            var corrected = memory.Postings.FirstOrDefault(row => row.Posting.Org == org.Org.Id && UsageEntry.IsCorrection(row.Posting));
            if (corrected is not null)
            {
                filters.Add(EverythingOf(org.Org.Id).Where("operation", memory.Usage[(int)corrected.Posting.UsageSeq - 1].Usage.OperationId));
            }

            foreach (var filter in filters)
            {
                var expected = Expected(memory, filter);
                Assert.Equal(expected, (await ListAsync(ledger, org, filter, oldestFirst: true, rows: 1_000)).Select(Said));
                expected.Reverse();
                Assert.Equal(expected, (await ListAsync(ledger, org, filter, oldestFirst: false, rows: 3)).Select(Said));
            }

            foreach (var filter in filters.Where(filter => filter.IsOfLabels))
            {
                var lines = await ledger.Read.SumsAsync(new(org, filter.From, filter.To), Cancel);
                var entries = await ListAsync(ledger, org, filter, oldestFirst: false, rows: 50);
                Assert.Equal(
                    Amount.Sum(lines.Where(line => filter.Matches(line.Labels)).Select(line => line.Sums.Charge)),
                    Amount.Sum(entries.Select(entry => entry.Charge)));
            }
        }
    }

    private static async Task AssertTraitsAsync(ILedger ledger, MemoryLedger memory, OrgState org)
    {
        var all = EverythingOf(org.Org.Id);
        var some = new UsageFilter(org.Org.Id, memory.Now - TimeSpan.FromMinutes(1_700), memory.Now - TimeSpan.FromSeconds(7));
        UsageFilter[] filters =
        [
            all.Where("status", "failed"), all.Where("status", "429"), all.Where("status", "0"), all.Where("status", "503"), all.Where("basis", "estimated"),
            all.Where("flag", "cut_short"), all.Where("status", "failed").Where("basis", "estimated"), all.Where("team", "red").Where("status", "failed"),
            all.Where("team", "none").Where("status", "failed"), all.Where("team", "blue"), all.Where("status", "200").Where("user", "user 1"),
            some.Where("status", "failed"), some.Where("team", "red").Where("basis", "reported"), some.Where("team", "red"),
        ];
        foreach (var filter in filters)
        {
            var expected = Expected(memory, filter);
            Assert.Equal(expected, (await ListAsync(ledger, org, filter, oldestFirst: true, rows: 1_000)).Select(Said));
            expected.Reverse();
            var entries = await ListAsync(ledger, org, filter, oldestFirst: false, rows: 7);
            Assert.Equal(expected, entries.Select(Said));
            if (!filter.IsOfLines) continue;
            var lines = (await ledger.Read.StatusesAsync(new RecountQuery(org, filter.From, filter.To), Cancel))
                .Where(line => filter.Matches(line.Labels) && filter.Matches(line.Traits)).ToList();
            Assert.Equal(entries.Count(entry => entry.Correction is null), lines.Sum(line => line.Attempts));
            Assert.Equal(Amount.Sum(entries.Select(entry => entry.Charge)), Amount.Sum(lines.Select(line => line.Charge + line.Corrections)));
        }
    }

    private static UsageFilter EverythingOf(string org) => new(org, Instant.UnixEpoch, Instant.EndOfTime);

    private static async Task<List<UsageEntry>> ListAsync(ILedger ledger, OrgState org, UsageFilter filter, bool oldestFirst, int rows)
    {
        var (all, place) = (new List<UsageEntry>(), null as UsagePlace?);
        while (true)
        {
            var page = await ledger.Read.PageAsync(new(org, filter, oldestFirst, place, rows), Cancel);
            Assert.True(page.Count <= rows);
            all.AddRange(page);
            if (page.Count < rows) return all;
            foreach (var entry in page) place = UsagePlace.After(place, entry);
            Assert.True(UsagePlace.TryParse(place.ToString()!, out var read));
            Assert.Equal(place, read);
        }
    }

    /// <summary>Oldest first.</summary>
    private static List<string> Expected(MemoryLedger memory, UsageFilter filter)
    {
        var corrections = memory.Postings.Where(row => UsageEntry.IsCorrection(row.Posting))
            .Select(row => new UsageEntry(memory.Usage[(int)row.Posting.UsageSeq - 1], row));
        return [.. memory.Usage.Select(row => new UsageEntry(row)).Concat(corrections)
            .Where(entry => filter.Contains(entry.EffectiveAt) && filter.Matches(entry.Usage))
            .OrderBy(entry => UsagePlace.HourOf(entry.EffectiveAt)).ThenBy(entry => entry.RecordedAt).ThenBy(entry => entry.Correction is not null)
            .ThenBy(entry => entry.Correction?.Posting.Seq ?? entry.Usage.Seq).Select(Said)];
    }

    private static string Said(UsageEntry entry) =>
        $"{entry.Usage.Usage.Id} {entry.Correction?.Posting.Kind} {entry.Charge} {entry.EffectiveAt} {entry.Usage.Usage.EndUser}";
}
