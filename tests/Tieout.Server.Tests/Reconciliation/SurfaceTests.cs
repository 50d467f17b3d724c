using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Tieout.Server.Configuration;
using Tieout.Server.Reconciliation.Bills;
using Tieout.Server.Reconciliation.Surfaces;
using Tieout.Server.Telemetry;
using Tieout.Server.Tests.Http;
using Tieout.Storage.Tests.Postgres;
using Tieout.Tests;

namespace Tieout.Server.Tests.Reconciliation;

/// <summary>Other books that the server reads by itself: a database, an HTTP address, a file.</summary>
public sealed class SurfaceTests
{
    private static readonly string Today = DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    [Fact]
    public async Task A_database_is_compared_by_name_and_by_a_query_of_ones_own()
    {
        var database = PostgresServer.Instance.NewDatabase();
        await RunAsync(database, "CREATE TABLE counters (tenant text, at timestamptz, credits numeric(20,9)); "
            + "INSERT INTO counters VALUES ('acme', now(), 2.5), ('acme', now(), 1.25), ('other', now(), 7)");
        await using var world = await ApiWorld.StartAsync(options => options with
        {
            Surfaces =
            [
                Surface("legacy", new SurfaceSource.Sql(database, "SELECT tenant AS org, at AS day, credits FROM counters;"), "org,day", "credits"),
                Surface("open", new SurfaceSource.Sql(database, null), "org,day", "credits"),
            ],
        });
        await world.ChargeAsync("3.75", operation: "op-1");
        var tied = await world.RunAsync("tie", "--right", "surface:legacy", "--json");
        Assert.True(tied.ExitCode == 0, tied.Out + tied.Error);
        Assert.Equal(("3.75", 1L), (tied.Json.GetProperty("right_total").GetString(), tied.Json.GetProperty("left_out").GetInt64()));

        await world.ChargeAsync("0.25", operation: "op-2");
        var differs = await world.RunAsync("tie", "--right", "sql:legacy", "--json");
        Assert.Equal((1, "0.25"), (differs.ExitCode, differs.Json.GetProperty("difference").GetString()));
        var own = await world.RunAsync("tie", "--right", "sql:open SELECT 'acme' AS org, current_date AS day, 4::numeric AS credits", "--json");
        Assert.True(own.ExitCode == 0, own.Out + own.Error);
        Assert.Contains("has a query of its own", (await world.RunAsync("tie", "--right", "sql:legacy SELECT 1")).Error, StringComparison.Ordinal);
        Assert.Contains("send one", (await world.RunAsync("tie", "--right", "sql:open")).Error, StringComparison.Ordinal);
        Assert.Equal(2, (await world.RunAsync("tie", "--right", "surface:legacy", "--unit", "cents")).ExitCode);
    }

    [Theory]
    [InlineData("DELETE FROM counters")]
    [InlineData("SELECT 1 AS credits) s; DELETE FROM counters; --")]
    [InlineData("WITH gone AS (DELETE FROM counters RETURNING *) SELECT tenant AS org, at AS day, credits FROM gone")]
    [InlineData("SELECT tenant AS org, at AS day, credits, nextval('numbers') FROM counters")]
    [InlineData("SELECT tenant AS org, at AS day, credits FROM counters, pg_sleep(30)")]
    [InlineData("SELECT tenant AS org, at AS day, credits FROM counters, generate_series(1, 100)")]
    [InlineData("SELECT tenant AS org, at AS day FROM counters")]
    [InlineData("COPY counters TO PROGRAM 'true'")]
    public async Task A_query_reads_and_does_nothing_else_within_its_time_and_rows(string query)
    {
        var database = PostgresServer.Instance.NewDatabase();
        await RunAsync(database,
            "CREATE SEQUENCE numbers; CREATE TABLE counters (tenant text, at timestamptz, credits numeric); INSERT INTO counters VALUES ('acme', now(), 1)");
        await using var world = await ApiWorld.StartAsync(options => options with
        {
            Surfaces = [Surface("open", new SurfaceSource.Sql(database, null), "org,day", "credits") with { Timeout = TimeSpan.FromSeconds(1), RowsMax = 50 }],
        });
        var run = await world.RunAsync("tie", "--right", $"sql:open {query}");
        Assert.Contains("[surface_unreadable]", run.Error, StringComparison.Ordinal);
        Assert.Equal(3, run.ExitCode);
        Assert.Equal(1L, await RunAsync(database, "SELECT count(*) FROM counters"));
        Assert.Equal(1L, await RunAsync(database, "SELECT nextval('numbers')"));
    }

    [Fact]
    public async Task An_address_is_asked_with_its_token_and_only_if_the_configuration_has_it()
    {
        await using var counter = await CounterAsync();
        await using var world = await ApiWorld.StartAsync(options => options with
        {
            Surfaces =
            [
                Surface("web", new SurfaceSource.Http(new(counter.Urls.First() + "/usage?all=1"), "s3cret", ["data", "items"]), "org,day", "n"),
                Surface("elsewhere", new SurfaceSource.Http(new(counter.Urls.First() + "/moved"), "s3cret", []), "org,day", "n"),
                Surface("slow", new SurfaceSource.Http(new(counter.Urls.First() + "/slow"), null, []), "org,day",
                    "n") with { Timeout = TimeSpan.FromMilliseconds(300) },
                Surface("closed", new SurfaceSource.Http(new(counter.Urls.First() + "/usage"), null, []), "org,day", "n"),
            ],
        });
        await world.ChargeAsync("3.5", operation: "op-1");
        foreach (var right in new[] { "surface:web", counter.Urls.First() + "/usage" })
        {
            var run = await world.RunAsync("tie", "--right", right, "--json");
            Assert.True(run.ExitCode == 0, run.Out + run.Error);
        }

        Assert.Contains("302", (await world.RunAsync("tie", "--right", "surface:elsewhere")).Error, StringComparison.Ordinal);
        Assert.Contains("longer than 0.3 s", (await world.RunAsync("tie", "--right", "surface:slow")).Error, StringComparison.Ordinal);
        Assert.Contains("401", (await world.RunAsync("tie", "--right", "surface:closed")).Error, StringComparison.Ordinal);
        var unknown = await world.RunAsync("tie", "--right", "http://169.254.169.254/latest/meta-data");
        Assert.Equal(2, unknown.ExitCode);
        Assert.Contains("[surface_not_found]", unknown.Error, StringComparison.Ordinal);
        var viewer = await world.OkAsync(HttpMethod.Post, "/tokens", """{"role":"viewer"}""");
        Assert.Equal("forbidden",
            await ApiWorld.CodeAsync(
                await world.SendAsync(HttpMethod.Post, "/surfaces/web/ties", "SELECT 1", viewer.GetProperty("token").GetString()), HttpStatusCode.Forbidden));
    }

    [Fact]
    public async Task A_drift_above_five_per_cent_for_ten_minutes_is_told_once_and_so_is_its_end()
    {
        var file = Path.GetTempFileName();
        try
        {
            await using var world = await ApiWorld.StartAsync();
            await world.ChargeAsync("10", operation: "op-1");
            var clock = new ManualClock(DateTimeOffset.UtcNow);
            var options = new ServerOptions
            {
                Surfaces = [
                Surface("legacy", new SurfaceSource.InFile(file, "csv"), "org", "n") with { Every = TimeSpan.FromMinutes(1) }]
            };
            using var reader = new SurfaceReader();
            var ties = new SurfaceTies(options, world.Ledger, clock, reader, world.Server.Services.GetRequiredService<BillTies>());
            using var outages = new OutageLog(world.Ledger, clock, NullLogger<OutageLog>.Instance);
            var worker = new SurfaceWorker(ties, world.Ledger, clock, outages, NullLogger<SurfaceWorker>.Instance);
            void Restart()
            {
                worker.Dispose();
                ties = new(options, world.Ledger, clock, reader, world.Server.Services.GetRequiredService<BillTies>());
                worker = new(ties, world.Ledger, clock, outages, NullLogger<SurfaceWorker>.Instance);
            }

            async Task MinutesAsync(int minutes, string counter)
            {
                await File.WriteAllTextAsync(file, $"org,n\nacme,{counter}\n", TestContext.Current.CancellationToken);
                for (var minute = 0; minute < minutes; minute++)
                {
                    await worker.CompareDueAsync(TestContext.Current.CancellationToken);
                    clock.Move(TimeSpan.FromMinutes(1));
                }
            }

            await MinutesAsync(20, "9.51");
            Assert.Empty(await AlertsAsync(world));
            await MinutesAsync(9, "9");
            await MinutesAsync(1, "10");
            await MinutesAsync(5, "9");
            Restart();
            await MinutesAsync(5, "9");
            Assert.Empty(await AlertsAsync(world));
            await MinutesAsync(1, "9");
            Assert.Single(await AlertsAsync(world));
            Restart();
            await MinutesAsync(19, "9");
            var alert = Assert.Single(await AlertsAsync(world));
            Assert.Equal(
                ("alert.drift", "1", 10m), (alert.Type, alert.Body.GetProperty("difference").GetString(), alert.Body.GetProperty("drift_pct").GetDecimal()));

            // A surface that cannot be read for a while neither ends the episode nor begins another.
            await MinutesAsync(2, "nonsense");
            Restart();
            await MinutesAsync(3, "nonsense");
            Assert.NotNull(ties.Standing("legacy")!.Failure);
            Assert.Equal(alert.Body.GetProperty("drifting_since").GetString(), ties.Standing("legacy")!.DriftingSince.ToString());
            await MinutesAsync(5, "9");
            Assert.Single(await AlertsAsync(world));
            Restart();
            await MinutesAsync(30, "10");
            Assert.Equal(["alert.drift", "alert.drift_resolved"], (await AlertsAsync(world)).Select(message => message.Type));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void The_configuration_is_read_with_its_place_in_every_refusal()
    {
        const string good = """
            surfaces:
              legacy:
                kind: sql
                org: acme
                key: org,day
                amount: credits
                unit: credits
                connection: postgres://reader:${PW}@db/legacy
                query: SELECT 1
                every: 5m
                days: 2
            """;
        var surface = Assert.Single(TieoutYaml.Read(good, "tieout.yaml", name => name == "PW" ? "s3cret-of-reader" : null).Surfaces);
        Assert.Equal(("legacy", TimeSpan.FromMinutes(5), 2), (surface.Name, surface.Every, surface.Days));
        Assert.DoesNotContain("reader", surface.ToString(), StringComparison.Ordinal);
        foreach (var (from, to, said) in new[]
        {
            ("kind: sql", "kind: ftp", "'ftp' is not known"), ("    query: SELECT 1\n", "    url: http://x/\n",
                "is not a member of a surface"), ("unit: credits", "unit: points", "'points' is not known"),
            ("key: org,day", "key: org,planet", "planet"), ("postgres://reader:${PW}@db/legacy", "db.example", "postgres://"), ("    org: acme\n", "",
                "needs 'org'"),
        })
        {
            var wrong = Assert.Throws<ConfigurationException>(
                () => TieoutYaml.Read(good.Replace(from, to, StringComparison.Ordinal), "tieout.yaml", _ => "s3cret-of-reader"));
            Assert.Contains(said, wrong.Message, StringComparison.Ordinal);
            Assert.Matches("^tieout.yaml:[0-9]+:", wrong.Message);
        }
    }

    private static SurfaceOptions Surface(string name, SurfaceSource source, string key, string amount) =>
        new(name, "acme", key, amount, "credits", source, null, 0);

    private static async Task<List<(string Type, JsonElement Body)>> AlertsAsync(ApiWorld world) =>
        [.. (await world.Ledger.Read.OutboxAsync("acme", 0, 1_000, TestContext.Current.CancellationToken))
            .Where(message => message.Type.StartsWith("alert.", StringComparison.Ordinal)).Select(
                message => (message.Type, JsonDocument.Parse(message.Body).RootElement))];

    private static async Task<object?> RunAsync(string database, string sql)
    {
        var url = new Uri(database);
        await using var connection = new NpgsqlConnection(
            $"Host={url.Host};Port={url.Port};Database={url.AbsolutePath[1..]};Username={url.UserInfo};Pooling=false");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(TestContext.Current.CancellationToken);
    }

    private static async Task<WebApplication> CounterAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRouting();
        var app = builder.Build();
        app.MapGet("/usage", (HttpContext context) => context.Request.Headers.Authorization == "Bearer s3cret"
            ? Results.Text(
                $$$"""{"data":{"items":[{"org":"acme","day":"{{{Today}}}","n":3},{"org":"acme","day":"{{{Today}}}","n":"0.5"}]}}""", "application/json")
            : Results.StatusCode(401));
        app.MapGet("/moved", () => Results.Redirect("/usage"));
        app.MapGet("/slow", async (CancellationToken cancel) => await Task.Delay(TimeSpan.FromSeconds(20), cancel));
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }
}
