using Tieout.Cli.Output;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Tests.Http;
using Tieout.Storage;
using Tieout.Storage.Postgres;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Tests.Postgres;

namespace Tieout.Server.Tests.Cli;

/// <summary><c>rebuild derived</c>: what a wrong sum is made right with.</summary>
public sealed class RebuildCommandTests : IDisposable
{
    private const string Wrong = "UPDATE recounts SET charge = charge + 1";

    private readonly string _folder = Directory.CreateTempSubdirectory("tieout-test-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task L8_a_wrong_sum_of_a_data_folder_is_named_by_verify_and_right_after_a_rebuild()
    {
        await using (var ledger = SqliteLedger.Open(_folder))
        {
            await ChargeAsync(ledger);
            Assert.Equal((3, "[data_in_use]"), Ended(await RunAsync("rebuild", "derived", "--data", _folder)));
        }

        Assert.Equal(0, (await RunAsync("verify", "--data", _folder)).ExitCode);
        using (var file = RawConnection.Open(Path.Combine(_folder, "derived.db"))) file.Execute(Wrong);
        var broken = await RunAsync("verify", "--data", _folder);
        Assert.Equal(1, broken.ExitCode);
        Assert.Contains("Run tieout rebuild derived.", broken.Out, StringComparison.Ordinal);

        var rebuilt = await RunAsync("rebuild", "derived", "--data", _folder);
        Assert.Equal((0, "Counted 4 rows anew. The ledger's own figures say the same."), (rebuilt.ExitCode, rebuilt.Out.TrimEnd()));
        Assert.Equal(0, (await RunAsync("verify", "--data", _folder)).ExitCode);
    }

    [Fact]
    public async Task L8_a_wrong_sum_of_a_database_is_named_by_verify_and_right_after_a_rebuild_beside_a_server()
    {
        var store = PostgresServer.Instance.NewDatabase();
        Assert.Equal((3, "[store_unavailable]"), Ended(await RunAsync("rebuild", "derived", "--store", store)));
        await using var ledger = await PostgresLedger.OpenAsync(store);
        await ChargeAsync(ledger);
        PostgresServer.Instance.Sql(new Uri(store).AbsolutePath[1..], Wrong);
        Assert.Equal(1, (await RunAsync("verify", "--store", store)).ExitCode);

        var rebuilt = await RunAsync("rebuild", "derived", "--store", store, "--json");
        Assert.Equal((0, 4, 0), (rebuilt.ExitCode, rebuilt.Json.GetProperty("rows").GetInt64(), rebuilt.Json.GetProperty("differences").GetArrayLength()));
        Assert.Equal(0, (await RunAsync("verify", "--store", store)).ExitCode);
    }

    [Fact]
    public async Task Q3_a_rebuild_ends_with_1_and_names_the_figures_of_the_ledger_that_its_rows_do_not_come_to()
    {
        await using (var ledger = SqliteLedger.Open(_folder)) await ChargeAsync(ledger);
        using (var file = RawConnection.Open(Path.Combine(_folder, "tieout.db"))) file.Execute("UPDATE cells SET charge = charge + 1");
        var rebuilt = await RunAsync("rebuild", "derived", "--data", _folder);
        Assert.Equal(1, rebuilt.ExitCode);
        Assert.Contains("cell_drift acme: ", rebuilt.Out, StringComparison.Ordinal);
        Assert.Contains("1 figures of the ledger differ", rebuilt.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_without_a_ledger_stays_without_one()
    {
        Assert.Equal((3, "[store_unavailable]"), Ended(await RunAsync("rebuild", "derived", "--data", _folder)));
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Theory]
    [InlineData(0, 10, 5, "[..............................] 0 of 10 rows")]
    [InlineData(5_000, 20_000, 0.5, "[#######.......................] 5,000 of 20,000 rows")]
    [InlineData(5_000, 20_000, 2, "[#######.......................] 5,000 of 20,000 rows, 2,500 rows/s, 6 s left")]
    [InlineData(1_000_000, 10_000_000, 60, "[###...........................] 1,000,000 of 10,000,000 rows, 16,667 rows/s, 9 min left")]
    [InlineData(20, 10, 2, "[##############################] 20 of 20 rows, 10 rows/s, 0 s left")]
    public void Progress_says_rows_speed_and_time_left(long done, long total, double seconds, string shown) =>
        Assert.Equal(shown, ProgressLine.Text(new(done, total), TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void Progress_is_gone_when_the_command_ends()
    {
        using var terminal = new StringWriter();
        var shell = new Shell(terminal, terminal, _ => null, IsTerminal: true);
        using (var line = ProgressLine.Begin(shell, asJson: false)) line!.Report(new RowProgress(1, 2));
        var shown = "[###############...............] 1 of 2 rows";
        Assert.Equal($"\r{shown}\r{new string(' ', shown.Length)}\r", terminal.ToString());
        Assert.Null(ProgressLine.Begin(shell with { IsTerminal = false }, asJson: false));
    }

    private static async Task ChargeAsync(ILedger ledger)
    {
        var usage = new UsageRecord(
            new(new Guid(1, 0, 0, new byte[8])), new() { Org = "acme", Source = UsageSource.Gateway }, "op1", 1, null, null, null, null,
            Instant.From(DateTimeOffset.UtcNow), 5, 200, new(10, 0, 0, 5, 0), UsageBasis.Reported, UsageFlags.None);
        foreach (var command in (Command[])[new Command.OpenOrg(new("acme", "USD", BillingMode.Prepaid, null, "UTC")),
            new Command.TopUp("t1", "acme", new(1_000)), new Command.TopUp("t2", "acme", new(1_000)),
            new Command.Charge(new(usage, Price: null, Amount.Zero, Amount.Zero), Fact: true)])
        {
            Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(command, Cancel));
        }

        if (ledger is SqliteLedger embedded) await embedded.FlushAsync();
        Assert.Empty((await ledger.Follower.StepAsync(Cancel)).Drifts);
    }

    private static Task<CliRun> RunAsync(params string[] args) => CliRun.StartAsync(args, _ => null);

    private static (int ExitCode, string Code) Ended(CliRun run) => (run.ExitCode, run.Error.TrimEnd().Split(' ')[^1]);
}
