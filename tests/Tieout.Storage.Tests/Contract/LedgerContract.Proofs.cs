using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
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

    // Goal: the rows of a commit are those of its hash, in its order, whatever they are and whosever they are. Method: one commit of several orgs beside single
    // ones; SHA-256 over the bytes by hand.
    [Fact]
    public async Task L8_the_rows_of_a_commit_come_to_its_hash()
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        await ledger.SubmitAsync(Make.OpenOrg("beta", Core.Tenancy.BillingMode.Postpaid), Cancel);
        var lifetime = TimeSpan.FromHours(1);
        await ledger.SubmitAsync(
            [
                new Command.PlaceHold(Make.Id(1), Make.Labels(), null, "op1", new Amount(5), lifetime), Make.Charge(2, 10, at: Clock.Now),
                Make.Charge(3, 7, Make.Labels("beta"), at: Clock.Now), Make.Charge(4, 3, Make.Labels(team: "red"), "u1", Clock.Now),
            ], Cancel);
        await ledger.SubmitAsync(Make.Settle(1, 3, at: Clock.Now), Cancel);
        var posting = (await ToListAsync(ledger.Read.PostingsAsync("acme", Instant.UnixEpoch, new(long.MaxValue), 0, Cancel))).Last();
        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(new Command.Correct("fix", "acme", posting.Seq, new Amount(1), "found"), Cancel));
        var attempt = (await ledger.Read.AttemptAsync("acme", Make.Id(1), Cancel))!;
        var records = await ledger.Read.RecordsAsync("acme", attempt, Cancel);
        long[] commits = [records.Held!.Commit, records.Ended!.Commit.Commit, .. records.Postings.Select(row => row.Commit.Commit)];

        var proofs = await ledger.Read.CommitsAsync(new("acme", commits, [], [attempt.Usage!.Labels], [attempt.Usage.Price]), Cancel);

        Assert.Superset(commits.ToHashSet(), proofs.Select(proof => proof.Commit).ToHashSet());
        foreach (var proof in proofs)
        {
            var bytes = new List<byte>([.. proof.Previous, .. Integer(proof.Commit), .. Integer(proof.RecordedAt.UnixMicros)]);
            foreach (var row in proof.Rows) bytes.AddRange(row.Bytes);
            Assert.Equal(Convert.ToHexString(proof.Hash), Convert.ToHexString(System.Security.Cryptography.SHA256.HashData([.. bytes])));
        }

        var rows = proofs.SelectMany(proof => proof.Rows).ToList();
        string[] tables = ["attributions", "prices", "holds", "hold_ends", "usage", "postings", "commands"];
        Assert.All(tables, table => Assert.Contains(rows, row => row.Table == table));
        Assert.All(rows.Where(row => row.Table != "prices"), row => Assert.NotNull(row.Org));
        Assert.Contains(rows, row => row is { Table: "hold_ends", Org: "acme" });
        Assert.Empty(await ledger.Read.CommitsAsync(new("acme", [], [int.MaxValue], [], []), Cancel));

        static byte[] Integer(long value) => BitConverter.GetBytes(value);
    }
}
