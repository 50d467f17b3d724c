using System.Reflection;
using System.Text;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Postgres;
using Tieout.Storage.Postgres.Moving;
using Tieout.Storage.Postgres.Verification;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Tests.Contract;
using Tieout.Storage.Writing;
using Tieout.Tests;

namespace Tieout.Storage.Tests.Postgres.Statements;

/// <summary>Every statement that the store sends keeps the rules of a distributed database, and the page of statements says which go to one shard.</summary>
public sealed class StatementRulesTests
{
    private const string Page = "docs/reference/postgres-statements.md";

    /// <summary>Tests that send the same statements thousands of times.</summary>
    private static readonly string[] Crowded = ["concurrent", "neighbouring", "overlapping", "beyond_a_runs_findings", "among_many"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // Goal: the store runs on Citus, which is not here. Method: a server that logs every statement; the store's whole contract and the work of several buckets
    // run on it; each statement is read token by token. Those that go to all shards are the ones that the page lists, and no other.
    [Fact]
    [Trait("Long", "yes")]
    public async Task Every_statement_of_the_store_keeps_the_rules_of_a_distributed_database()
    {
        using var log = new StatementLog();
        foreach (var test in typeof(LedgerContract).GetMethods().Where(
            method => method.GetCustomAttribute<FactAttribute>() is not null && method.ReturnType == typeof(Task)
                && method.GetParameters().Length == 0 && !Crowded.Any(method.Name.Contains)))
        {
            var contract = new LoggedContract(log.Server);
            await contract.InitializeAsync();
            await (Task)test.Invoke(contract, null)!;
            await contract.DisposeAsync();
        }

        await WorkInSeveralBucketsAsync(log.Server);
        await MoveAsync(log.Server);
        var statements = log.Statements();
        Assert.True(statements.Count > 80, $"Only {statements.Count} statements were seen.");
        var broken = statements.SelectMany(sql => StatementRules.Broken(sql).Select(rule => $"{rule}\n    {sql}")).ToList();
        Assert.True(broken.Count == 0, string.Join('\n', broken));
        Compare(statements);
    }

    [Theory]
    [InlineData("SELECT u.seq FROM usage_ids i CROSS JOIN LATERAL (SELECT * FROM usage WHERE bucket = i.bucket AND seq = i.seq) u WHERE i.bucket = $1",
        "rule 1")]
    [InlineData("SELECT h.seq FROM holds h WHERE h.bucket = $1 AND NOT EXISTS (SELECT 1 FROM hold_ends e WHERE e.bucket = h.bucket AND e.hold = h.seq)",
        "rule 1")]
    [InlineData("SELECT 1 FROM usage u JOIN attributions a ON a.bucket = u.bucket AND a.no = u.attribution WHERE u.bucket = $1", "rule 1")]
    [InlineData("SELECT h.bucket FROM heads h, relay r WHERE r.routed < h.last_outbox", "rule 1")]
    [InlineData("SELECT seq FROM findings WHERE attempt IN (SELECT id FROM holds)", "rule 1")]
    [InlineData("SELECT bucket FROM heads FOR UPDATE", "rule 1")]
    [InlineData("UPDATE lanes SET leased_until = (extract(epoch from clock_timestamp()) * 1000000)::bigint WHERE bucket = $1 AND endpoint = $2", "rule 2")]
    [InlineData("CREATE TEMP VIEW usage AS SELECT * FROM public.usage WHERE bucket = current_setting('tieout.bucket')::int", "rule 3")]
    [InlineData("INSERT INTO holds (bucket, seq) SELECT $1, rows.* FROM unnest($2::bigint[]) rows", "rule 4")]
    [InlineData("INSERT INTO holds (bucket, seq) VALUES ($1, $2), ($3, $4)", "rule 1")]
    [InlineData("SELECT code || ' ' || count(*) FROM findings GROUP BY code", "rule 5")]
    public void A_statement_that_a_distributed_database_refuses_is_found(string sql, string rule) =>
    Assert.Contains(StatementRules.Broken(sql), broken => broken.StartsWith(rule, StringComparison.Ordinal));

    [Theory]
    [InlineData("SELECT seq FROM findings ORDER BY recorded_at DESC LIMIT $1", true)]
    [InlineData("SELECT h.bucket FROM heads h LEFT JOIN relay r ON r.bucket = h.bucket WHERE h.last_outbox > coalesce(r.routed, 0)", true)]
    [InlineData("WITH usage AS NOT MATERIALIZED (SELECT u.* FROM public.usage u JOIN public.usage_ids i ON i.bucket = 3 AND i.id = u.id WHERE u.bucket = 3) SELECT * FROM usage", false)]
    [InlineData("INSERT INTO holds (bucket, seq) VALUES ($1, $2), ($1, $3) ON CONFLICT DO NOTHING", false)]
    [InlineData("SELECT code, count(*) FROM findings WHERE bucket = $1 GROUP BY code", false)]
    public void A_statement_that_keeps_the_rules_is_let_through(string sql, bool isFanOut)
    {
        Assert.Empty(StatementRules.Broken(sql));
        Assert.Equal(isFanOut, StatementRules.IsFanOut(sql));
    }

    private static async Task WorkInSeveralBucketsAsync(PostgresServer server)
    {
        var store = server.NewDatabase();
        await using (var ledger = await PostgresLedger.OpenAsync(store))
        {
            var at = Instant.From(DateTimeOffset.UtcNow);
            foreach (var org in (string[])["acme", "beta", "gamma"])
            {
                Command[] commands = [Make.OpenOrg(org), Make.TopUp(100_000, "start", org), Make.Budget(9_000, new(org)),
                    Make.Charge(org.Length * 1_000, 5, Make.Labels(org), at: at)];
                foreach (var command in commands) Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(command, Cancel));

                // More than a VALUES list takes, and a hold that this node does not remember.
                await ledger.SubmitAsync([.. Enumerable.Range(1, 60).Select(id => Make.Charge(org.Length * 10_000 + id, 1, Make.Labels(org), at: at))], Cancel);
                await ledger.SubmitAsync(new Command.Release(Make.Id(org.Length * 70_000)), Cancel);
            }

            await ledger.Read.ReachAsync(commit: 1);
            await ledger.Read.FindingsAsync(org: null, 10, Cancel);
            await ledger.Read.OutboxAsync(org: null, 0, 10, Cancel);
            foreach (var state in Enum.GetValues<HoldState>()) await ledger.Read.HoldsAsync(org: null, state, 10, Cancel);
            await ledger.Read.HoldsAsync("acme", HoldState.Settled, 10, Cancel);
            await ledger.Read.PendingObjectsAsync(ObjectKind.Batch, 0, 10, Cancel);
            await ledger.Deliveries.RouteAsync(() => [new("wh", null, [], default)], Cancel);
            await ledger.Deliveries.HealthAsync(Cancel);
            await ledger.Deliveries.ForgetAsync(at, Cancel);
            await ledger.RefusedRequests.AddAsync([new(Guid.NewGuid(), at, "acme", "corr", null, null, "POST", null, 402, "budget_exhausted")], Cancel);
            await ledger.RefusedRequests.FindAsync("acme", "corr", at, 10, Cancel);
            await ledger.RefusedRequests.ForgetAsync(at, Cancel);
            await ledger.KeyUses.StoreAsync([new("acme", "key_1", at)], Cancel);
            await ledger.KeyUses.OfAsync("acme", Cancel);
            await FollowAsync(ledger, at);
            await ledger.Read.ReconcileAsync(new(Core.Reconciliation.SelfCheck.Instances.None, RuntimeDue: null, at, Full: true), Cancel);
        }

        PostgresVerified.Clean(store);
    }

    private static async Task FollowAsync(PostgresLedger ledger, Instant at)
    {
        var org = ledger.Read.Org("acme")!;
        for (var round = 0; round < 2; round++)
        {
            await ledger.SubmitAsync(Make.Charge(90_000 + round, 5, Make.Labels(), at: at), Cancel);
            while (!(await ledger.Follower.StepAsync(Cancel)).IsCurrent)
            {
            }

            // Whole days, hours and single rows.
            foreach (var to in (Instant[])[Instant.EndOfTime, at + TimeSpan.FromMinutes(1)])
            {
                await ledger.Read.SumsAsync(new(org, Instant.UnixEpoch, to), Cancel);
                await ledger.Read.StatusesAsync(new(org, Instant.UnixEpoch, to), Cancel);
                await ledger.Read.SketchesAsync(new(org, Instant.UnixEpoch, to), Cancel);
                await ledger.Read.ToolHoursAsync(new(org, Instant.UnixEpoch, to), Cancel);
                await ledger.Read.ClassCostsAsync(new(org, Instant.UnixEpoch, to), Cancel);
            }

            var month = Core.Tenancy.Month.Of(at, org.Zone);
            await ledger.Read.MonthAsync(org, month.Start(org.Zone), month.End(org.Zone), Cancel);
            await ledger.Follower.ResetAsync(Cancel);
        }
    }

    private static async Task MoveAsync(PostgresServer server)
    {
        using var folder = new TemporaryFolder();
        await using (var file = SqliteLedger.Open(folder.Path))
        {
            foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(1_000), Make.Charge(1, 10, at: Instant.From(DateTimeOffset.UtcNow))])
            {
                await file.SubmitAsync(command, Cancel);
            }

            await file.KeyUses.StoreAsync([new("acme", "key_1", Instant.From(DateTimeOffset.UtcNow))], Cancel);
        }

        await MoveFromSqlite.RunAsync(folder.Path, server.NewDatabase(), cancellationToken: Cancel);
    }

    private static void Compare(IReadOnlyList<string> statements)
    {
        var path = Repo.Path(Page);
        var known = File.Exists(path)
            ? File.ReadAllLines(path).Where(line => line.StartsWith("| `", StringComparison.Ordinal)).ToHashSet(StringComparer.Ordinal) : [];

        // Statements over the catalogue alone concern no shard.
        var rows = statements.Where(sql => Shards(sql) != "none")
            .Select(sql => $"| `{sql.Replace("|", "\\|", StringComparison.Ordinal)}` | {Shards(sql)} |").ToList();
        if (Environment.GetEnvironmentVariable("TIEOUT_REGENERATE") == "1")
        {
            var page = new StringBuilder(
                "# Statements of the PostgreSQL store\n\nWritten from what the store's tests send; a test compares it. Regenerate with `TIEOUT_REGENERATE=1 ./test`.\n\n");
            page.Append(
                "*One shard*: every table that the statement names has its bucket as a parameter or a constant, so a distributed database sends it to that bucket's shard as it is.\n");
            page.Append(
                "*All shards*: the statement reads (or, for deliveries and refused requests that are over, deletes) rows of all buckets. The only one of them on the path of a request finds the bucket of an attempt that this node does not know.\n");
            page.Append("Numbers are 0 here, texts 'text'; a VALUES list is shown with one row.\n\n| statement | shards |\n|---|---|\n");
            foreach (var row in rows) page.Append(row).Append('\n');
            File.WriteAllText(path, page.ToString());
            return;
        }

        // A run may miss a statement that only a failure sends; it sends none that the page does not have.
        var news = rows.Where(row => !known.Contains(row)).ToList();
        Assert.True(news.Count == 0, $"{Page} does not have:\n{string.Join('\n', news)}");
    }

    private static string Shards(string sql) =>
        StatementRules.IsFanOut(sql) ? "all shards" : sql.StartsWith("COPY", StringComparison.Ordinal)
            ? "one shard, its rows' bucket" : sql.StartsWith("CREATE", StringComparison.Ordinal) ? "all shards, as DDL"
        : QueryScope.Of(SqlToken.Of(sql), StatementRules.Distributed).Exists(scope => scope.Tables.Count > 0) ? "one shard" : "none";

    /// <summary>The contract, on the server that logs.</summary>
    private sealed class LoggedContract(PostgresServer server) : LedgerContract
    {
        private string _database = "";

        internal override ILedger Open(bool fresh)
        {
            if (fresh) _database = server.NewDatabase();
            return Task.Run(() => PostgresLedger.OpenAsync(_database, buckets: 1, LedgerWriter.BatchMax, Clock)).GetAwaiter().GetResult();
        }

        internal override void AssertVerified() => PostgresVerified.Clean(_database);

        internal override Task<VerificationReport> VerifyAsync() => PostgresVerification.RunAsync(_database, cancellationToken: Cancel);

        internal override void Tamper(string sql) => server.Sql(new Uri(_database).AbsolutePath[1..], sql);

        internal override void TamperCounted(string sql) => Tamper(sql);

        internal override void BreakCounted(string table, bool before) => Tamper(BrokenTable.Break(table, before));

        internal override void MendCounted(string table) => Tamper(BrokenTable.Mend(table));
    }
}
