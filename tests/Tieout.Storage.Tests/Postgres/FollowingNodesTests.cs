using System.Globalization;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Postgres;
using Tieout.Storage.Writing;

namespace Tieout.Storage.Tests.Postgres;

/// <summary>Several nodes that count the rows of one database, and one that drops what was counted meanwhile.</summary>
public sealed class FollowingNodesTests
{
    private static readonly string[] Orgs = ["acme", "beta", "gamma", "delta"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // Goal: each row is counted once, whoever steps. Method: two nodes charge and step at once, as often as they can; what they say they counted, and what is
    // stored, is what there is.
    [Fact]
    public async Task Q2_two_nodes_that_step_at_once_count_each_row_once()
    {
        var store = PostgresServer.Instance.NewStore();
        await using var left = await PostgresLedger.OpenAsync(store);
        await using var right = await PostgresLedger.OpenAsync(store);
        await BeginAsync(left);
        var counted = await Task.WhenAll(StepWhileAsync(left, ChargeAsync(left, 0)), StepWhileAsync(right, ChargeAsync(right, 1)));

        Assert.Equal(Number(store, "SELECT (SELECT count(*) FROM usage) + (SELECT count(*) FROM postings)"), counted.Sum());
        await AssertCountedAsync(store, right);
    }

    // Goal: the node that counts counts what the others commit, and what was dropped elsewhere. Method: one node charges and never steps, the other steps and
    // is asked nothing.
    [Fact]
    public async Task Q2_a_node_counts_what_other_nodes_commit_and_drop_though_nobody_asks_it_for_a_figure()
    {
        var store = PostgresServer.Instance.NewStore();
        await using var left = await PostgresLedger.OpenAsync(store);
        await using var right = await PostgresLedger.OpenAsync(store);
        await BeginAsync(left);
        for (var id = 1; id <= 3; id++)
        {
            await left.SubmitAsync(Make.Charge(id, 5, Make.Labels(), at: Instant.From(DateTimeOffset.UtcNow)), Cancel);
            Assert.Equal(id == 1 ? 2 + Orgs.Length : 2, (await right.Follower.StepAsync(Cancel)).Rows);
            Assert.Equal(0, (await right.Follower.StepAsync(Cancel)).Rows);
        }

        await left.Follower.ResetAsync(Cancel);
        Assert.Equal(6 + Orgs.Length, (await right.Follower.StepAsync(Cancel)).Rows);
        await AssertCountedAsync(store, right);
    }

    // Goal: what was counted is dropped while another node counts, and nothing is left out of what is counted anew. Method: one node charges and steps, the
    // other resets; at every moment the lines are the rows up to the position.
    [Fact]
    public async Task Q2_a_node_that_steps_while_another_drops_what_was_counted_leaves_nothing_out()
    {
        const string lacking = "SELECT coalesce(max(last_usage), 0) - (SELECT coalesce(sum(attempts), 0)::bigint FROM recounts WHERE span = 0) FROM follower";
        var store = PostgresServer.Instance.NewDatabase();
        await using var left = await PostgresLedger.OpenAsync(store, buckets: 1, LedgerWriter.BatchMax);
        await using var right = await PostgresLedger.OpenAsync(store);
        await BeginAsync(left);
        var charging = ChargeAsync(left, 0);
        var stepping = StepWhileAsync(left, charging);
        while (!charging.IsCompleted)
        {
            await right.Follower.ResetAsync(Cancel);
            for (var look = 0; look < 5; look++) Assert.Equal(0, Number(store, lacking));
        }

        await stepping;
        await AssertCountedAsync(store, right);
    }

    private static async Task BeginAsync(PostgresLedger ledger)
    {
        foreach (var org in Orgs)
        {
            Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(Make.OpenOrg(org), Cancel));
            Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(Make.TopUp(1_000_000, "start", org), Cancel));
        }
    }

    private static async Task ChargeAsync(PostgresLedger node, int index)
    {
        for (var id = 1; id <= 300; id++)
        {
            var charge = Make.Charge(index * 1_000 + id, id % 7, Make.Labels(Orgs[id % 4]), at: Instant.From(DateTimeOffset.UtcNow));
            Assert.IsType<Outcome.Done>(await node.SubmitAsync(charge, Cancel));
        }
    }

    /// <returns>Rows counted by this node.</returns>
    private static async Task<long> StepWhileAsync(PostgresLedger node, Task charging)
    {
        var rows = 0L;
        for (var isDone = false; !isDone;)
        {
            var isLast = charging.IsCompleted;
            var progress = await node.Follower.StepAsync(Cancel);
            Assert.Empty(progress.Drifts);
            (rows, isDone) = (rows + progress.Rows, isLast && progress.IsCurrent);
        }

        await charging;
        return rows;
    }

    private static async Task AssertCountedAsync(string store, PostgresLedger node)
    {
        await StepWhileAsync(node, Task.CompletedTask);
        Assert.Equal(Number(store, "SELECT count(*) FROM usage"), Number(store, "SELECT sum(attempts) FROM recounts WHERE span = 0"));
        Assert.Equal(Number(store, "SELECT count(*) FROM usage"), Number(store, "SELECT sum(attempts) FROM recount_statuses WHERE span = 1"));
        Assert.Equal(Number(store, "SELECT count(*) FROM postings"), Number(store, "SELECT sum(posting_count) FROM recount_months"));
        Assert.Equal(Number(store, "SELECT sum(charge) FROM usage"), Number(store, "SELECT sum(charge) FROM recounts WHERE span = 1"));
        Assert.Equal(0, node.Follower.Standing.RowsBehind);
        PostgresVerified.Clean(store);
    }

    private static long Number(string store, string sql) => long.Parse(
        PostgresServer.Instance.Sql(new Uri(store).AbsolutePath[1..], sql), CultureInfo.InvariantCulture);
}
