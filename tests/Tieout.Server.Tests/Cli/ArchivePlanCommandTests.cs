using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;
using Tieout.Server.Tests.Http;
using Tieout.Storage.Sqlite;

namespace Tieout.Server.Tests.Cli;

/// <summary><c>archive plan</c>: says what needs rows, and removes none.</summary>
public sealed class ArchivePlanCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tieout-test-").FullName;

    private string Data => Path.Combine(_folder, "data");

    private string Archive => Path.Combine(_folder, "archive");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_plan_names_what_needs_a_month_and_the_ledger_verifies_after_it_as_before()
    {
        await using (var ledger = SqliteLedger.Open(Data))
        {
            foreach (var command in (Command[])[new Command.OpenOrg(new("acme", "USD", BillingMode.Prepaid, null, "UTC")),
                new Command.TopUp("t1", "acme", new(1_000))])
            {
                Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(command, TestContext.Current.CancellationToken));
            }
        }

        Assert.Equal((3, "[store_unavailable]"), Ended(await PlanAsync("2099-01")));
        Assert.Equal(0, (await RunAsync("archive", "--before", "2099-01", "--to", Archive, "--data", Data)).ExitCode);
        var plan = await PlanAsync("2099-01");

        Assert.Equal(1, plan.ExitCode);
        Assert.Contains(" is not over (UTC): wait for its end.", plan.Out, StringComparison.Ordinal);
        Assert.Contains("acme has not closed ", plan.Out, StringComparison.Ordinal);
        Assert.EndsWith("Nothing was removed.", plan.Out.TrimEnd(), StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("verify", "--data", Data)).ExitCode);

        var json = (await PlanAsync("2099-01", "--json")).Json;
        Assert.Equal((false, false, true), (json.GetProperty("ok").GetBoolean(), json.GetProperty("removed").GetBoolean(),
            json.GetProperty("archive").GetProperty("ok").GetBoolean()));
        Assert.Equal(1, json.GetProperty("months")[0].GetProperty("postings").GetInt64());
        Assert.Equal(0, (await PlanAsync("2026-01")).ExitCode);
    }

    [Fact]
    public async Task A_month_that_is_none_is_refused() => Assert.Equal(2, (await PlanAsync("2026-13")).ExitCode);

    private Task<CliRun> PlanAsync(string before, params string[] more) =>
        RunAsync(["archive", "plan", "--before", before, "--archive", Archive, "--data", Data, .. more]);

    private static Task<CliRun> RunAsync(params string[] args) => CliRun.StartAsync(args, _ => null);

    private static (int ExitCode, string Code) Ended(CliRun run) => (run.ExitCode, run.Error.TrimEnd().Split(' ')[^1]);
}
