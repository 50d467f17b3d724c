using Tieout.Core;
using Tieout.Core.Tests.Ledger;

using Outcome = Tieout.Core.Ledger.Outcome;

namespace Tieout.Storage.Tests.Contract;

public abstract partial class LedgerContract
{
    [Fact]
    public async Task L8_a_proof_names_the_commit_that_a_posting_became_durable_in()
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        for (var i = 1; i <= 5; i++) Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(Make.Charge(i, 10, at: Clock.Now), Cancel));
        var postings = await ToListAsync(ledger.Read.PostingsAsync("acme", Instant.UnixEpoch, new(long.MaxValue), 0, Cancel));

        var links = new List<CommitLink>();
        foreach (var posting in postings) links.Add(await ledger.Read.CommitOfAsync("acme", posting.Seq, Cancel));

        Assert.Equal(6, links.Count);
        Assert.Equal(links.Select(link => link.Commit).Order().Distinct(), links.Select(link => link.Commit));
        Assert.All(links, link => Assert.Equal(32, link.Hash.Length));
        Assert.Equal(6, links.Select(link => Convert.ToHexString(link.Hash.Span)).Distinct().Count());
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => ledger.Read.CommitOfAsync("acme", postings[^1].Seq + 1, Cancel));
    }
}
