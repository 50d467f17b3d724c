using System.Globalization;
using System.Net;
using System.Text.Json;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Server.Tests.Http;
using Tieout.Server.Triage.Packets;

namespace Tieout.Server.Tests.Triage;

/// <summary><c>tieout packet</c>, and disputes of a line of an invoice.</summary>
public sealed class PacketCommandTests
{
    private static DateTime LastMonth => DateTime.UtcNow.AddDays(-DateTime.UtcNow.Day);

    private static string Last => LastMonth.ToString("yyyy-MM", CultureInfo.InvariantCulture);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_file_is_never_overwritten_unless_forced_and_unknown_ids_are_one_sentence()
    {
        await using var world = await ApiWorld.StartAsync();
        var usage = await world.ChargeAsync("2.5");
        var file = Path.Combine(world.Folder.FullName, "packet.zip");

        var saved = await world.RunAsync("packet", "--dispute", usage.Id.ToString(), "--to", file, "--json");
        Assert.True(saved.ExitCode == 0, saved.Error);
        Assert.Equal(("acme", file), (saved.Json.GetProperty("org").GetString(), saved.Json.GetProperty("file").GetString()));
        var packet = new PacketFiles(await File.ReadAllBytesAsync(file, Stop));
        Assert.Equal("2.5", packet.Json("dispute.json").GetProperty("charged").GetString());
        Assert.Equal("usage_id", packet.Json("dispute.json").GetProperty("found_as").GetString());

        await File.WriteAllTextAsync(file, "mine", Stop);
        var again = await world.RunAsync("packet", "--dispute", "op-1", "--to", file);
        Assert.Equal((2, "mine"), (again.ExitCode, await File.ReadAllTextAsync(file, Stop)));
        Assert.Contains("--force", again.Error, StringComparison.Ordinal);

        // A file that cannot be written leaves the one that it would replace.
        Directory.CreateDirectory(file + ".part");
        var failed = await world.RunAsync("packet", "--dispute", "op-1", "--to", file, "--force");
        Assert.Equal((2, "mine"), (failed.ExitCode, await File.ReadAllTextAsync(file, Stop)));
        Assert.Contains("packet.zip cannot be written", failed.Error, StringComparison.Ordinal);
        Directory.Delete(file + ".part");
        var forced = await world.RunAsync("packet", "--dispute", "op-1", "--to", file, "--force");
        Assert.True(forced.ExitCode == 0, forced.Error);
        Assert.Contains("the first break is P2", forced.Out, StringComparison.Ordinal);
        Assert.Equal(forced.Out, (await world.RunAsync("packet", "--dispute", "op-1", "--to", file, "--force", "--org", "acme")).Out);

        var other = Path.Combine(world.Folder.FullName, "other.zip");
        foreach (var unknown in (string[])["nothing", Guid.CreateVersion7().ToString()])
        {
            var run = await world.RunAsync("packet", "--dispute", unknown, "--to", other, "--org", "acme");
            Assert.Equal((2, false), (run.ExitCode, File.Exists(other)));
            Assert.Contains($"'{unknown}' of acme", run.Error, StringComparison.Ordinal);
        }

        Assert.Equal(2, (await world.RunAsync("packet", "--dispute", "op-1", "--to", other, "--org", "nobody")).ExitCode);
        Assert.Equal(2, (await world.RunAsync("packet", "--dispute", "op-1", "--to", Path.Combine(world.Folder.FullName, "no", "such", "folder.zip"))).ExitCode);
        using var missing = await world.SendAsync(HttpMethod.Get, "/packets");
        Assert.Equal("parameter_invalid", await ApiWorld.CodeAsync(missing, HttpStatusCode.BadRequest));
        using var tenant = await world.SendAsync(HttpMethod.Get, "/orgs/acme/packets?dispute=op-1", token: (await world.KeyAsync()).Secret);
        Assert.Equal("forbidden", await ApiWorld.CodeAsync(tenant, HttpStatusCode.Forbidden));
    }

    // Goal: a line of an invoice with more attempts than a person reads. Method: 105 of one line beside others; the page says how many are left out and the
    // command that lists all.
    [Fact]
    public async Task A_line_of_an_invoice_is_bounded_and_says_what_is_left_out()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.OkAsync(HttpMethod.Post, "/orgs", """{"id":"beta","asset":"USD","billing":"postpaid"}""");
        for (var i = 0; i < 105; i++) await ChargeAsync(world, "0.5", "chat");
        await ChargeAsync(world, "7", "search");
        await ChargeAsync(world, "9", null);
        var invoice = await world.OkAsync(HttpMethod.Post, $"/orgs/acme/invoices/{Last}/finalise");
        var line = 1 + invoice.GetProperty("lines").EnumerateArray().ToList().FindIndex(item => item.GetProperty("project").GetString() == "chat");

        var packet = await PacketAsync(world, $"/orgs/acme/packets?dispute=INV-000001:{line}");
        var dispute = packet.Json("dispute.json");
        Assert.Equal((100, 5, "50"), (dispute.GetProperty("attempts").GetArrayLength(), dispute.GetProperty("left_out").GetInt32(),
            dispute.GetProperty("charged").GetString()));
        Assert.All(dispute.GetProperty("attempts").EnumerateArray(), attempt => Assert.Equal("chat", attempt.GetProperty("usage").GetProperty("project_id").GetString()));
        Assert.Equal("52.5", dispute.GetProperty("invoice_line").GetProperty("exact").GetString());
        var page = PacketFiles.OneLine(packet.Text("README.txt"));
        Assert.Contains("5 more attempts of the dispute are not in this packet", page, StringComparison.Ordinal);
        Assert.Contains($"tieout usage acme --from {Last}-01", page, StringComparison.Ordinal);
        Assert.Contains("--project chat", page, StringComparison.Ordinal);

        // A line without a project has only its own rows.
        var none = 1 + invoice.GetProperty("lines").EnumerateArray().ToList().FindIndex(item => item.GetProperty("project").ValueKind is JsonValueKind.Null);
        var bare = (await PacketAsync(world, $"/orgs/acme/packets?dispute=INV-000001:{none}")).Json("dispute.json");
        Assert.Equal(("9", 0), (bare.GetProperty("charged").GetString(), bare.GetProperty("left_out").GetInt32()));

        foreach (var (path, code, status) in new[]
        {
            ("/orgs/beta/packets?dispute=INV-000001:1", "invoice_not_found", HttpStatusCode.NotFound),
            ("/orgs/acme/packets?dispute=INV-000001:9", "invoice_not_found", HttpStatusCode.NotFound),
            ("/orgs/acme/packets?dispute=INV-000001:99999999999", "invoice_not_found", HttpStatusCode.NotFound),
            ("/orgs/acme/packets?dispute=INV-000002:1", "invoice_not_found", HttpStatusCode.NotFound),
            ("/packets?dispute=INV-000001:1", "parameter_invalid", HttpStatusCode.BadRequest),
        })
        {
            using var refused = await world.SendAsync(HttpMethod.Get, path);
            Assert.Equal(code, await ApiWorld.CodeAsync(refused, status));
        }
    }

    // Goal: a busy hour does not make a packet without end, and the disputed row is in its slice all the same. Method: one row more than a slice has.
    [Fact]
    public async Task A_slice_of_a_busy_hour_has_the_disputed_rows()
    {
        await using var world = await ApiWorld.StartAsync();
        await ChargeAsync(world, "0.1", "chat", BillingSlice.RowsMax);
        await ChargeAsync(world, "7", "search");
        var page = (await world.GetAsync("/orgs/acme/usage?project=search")).GetProperty("items")[0];

        var packet = await PacketAsync(world, $"/orgs/acme/packets?dispute={page.GetProperty("operation_id").GetString()}");

        var row = Assert.Single(CsvText.Table(packet.Text("billing.csv")).Rows);
        Assert.Equal((page.GetProperty("usage_id").GetString(), "7"), (row["x_UsageId"], row["BilledCost"]));
        Assert.Contains("only the disputed operations: the period has more than 5000 rows", PacketFiles.OneLine(packet.Text("README.txt")), StringComparison.Ordinal);
    }

    private static async Task<PacketFiles> PacketAsync(ApiWorld world, string path)
    {
        using var response = await world.SendAsync(HttpMethod.Get, path);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Stop));
        return new(await response.Content.ReadAsByteArrayAsync(Stop));
    }

    private static async Task ChargeAsync(ApiWorld world, string amount, string? project, int times = 1)
    {
        var commands = Enumerable.Range(0, times).Select(_ => Charge(amount, project)).ToList<Command>();
        Assert.All(await world.Ledger.SubmitAsync(commands), outcome => Assert.IsType<Outcome.Done>(outcome));
    }

    private static Command.Charge Charge(string amount, string? project)
    {
        var labels = new UsageLabels { Org = "acme", Project = project, Provider = "openai", Model = "gpt-4o", Source = UsageSource.Gateway };
        var at = Instant.From(new DateTimeOffset(LastMonth.Year, LastMonth.Month, 15, 12, 0, 0, TimeSpan.Zero));
        var usage = new UsageRecord(
            new(Guid.CreateVersion7()), labels, $"op-{Guid.CreateVersion7()}", 1, null, null, null, null, at, 1, 200, new(10, 0, 0, 5, 0), UsageBasis.Reported,
            UsageFlags.None);
        var charge = Amount.Parse(amount);
        return new Command.Charge(new(usage, null, charge, charge), Fact: true);
    }
}
