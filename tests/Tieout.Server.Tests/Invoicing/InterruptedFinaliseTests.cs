using System.Globalization;
using System.Net;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Invoicing;

/// <summary>Finalising is two commits: the month is closed, then the invoice is recorded (ADR 0019).</summary>
public sealed class InterruptedFinaliseTests
{
    [Fact]
    public async Task I1_a_month_that_was_closed_without_its_invoice_is_issued_by_the_next_call_whole()
    {
        await using var world = await ApiWorld.StartAsync();
        var month = DateTime.UtcNow.AddDays(-DateTime.UtcNow.Day).ToString("yyyy-MM", CultureInfo.InvariantCulture);
        await IssuedTests.ChargeAsync(world, "10", "a");

        // The first commit alone, as if the second had failed. What arrives then counts in the next month.
        await world.OkAsync(HttpMethod.Post, $"/orgs/acme/invoices/{month}/close");
        await IssuedTests.ChargeAsync(world, "7", "late");
        using var issued = await world.SendAsync(HttpMethod.Post, $"/orgs/acme/invoices/{month}/finalise");
        Assert.Equal(HttpStatusCode.Created, issued.StatusCode);
        using var json = System.Text.Json.JsonDocument.Parse(await issued.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal("10", json.RootElement.GetProperty("net").GetString());
        Assert.Equal(0, (await world.RunAsync("invoice", "verify", "acme", "INV-000001")).ExitCode);
    }
}
