using Tieout.Core.Tests.Ledger;

namespace Tieout.Storage.Tests.Contract;

/// <summary>Refused requests: found by their correlation id within their org, for a day, and bounded.</summary>
public abstract partial class LedgerContract
{
    [Fact]
    public async Task A_refused_request_is_found_by_its_correlation_id_within_its_org_only_also_after_a_restart()
    {
        await using (var ledger = Open(fresh: true))
        {
            await ledger.SubmitAsync(Make.OpenOrg(), Stop);
            await ledger.RefusedRequests.AddAsync(
                [Refused("acme", "corr-1", 1), Refused("beta", "corr-1", 2), Refused("", "corr-1", 3), Refused("acme", "corr-2", 4)], Stop);
        }

        await using var again = Open(fresh: false);
        var found = Assert.Single(await again.RefusedRequests.FindAsync("acme", "corr-1", default, 10, Stop));
        Assert.Equal(Refused("acme", "corr-1", 1) with { Id = found.Id }, found);
        Assert.Equal("", Assert.Single(await again.RefusedRequests.FindAsync("", "corr-1", default, 10, Stop)).Org);
        Assert.Empty(await again.RefusedRequests.FindAsync("acme", "corr-1", found.At + TimeSpan.FromSeconds(1), 10, Stop));
        Assert.Empty(await again.RefusedRequests.FindAsync("gamma", "corr-1", default, 10, Stop));
    }

    [Fact]
    public async Task Refused_requests_older_than_a_day_and_beyond_the_maximum_of_an_org_are_deleted()
    {
        await using var ledger = Open(fresh: true);
        await ledger.SubmitAsync(Make.OpenOrg(), Stop);
        var day = (int)IRefusedRequests.StoredFor.TotalSeconds;
        await ledger.RefusedRequests.AddAsync([Refused("acme", "old", 0), Refused("beta", "old", 0)], Stop);
        await ledger.RefusedRequests.AddAsync([Refused("acme", "new", day + 1)], Stop);
        Assert.Empty(await ledger.RefusedRequests.FindAsync("acme", "old", default, 10, Stop));
        Assert.Single(await ledger.RefusedRequests.FindAsync("beta", "old", default, 10, Stop));

        await ledger.RefusedRequests.AddAsync(
            [.. Enumerable.Range(0, IRefusedRequests.PerOrgMax).Select(number => Refused("acme", $"many-{number}", day + 2 + number))], Stop);
        Assert.Empty(await ledger.RefusedRequests.FindAsync("acme", "new", default, 10, Stop));
        Assert.Single(await ledger.RefusedRequests.FindAsync("acme", "many-0", default, 10, Stop));
        Assert.Single(await ledger.RefusedRequests.FindAsync("beta", "old", default, 10, Stop));

        await ledger.RefusedRequests.ForgetAsync(Refused("", "", 1).At, Stop);
        Assert.Empty(await ledger.RefusedRequests.FindAsync("beta", "old", default, 10, Stop));
    }

    private static RefusedRequest Refused(string org, string correlation, int second) =>
        new(Guid.CreateVersion7(), new FakeClock().Now + TimeSpan.FromSeconds(second), org, correlation, "key_1", "10.0.0.1", "POST", null, 402,
            "budget_exhausted");
}
