using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Tieout.Server.Tests.Gateway;

namespace Tieout.Server.Tests.Hosting;

/// <summary><c>/metrics</c>: Prometheus' text form, the same figures as everywhere else, nothing of any org.</summary>
public sealed partial class MetricsTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [GeneratedRegex("""^(# (HELP|TYPE) tieout_[a-z_]+ .+|tieout_[a-z_]+(\{[a-z]+="[^"\n]*"(,[a-z]+="[^"\n]*")*\})? -?[0-9]+(\.[0-9]+)?)$""")]
    private static partial Regex Form();

    [Fact]
    public async Task Q1_metrics_say_what_health_says_in_the_form_that_Prometheus_reads()
    {
        await using var world = await World.StartAsync();
        (await world.ChatAsync(World.Hello)).Dispose();

        using var response = await world.Operations.GetAsync("/metrics", Stop);
        var lines = (await response.Content.ReadAsStringAsync(Stop)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var health = await world.Operations.GetFromJsonAsync<JsonElement>("/healthz", Stop);

        Assert.StartsWith("text/plain; version=0.0.4", response.Content.Headers.ContentType!.ToString(), StringComparison.Ordinal);
        Assert.All(lines, line => Assert.Matches(Form(), line));

        // Prometheus refuses a page that describes a metric twice.
        var described = lines.Where(line => line.StartsWith("# TYPE", StringComparison.Ordinal)).Select(line => line.Split(' ')[2]).ToList();
        Assert.Equal(described.Distinct(StringComparer.Ordinal), described);
        Assert.Equal(health.GetProperty("commit").GetInt64(), Value(lines, "tieout_ledger_commits_total"));
        Assert.Equal(health.GetProperty("quarantined").GetInt32(), Value(lines, "tieout_ledger_quarantined"));
        Assert.Equal((1, 0, 0, 0),
            (Value(lines, "tieout_ledger_writable"), Value(lines, "tieout_spool_depth"), Value(lines, "tieout_spool_dropped_records_total"),
                Value(lines, "tieout_ledger_open_holds")));
        Assert.Contains(lines,
            line => line.StartsWith("tieout_upstream_closed{provider=\"sim\"", StringComparison.Ordinal) && line.EndsWith(" 1", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => line.Contains(World.Org, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_store_that_cannot_be_written_shows()
    {
        await using var world = await World.StartAsync();
        world.Ledger.Broken = _ => true;

        var lines = (await world.Operations.GetStringAsync("/metrics", Stop)).Split('\n');

        Assert.Equal(0, Value(lines, "tieout_ledger_writable"));
    }

    private static decimal Value(IEnumerable<string> lines, string name) =>
        decimal.Parse(lines.Single(line => line.StartsWith(name + " ", StringComparison.Ordinal))[(name.Length + 1)..], CultureInfo.InvariantCulture);
}
