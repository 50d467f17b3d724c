using System.Text;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Server.Configuration;
using Tieout.Server.Heads;
using Tieout.Server.Hosting;
using Tieout.Server.Tests.Gateway;
using Tieout.Server.Tests.Http;
using Tieout.Storage.Postgres;
using Tieout.Storage.Tests.Postgres;

namespace Tieout.Server.Tests.Hosting;

/// <summary>L8 on PostgreSQL: a database put back fits together in itself; signed heads of all buckets prove that its end is missing.</summary>
public sealed class PostgresHeadTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tieout-pg-heads-");

    public PostgresHeadTests() => File.WriteAllText(In("key"), "the key of heads, 32 characters or more\n");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Heads => In("heads.jsonl");

    public void Dispose() => _folder.Delete(recursive: true);

    // Goal: whichever bucket lost its end, and whether or not it went on. Method: a copy of the database of before the last commits of one org; a second org's
    // bucket has not moved.
    [Fact]
    public async Task L8_a_database_put_back_is_found_by_verify_and_refused_at_the_start_and_so_is_one_that_went_on()
    {
        var store = PostgresServer.Instance.NewStore();
        await RunAsync(store, "acme", topUps: 3);
        await RunAsync(store, "beta", topUps: 1);
        var yesterday = Copy(store);
        var wentOn = Copy(store);
        await RunAsync(store, "acme", topUps: 4);
        var verified = await VerifyAsync(store);
        Assert.True(verified.ExitCode == 0, verified.Out + verified.Error);

        Assert.Equal(0, (await CliRun.StartAsync(["verify", "--store", yesterday], _ => null)).ExitCode);
        var found = await VerifyAsync(yesterday);
        Assert.Equal(1, found.ExitCode);
        Assert.Contains("which the store does not have: it was put back to an earlier state", found.Out, StringComparison.Ordinal);

        await File.WriteAllTextAsync(In("tieout.yaml"), $"heads: {{ key_file: '{In("key")}', file: '{Heads}', every_commits: 1 }}", Stop);
        var refused = await CliRun.StartAsync(["serve", "--data", In("data"), "--store", yesterday, "--config", In("tieout.yaml"), "--listen",
            "http://127.0.0.1:0"], Environment(yesterday)).WaitAsync(TimeSpan.FromSeconds(60), Stop);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("store_rolled_back", refused.Error, StringComparison.Ordinal);

        await using (var ledger = await PostgresLedger.OpenAsync(wentOn))
        {
            for (var i = 0; i < 9; i++) await ledger.SubmitAsync(new Command.TopUp($"other-{i}", "acme", Amount.Parse("2")), Stop);
        }

        var longer = await VerifyAsync(wentOn);
        Assert.Equal(1, longer.ExitCode);
        Assert.Contains("it was put back to an earlier state and went on", longer.Out, StringComparison.Ordinal);
    }

    private static Func<string, string?> Environment(string store) => name => name switch
    {
        "TIEOUT_ADMIN_TOKEN" => "an-admin-token-0123456789abcdef0123",
        "TIEOUT_ENVELOPE_SECRET" => "an envelope secret 0123456789abcdef",
        "TIEOUT__STORE" => store,
        _ => null,
    };

    /// <summary>As an operator copies a database that nobody uses.</summary>
    private static string Copy(string store)
    {
        var name = new Uri(store).AbsolutePath[1..];
        var copy = $"{name}_copy_{Guid.NewGuid():N}";
        PostgresServer.Instance.Sql("postgres", $"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{name}'");
        PostgresServer.Instance.Sql("postgres", $"CREATE DATABASE {copy} TEMPLATE {name}");
        return PostgresServer.Instance.Url(copy);
    }

    /// <summary>A node that takes some top-ups, writes heads, and stops.</summary>
    private async Task RunAsync(string store, string org, int topUps)
    {
        await using var ledger = await PostgresLedger.OpenAsync(store);
        var heads = new HeadOptions(In("key")) { File = Heads, EveryCommits = 1 };
        if (File.Exists(Heads)) Assert.Null(await RollbackCheck.RunAsync(heads, ledger.Read, reason => Assert.Fail(reason), Stop));
        await using var server = TieoutServer.Build(
            new() { Listen = "http://127.0.0.1:0", Data = In("data"), AdminToken = ApiWorld.Admin, Heads = heads }, ledger);
        await server.StartAsync(Stop);
        await ledger.SubmitAsync(new Command.OpenOrg(new Core.Tenancy.Org(org, "USD", Core.Tenancy.BillingMode.Prepaid, null, "UTC")), Stop);
        for (var i = 0; i < topUps; i++) await ledger.SubmitAsync(new Command.TopUp(Guid.NewGuid().ToString(), org, Amount.Parse("1")), Stop);
        var key = Encoding.UTF8.GetBytes((await File.ReadAllTextAsync(In("key"), Stop)).Trim());
        await World.SoonAsync(
            async () => File.Exists(Heads)
                && SignedHead.Last(await File.ReadAllTextAsync(Heads, Stop), key, out _)?.Buckets.Sum(bucket => bucket.Commit) == ledger.Health.Commit,
                "the newest commit of every bucket has a head");
        await server.StopAsync(Stop);
    }

    private string In(string name) => Path.Combine(_folder.FullName, name);

    private Task<CliRun> VerifyAsync(string store) => CliRun.StartAsync(["verify", "--store", store, "--head", Heads, "--head-key", In("key")], _ => null);
}
