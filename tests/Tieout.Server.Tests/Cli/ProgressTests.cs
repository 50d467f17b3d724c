using System.Text;
using Tieout.Cli;
using Tieout.Cli.Output;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;
using Tieout.Server.Tests.Http;
using Tieout.Storage;
using Tieout.Storage.Sqlite;
using Tieout.Tests;

namespace Tieout.Server.Tests.Cli;

/// <summary>What a person sees of long work: how far it is, and how to go on after it was interrupted.</summary>
public sealed class ProgressTests
{
    [Theory]
    [InlineData(5_000, 0.5, "5,000 rows")]
    [InlineData(5_000, 2, "5,000 rows, 2,500 rows/s")]
    public void Where_nobody_knows_how_many_rows_there_are_only_their_number_and_speed_is_shown(long done, double seconds, string shown) =>
        Assert.Equal(shown, ProgressLine.Text(new(done, 0), TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void Beside_output_that_goes_to_a_file_a_log_has_a_line_every_ten_seconds_and_a_terminal_one_in_place()
    {
        using var errors = new StringWriter();
        var (clock, shell) = (new ManualClock(), new Shell(TextWriter.Null, errors, _ => null, IsTerminal: false));
        using (var line = ProgressLine.Beside(shell, clock)!)
        {
            for (var second = 1; second <= 25; second++)
            {
                clock.Move(1);
                line.Report(new(second * 100, 0));
            }
        }

        Assert.Equal(["1,000 rows, 100 rows/s", "2,000 rows, 100 rows/s", ""], errors.ToString().Split(Environment.NewLine));

        errors.GetStringBuilder().Clear();
        using (var line = ProgressLine.Beside(shell with { IsErrorTerminal = true }, clock)!) line.Report(new(7, 0));
        Assert.Equal("\r7 rows\r      \r", errors.ToString());
        Assert.Null(ProgressLine.Beside(shell with { IsTerminal = true }));
    }

    [Fact]
    public async Task Rows_of_a_file_are_counted_as_they_pass_and_their_number_is_estimated()
    {
        var file = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("12345678\n", 100)));
        var reported = new Reports();
        await using var rows = new RowStream(new MemoryStream(file), reported);
        var buffer = new byte[450];
        Assert.Equal(450, await rows.ReadAsync(buffer, TestContext.Current.CancellationToken));
        Assert.Equal(new RowProgress(50, 100), reported.Last);
        await rows.CopyToAsync(Stream.Null, TestContext.Current.CancellationToken);
        Assert.Equal((100, new RowProgress(100, 100)), (rows.Rows, reported.Last));
    }

    // Goal: an export that is interrupted says so, how far it was and how to go on, and its exit code is not that of success. Method: the output interrupts the
    // command when the first bytes arrive.
    [Fact]
    public async Task An_export_that_is_interrupted_says_that_it_is_not_complete_and_how_to_go_on()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.ChargeAsync("1");
        using var interrupt = new CancellationTokenSource();
        using var errors = new StringWriter();
        var variables = new Dictionary<string, string> { ["TIEOUT_URL"] = world.Url, ["TIEOUT_TOKEN"] = ApiWorld.Admin };
        var shell = new Shell(TextWriter.Null, errors, variables.GetValueOrDefault, IsTerminal: false) { RawOut = new InterruptingStream(interrupt) };

        Assert.Equal(3, await CommandLine.RunAsync(["usage", "acme", "--format", "csv"], shell, interrupt.Token));
        Assert.Contains("the output is not complete", errors.ToString(), StringComparison.Ordinal);
        Assert.Contains("Run the command again, or in parts with --from and --to. [interrupted]", errors.ToString(), StringComparison.Ordinal);
    }

    // Goal: long work that is interrupted says how far it was, that nothing is lost and how to go on. Method: each command is interrupted before its first row.
    [Fact]
    public async Task Long_work_that_is_interrupted_says_that_nothing_is_lost_and_how_to_go_on()
    {
        var folder = Directory.CreateTempSubdirectory("tieout-test-").FullName;
        await using (var ledger = SqliteLedger.Open(folder))
        {
            await ledger.SubmitAsync(new Command.OpenOrg(new("acme", "USD", BillingMode.Prepaid, null, "UTC")), TestContext.Current.CancellationToken);
        }

        var archive = Path.Combine(folder, "archive");
        foreach (var (arguments, sentence) in ((string[], string)[])
        [
            (["verify", "--data", folder], "nothing was changed, and nothing is proved. Run the command again"),
            (["rebuild", "derived", "--data", folder], "The counted rows are stored, and reports stay exact"),
            (["archive", "--before", "2999-01", "--to", archive, "--data", folder], "Run the command again: it goes on with the month after them."),
        ])
        {
            using var interrupt = new CancellationTokenSource();
            using var errors = new StringWriter();
            var shell = new Shell(TextWriter.Null, errors, _ => null, IsTerminal: false);
            await interrupt.CancelAsync();
            Assert.Equal(3, await CommandLine.RunAsync(arguments, shell, interrupt.Token));
            Assert.Contains("Interrupted after 0 rows. ", errors.ToString(), StringComparison.Ordinal);
            Assert.Contains(sentence, errors.ToString(), StringComparison.Ordinal);
        }

        Directory.Delete(folder, recursive: true);
    }

    private sealed class Reports : IProgress<RowProgress>
    {
        public RowProgress Last { get; private set; }

        public void Report(RowProgress value) => Last = value;
    }

    private sealed class InterruptingStream(CancellationTokenSource interrupt) : MemoryStream
    {
        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await interrupt.CancelAsync();
            cancellationToken.ThrowIfCancellationRequested();
        }
    }
}
