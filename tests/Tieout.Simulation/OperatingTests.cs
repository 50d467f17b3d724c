using System.Net;
using Tieout.Simulation.Running;
using Tieout.Storage.Tests.Postgres;

namespace Tieout.Simulation;

/// <summary>What an operator types, as processes.</summary>
public sealed class OperatingTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_with_other_secrets_is_refused_at_its_start_and_let_in_when_they_were_changed_on_purpose()
    {
        var store = PostgresServer.Instance.NewStore();
        await using var platform = await Platform.StartAsync(_ => $"store: {store}");
        var refused = await ServeAsync(platform, "TIEOUT_ENVELOPE_SECRET", "another-secret-of-at-least-thirty-two-characters");
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("TIEOUT_ENVELOPE_SECRET is not the one of the other servers", refused.Output, StringComparison.Ordinal);
        refused = await ServeAsync(platform, "TIEOUT_ADMIN_TOKEN", "another-admin-token-0123456789abcdef");
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("TIEOUT_ADMIN_TOKEN is not the one of the other servers", refused.Output, StringComparison.Ordinal);

        await platform.KillGatewayAsync();
        var url = $"http://127.0.0.1:{TieoutProcess.FreePort()}";
        var environment = new Dictionary<string, string>(platform.Environment) { ["TIEOUT_ADMIN_TOKEN"] = "another-admin-token-0123456789abcdef" };
        await using var changed =
            await TieoutProcess.StartAsync(url, environment, "serve", "--data", platform.Data, "--listen", url, "--store", store, "--secrets-changed");
        Assert.Equal(2, (await ServeAsync(platform, "TIEOUT__UNUSED", "x")).ExitCode);
    }

    [Fact]
    public async Task An_embedded_ledger_is_migrated_by_the_command_and_served_from_there()
    {
        var store = PostgresServer.Instance.NewDatabase();
        await using var platform = await Platform.StartAsync();
        await platform.OpenOrgAsync("acme", "1000");
        var (key, _) = await platform.MakeKeyAsync("acme");
        using var http = new HttpClient();
        for (var i = 0; i < 20; i++)
        {
            using var answer = await http.SendAsync(Platform.Chat(platform.Url, key, 200, 20), Cancel);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        var before = (await platform.GetAsync("orgs/acme/balance")).GetProperty("posted").GetString();
        await platform.KillGatewayAsync();
        var migrated = await platform.RunAsync("migrate", "--from", $"sqlite:{platform.Data}", "--to", store);
        Assert.True(migrated.ExitCode == 0, migrated.Output);
        var verified = await platform.RunAsync("verify", "--store", store, "--data", platform.Data);
        Assert.True(verified.ExitCode == 0, verified.Output);
        var again = await platform.RunAsync("migrate", "--from", $"sqlite:{platform.Data}", "--to", store);
        Assert.Equal(3, again.ExitCode);

        var url = $"http://127.0.0.1:{TieoutProcess.FreePort()}";
        await using var served = await TieoutProcess.StartAsync(url, platform.Environment, "serve", "--data", platform.Data, "--listen", url, "--store", store);
        using var asked = await platform.Admin.GetAsync(new Uri($"{url}/api/v1/orgs/acme/balance"), Cancel);
        Assert.Contains($"\"{before}\"", await asked.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    private static Task<(int ExitCode, string Output)> ServeAsync(Platform platform, string name, string value) => TieoutProcess.RunAsync(
        new Dictionary<string, string>(platform.Environment) { [name] = value }, "serve", "--data", Path.Combine(platform.Folder, "third"), "--listen",
        "http://127.0.0.1:0", "--config", Path.Combine(platform.Folder, "tieout.yaml"));
}
