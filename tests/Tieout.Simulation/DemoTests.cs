using Tieout.Simulation.Running;

namespace Tieout.Simulation;

/// <summary>The README's first command, as a process of its own.</summary>
public sealed class DemoTests
{
    // Goal: the demo refuses on purpose, and a reader sees its figures and no log line of each refusal. Method: enough requests for a budget that fills.
    [Fact]
    public async Task The_demo_prints_its_figures_and_no_log_line_for_what_it_refuses_on_purpose()
    {
        var folder = Directory.CreateTempSubdirectory("tieout-demo-");
        try
        {
            var (exit, text) = await TieoutProcess.RunAsync(
                new Dictionary<string, string>(), "demo", "--listen", "http://127.0.0.1:0", "--data", folder.FullName, "--minutes", "0", "--requests", "1500",
                "--exit");

            Assert.True(exit == 0, text);
            Assert.Contains("(402: ", text, StringComparison.Ordinal);
            Assert.Contains("Verified: no row is wrong.", text, StringComparison.Ordinal);
            Assert.DoesNotContain("budget_exhausted", text, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
