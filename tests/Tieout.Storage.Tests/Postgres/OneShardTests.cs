using Tieout.Core.Ledger;
using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Archive;
using Tieout.Storage.Postgres;

namespace Tieout.Storage.Tests.Postgres;

/// <summary>What makes the schema distribute: every key begins with the bucket, and no transaction touches two.</summary>
public sealed class OneShardTests
{
    private static readonly string[] Tables =
    [
        .. ArchiveTable.All.Select(table => table.Name), "heads", "usage_ids", "accounts", "windows", "cells", "relay", "lanes", "deliveries", "refused_requests",
        "key_uses", "follower", "recounts", "recount_statuses", "recount_months", "usage_hours",
        "usage_id_runs", "usage_id_blocks", "usage_sketches", "tool_hours", "recount_costs", "detached_ids", "detached_stay", "detached_accounts",
        "detached_windows", "detached_cells",
    ];

    // Goal: every ledger transaction stays on one shard. Method: commands of forty orgs in one list, of every kind that writes; then every row says
    // which transaction wrote it, and no transaction wrote rows of two buckets.
    [Fact]
    public async Task Every_ledger_transaction_writes_rows_of_one_bucket_only()
    {
        var store = PostgresServer.Instance.NewDatabase();
        var orgs = Enumerable.Range(1, 40).Select(number => $"org{number}").ToList();
        await using (var ledger = await PostgresLedger.OpenAsync(store))
        {
            var at = Core.Instant.From(DateTimeOffset.UtcNow);
            var id = 0;
            List<Command> list =
            [
                .. orgs.Select(org => Make.OpenOrg(org)), .. orgs.Select(org => Make.TopUp(1_000, "start", org)),
                .. orgs.Select(org => Make.Budget(900, new(org))),
                .. orgs.Select(org => new Command.PlaceHold(Make.Id(++id), Make.Labels(org), null, "op", new(5), TimeSpan.FromHours(1))),
                .. orgs.Select(org => Make.Charge(1_000 + id++, 850, Make.Labels(org), at: at)),
                .. Enumerable.Range(1, 20).Select(hold => new Command.Release(Make.Id(hold))),
                .. orgs.Select(org => new Command.KeepObject(Make.Object("resp_1", org))),
                .. orgs.Select(org => Make.Asked(Make.TopUp(5, "asked", org))),
            ];
            Assert.All(await ledger.SubmitAsync(list, TestContext.Current.CancellationToken), outcome => Assert.IsType<Outcome.Done>(outcome));
            Assert.True(await ledger.Deliveries.RouteAsync(() => [new("wh", null, [], default)], TestContext.Current.CancellationToken) > 40);
            var lanes = await ledger.Deliveries.ClaimAsync(TimeSpan.FromMinutes(1), 100, [], TestContext.Current.CancellationToken);
            Assert.Equal(40, lanes.Count);
            foreach (var lane in lanes)
            {
                await ledger.Deliveries.RecordAsync(
                    lane, new(1, DeliveryState.Delivered, at, 1, 204, null), TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
            }

            Assert.True(orgs.Select(ledger.Layout.Of).Distinct().Count() > 20);
            Assert.True((await ledger.Follower.StepAsync(TestContext.Current.CancellationToken)).Rows > 100);
        }

        var database = new Uri(store).AbsolutePath[1..];

        // The heads were laid out together, before there was a ledger.
        var written = string.Join(
            " UNION ALL ", Tables.Select(table => $"SELECT xmin::text AS writer, bucket FROM {table}{(table == "heads" ? " WHERE commit_no > 0" : "")}"));
        Assert.Equal("0",
            PostgresServer.Instance.Sql(
                database, $"SELECT count(*) FROM (SELECT writer FROM ({written}) rows GROUP BY writer HAVING count(DISTINCT bucket) > 1) transactions"));
        Assert.NotEqual("0", PostgresServer.Instance.Sql(database, $"SELECT count(*) FROM ({written}) rows"));
        PostgresVerified.Clean(store);
    }

    [Fact]
    public async Task Every_unique_key_begins_with_the_bucket()
    {
        var store = PostgresServer.Instance.NewDatabase();
        await using (await PostgresLedger.OpenAsync(store))
        {
        }

        var others = PostgresServer.Instance.Sql(new Uri(store).AbsolutePath[1..], """
            SELECT coalesce(string_agg(i.indexrelid::regclass::text, ', '), '') FROM pg_index i
            JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
            JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
            WHERE n.nspname = 'public' AND t.relname NOT IN ('layout', 'schema_version') AND a.attname <> 'bucket'
            """);
        Assert.Equal("", others);
    }
}
