using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Tieout.Core;
using Tieout.Core.Invoicing;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Invoicing;

public sealed class IssuedTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static string Last => LastMonth.ToString("yyyy-MM", CultureInfo.InvariantCulture);

    private static DateTime LastMonth => DateTime.UtcNow.AddDays(-DateTime.UtcNow.Day);

    [Fact]
    public async Task I1_an_issued_invoice_is_rounded_once_and_its_lines_sum_to_it()
    {
        await using var world = await ApiWorld.StartAsync();
        foreach (var (project, amount) in new[] { ("a", "0.014"), ("b", "0.014"), ("c", "0.014"), ("d", "10.0033") }) await ChargeAsync(world, amount, project);
        var run = await world.RunAsync("invoice", "acme", Last, "--finalise", "--tax", "VAT=19", "--tax", "City levy=0.5", "--json");

        Assert.True(run.ExitCode == 0, run.Error);
        var invoice = FinalInvoice.Parse(run.Out);
        Assert.Equal(("INV-000001", "10.0453", "10.05", 2), (invoice.Number, invoice.Exact.ToString(), invoice.Net.ToString(), invoice.Decimals));
        Assert.Equal(["0.02", "0.02", "0.01", "10"], invoice.Lines.Select(line => line.Amount.ToString()));
        Assert.Equal(["1.91", "0.05"], invoice.Taxes.Select(tax => tax.Amount.ToString()));
        Assert.Equal("12.01", invoice.Total.ToString());
        Assert.All(invoice.Lines, line => Assert.Matches("^[0-9a-f]{64}$", line.Proof.Last.Hash));
        Assert.Equal(0, (await world.RunAsync("invoice", "verify", "acme")).ExitCode);
    }

    [Fact]
    public async Task L3_a_month_is_issued_once_and_its_bytes_never_change()
    {
        await using var world = await ApiWorld.StartAsync();
        await ChargeAsync(world, "1.005", "a");
        using var first = await world.SendAsync(HttpMethod.Post, $"/orgs/acme/invoices/{Last}/finalise", """{"taxes":[{"name":"VAT","rate_pct":"19"}]}""");
        await ChargeAsync(world, "7", "late");
        await world.OkAsync(HttpMethod.Post, "/orgs/acme/corrections", """{"id":"c1","posting":2,"new_amount":"0","reason":"ours"}""");
        using var again = await world.SendAsync(HttpMethod.Post, $"/orgs/acme/invoices/{Last}/finalise", """{"taxes":[{"name":"VAT","rate_pct":"19"}]}""");
        using var other = await world.SendAsync(HttpMethod.Post, $"/orgs/acme/invoices/{Last}/finalise");

        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.OK), (first.StatusCode, again.StatusCode));
        Assert.Equal(await first.Content.ReadAsStringAsync(Token), await again.Content.ReadAsStringAsync(Token));
        Assert.Equal("invoice_final", await ApiWorld.CodeAsync(other, HttpStatusCode.Conflict));
        Assert.Equal(0, (await world.RunAsync("invoice", "verify", "acme", "INV-000001")).ExitCode);
    }

    [Fact]
    public async Task Numbers_have_no_gaps_also_when_many_issue_at_once()
    {
        await using var world = await ApiWorld.StartAsync();
        var months = Enumerable.Range(1, 8).Select(back => LastMonth.AddMonths(-back).ToString("yyyy-MM", CultureInfo.InvariantCulture)).ToArray();
        await Task.WhenAll(months.Concat(months).Select(async month =>
        {
            using var response = await world.SendAsync(HttpMethod.Post, $"/orgs/acme/invoices/{month}/finalise");
            Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Token));
        }));

        var issued = (await world.GetAsync("/orgs/acme/documents")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(Enumerable.Range(1, 8).Select(number => $"INV-{number:000000}"), issued.Select(item => Text(item, "number")));
        Assert.Equal(months.Order(), issued.Select(item => Text(item, "period")).Order());
    }

    [Fact]
    public async Task A_month_that_is_not_over_is_not_issued()
    {
        await using var world = await ApiWorld.StartAsync();
        using var response = await world.SendAsync(HttpMethod.Post, $"/orgs/acme/invoices/{DateTime.UtcNow:yyyy-MM}/finalise");
        Assert.Equal("period_not_over", await ApiWorld.CodeAsync(response, HttpStatusCode.Conflict));
    }

    [Fact]
    public async Task A_credit_note_gives_back_what_it_says_once_and_never_more_than_the_invoice()
    {
        await using var world = await ApiWorld.StartAsync();
        await ChargeAsync(world, "10", "a");
        await world.RunAsync("invoice", "acme", Last, "--finalise", "--tax", "VAT=19");
        string[] credit = ["invoice", "credit", "acme", "INV-000001", "4", "--reason", "outage of 3 November", "--id", "out-3", "--json"];
        var note = CreditNote.Parse((await world.RunAsync(credit)).Out);
        Assert.Equal(("CN-000001", "4", "4.76"), (note.Number, note.Net.ToString(), note.Total.ToString()));
        Assert.Equal(0, (await world.RunAsync(credit)).ExitCode);
        Assert.Equal("994", Text(await world.GetAsync("/orgs/acme/balance"), "posted"));

        var refusals = new List<(string, string)>();
        foreach (var (net, id) in new[] { ("6.01", "x"), ("1", "out-3"), ("0.001", "y") }) refusals.Add(
            (net, (await world.RunAsync("invoice", "credit", "acme", "INV-000001", net, "--reason", "more", "--id", id)).Error));
        Assert.Contains("credit_too_large", refusals[0].Item2, StringComparison.Ordinal);
        Assert.Contains("id_reused", refusals[1].Item2, StringComparison.Ordinal);
        Assert.Contains("amount_invalid", refusals[2].Item2, StringComparison.Ordinal);
        Assert.Equal(0, (await world.RunAsync("invoice", "verify", "acme")).ExitCode);
        Assert.Equal("10", Text((await world.GetAsync($"/orgs/acme/invoices/{Last}")), "total_charges"));
    }

    [Fact]
    public async Task Verify_finds_what_the_postings_do_not_make()
    {
        await using var world = await ApiWorld.StartAsync();
        await ChargeAsync(world, "10", "a");
        await world.RunAsync("invoice", "acme", Last, "--finalise");
        var issued = FinalInvoice.Parse((await world.RunAsync("invoice", "show", "acme", "INV-000001", "--json")).Out);
        var forged = issued with
        {
            Number = "INV-000003",
            Net = Amount.Parse("9"),
            Lines = [issued.Lines[0] with { Exact = Amount.Parse("9"), Proof = issued.Lines[0].Proof with { Last = new(1, new string('0', 64)) } }],
        };
        await world.Ledger.SubmitAsync(BillingRecord.Of(forged), Token);
        await world.Ledger.SubmitAsync(BillingRecord.Of(CreditNote.Of(issued, "CN-000001", "x", Amount.Parse("11"), "no", issued.IssuedAt)), Token);

        var run = await world.RunAsync("invoice", "verify", "acme", "--json");
        Assert.Equal(1, run.ExitCode);
        var checks = run.Json.GetProperty("items").EnumerateArray().ToDictionary(
            check => Text(check, "number")!, check => check.GetProperty("differences").EnumerateArray().Select(one => one.GetString()!).ToList());
        Assert.Contains("was issued more than once", Assert.Single(checks["INV-000001"]), StringComparison.Ordinal);
        Assert.Contains(checks["INV-000003"], difference => difference.Contains("one before it is missing", StringComparison.Ordinal));
        Assert.Contains(checks["INV-000003"], difference => difference == "the net is 10, not 9");
        Assert.Contains(checks["INV-000003"], difference => difference.Contains("comes to 10 over 1 attempts, not 9", StringComparison.Ordinal));
        Assert.Contains(checks["CN-000001"], difference => difference.Contains("has no grant credit-note:CN-000001", StringComparison.Ordinal));
        Assert.Contains(checks["CN-000001"], difference => difference.Contains("more than its 10", StringComparison.Ordinal));
    }

    [Fact]
    public async Task As_a_page_and_as_PDF_it_says_the_same_byte_for_byte()
    {
        await using var world = await ApiWorld.StartAsync();
        for (var i = 0; i < 90; i++) await ChargeAsync(world, "1.5", $"project-{i}-of-a-name-that-is-longer-than-its-column-may-be");
        var (html, pdf) = (Path.Combine(world.Folder.FullName, "i.html"), Path.Combine(world.Folder.FullName, "i.pdf"));
        var run = await world.RunAsync("invoice", "acme", Last, "--finalise", "--html", html, "--pdf", pdf);
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Contains("135.00 USD", await File.ReadAllTextAsync(html, Token), StringComparison.Ordinal);
        var bytes = await File.ReadAllBytesAsync(pdf, Token);
        Assert.StartsWith("%PDF-", Encoding.ASCII.GetString(bytes, 0, 8), StringComparison.Ordinal);
        var text = DocumentPdfTests.Text(bytes, out var pages);
        Assert.Contains("135.00 USD", text, StringComparison.Ordinal);
        Assert.True(pages > 2);
        await world.RunAsync("invoice", "show", "acme", "INV-000001", "--pdf", html);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(html, Token));

        await world.RunAsync("invoice", "credit", "acme", "INV-000001", "1", "--reason", "<script>", "--id", "n");
        Assert.Equal(0, (await world.RunAsync("invoice", "show", "acme", "CN-000001", "--html", html, "--pdf", pdf)).ExitCode);
        Assert.Contains("&lt;script&gt;", await File.ReadAllTextAsync(html, Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tenant_reads_its_own_documents_and_issues_none()
    {
        await using var world = await ApiWorld.StartAsync();
        var (_, key) = await world.KeyAsync();
        await world.RunAsync("invoice", "acme", Last, "--finalise");
        await world.GetAsync("/orgs/acme/documents/INV-000001", key);
        using var issue = await world.SendAsync(HttpMethod.Post, $"/orgs/acme/invoices/{Last}/finalise", token: key);
        Assert.Equal("forbidden", await ApiWorld.CodeAsync(issue, HttpStatusCode.Forbidden));
        using var none = await world.SendAsync(HttpMethod.Get, "/orgs/acme/documents/INV-000009");
        Assert.Equal("invoice_not_found", await ApiWorld.CodeAsync(none, HttpStatusCode.NotFound));
    }

    /// <summary>Charges usage of the last day of the last month.</summary>
    internal static async Task ChargeAsync(ApiWorld world, string amount, string project)
    {
        var labels = new UsageLabels { Org = "acme", Project = project, Provider = "openai", Model = "gpt-4o", Source = UsageSource.Gateway };
        var usage = new UsageRecord(
            new(Guid.CreateVersion7()), labels, "op", 1, null, null, null, null, Instant.From(new DateTimeOffset(LastMonth.Date, TimeSpan.Zero)), 1, 200,
            new(10, 0, 0, 2, 0), UsageBasis.Imported, UsageFlags.None);
        Assert.IsType<Outcome.Done>(
            await world.Ledger.SubmitAsync(new Command.Charge(new(usage, null, Amount.Parse(amount), Amount.Parse(amount)), Fact: true)));
    }

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();
}
