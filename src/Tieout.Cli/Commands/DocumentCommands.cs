using System.CommandLine;
using System.Text.Json;
using Tieout.Cli.Output;
using Tieout.Core.Invoicing;
using Tieout.Server.Invoicing;

namespace Tieout.Cli.Commands;

/// <summary><c>invoice list|show|verify|credit</c>: issued invoices and credit notes.</summary>
internal static class DocumentCommands
{
    public static Command List(Globals globals)
    {
        var org = new Argument<string>("ORG");
        return globals.Calling(new("list", "List issued invoices and credit notes.") { org }, async (call, api, cancellationToken) =>
        {
            var answer = await api.GetAsync(ApiClient.Path(["orgs", call.Get(org), "documents"]), IssuedJson.Default.DocumentListBody, cancellationToken);
            await call.AnswerAsync(answer, IssuedJson.Default.DocumentListBody, (list, text) =>
            {
                var table = new TextTable("NUMBER", "KIND", "FOR", "ISSUED", ">NET", ">TOTAL");
                foreach (var item in list.Items)
                {
                    table.Add(item.Number, item.Kind, item.Period ?? item.Invoice, $"{item.IssuedAt:yyyy-MM-dd}", item.Net.ToString(), item.Total.ToString());
                }

                return table.WriteAsync(text);
            });
            return ExitCode.Ok;
        });
    }

    public static Command Show(Globals globals)
    {
        var (org, number) = (new Argument<string>("ORG"), new Argument<string>("NUMBER"));
        var (html, pdf) = (new Option<string?>("--html") { Description = "Also write it as a self-contained HTML page.", HelpName = "FILE" },
            new Option<string?>("--pdf") { Description = "Also write it as PDF.", HelpName = "FILE" });
        return globals.Calling(
            new("show", "Show an invoice or credit note as it was issued.") { org, number, html, pdf }, async (call, api, cancellationToken) =>
        {
            string[] path = ["orgs", call.Get(org), "documents", call.Get(number)];
            var answer = await api.GetAsync(ApiClient.Path(path), IssuedJson.Default.JsonElement, cancellationToken);
            await WriteFilesAsync(api, path, call.Get(html), call.Get(pdf), cancellationToken);
            await AnswerAsync(call, answer);
            return ExitCode.Ok;
        });
    }

    /// <summary>Ends with 1 when a document is not what the ledger's postings make.</summary>
    public static Command Verify(Globals globals)
    {
        var org = new Argument<string>("ORG");
        var number = new Argument<string?>("NUMBER") { Arity = ArgumentArity.ZeroOrOne, Description = "Default: all." };
        return globals.Calling(new("verify",
            "Rebuild issued documents from the ledger's postings and compare figures, numbers and chain hashes.") { org, number },
            async (call, api, cancellationToken) =>
        {
            string[] path = call.Get(number) is { } one ? ["orgs", call.Get(org), "documents", one, "verify"] : ["orgs", call.Get(org), "documents", "verify"];
            var answer = await api.GetAsync(ApiClient.Path(path), IssuedJson.Default.DocumentChecksBody, cancellationToken);
            await call.AnswerAsync(answer, IssuedJson.Default.DocumentChecksBody, async (checks, text) =>
            {
                foreach (var check in checks.Items)
                {
                    await text.WriteLineAsync($"{check.Number}  {(check.Ok ? "ok" : "DIFFERS")}");
                    foreach (var difference in check.Differences) await text.WriteLineAsync($"  {difference}");
                }

                await text.WriteLineAsync($"{checks.Items.Count} documents, {checks.Items.Count(check => !check.Ok)} differ (commit {checks.AsOf})");
            });
            return answer.Ok ? ExitCode.Ok : ExitCode.Findings;
        });
    }

    public static Command Credit(Globals globals)
    {
        var (org, number, net) = (new Argument<string>("ORG"), new Argument<string>("NUMBER") { Description = "The invoice's number." },
            new Argument<string>("NET") { Description = "The amount without taxes." });
        var reason = new Option<string>("--reason") { Required = true };
        var id = new Option<string>("--id") { Required = true, Description = "Counts once, for ever." };
        return globals.Calling(
            new("credit", "Issue a credit note for an invoice and grant its amount.") { org, number, net, reason, id }, async (call, api, cancellationToken) =>
        {
            var body = new CreditBody(Arguments.ParseAmount(call.Get(net)), call.Get(reason), call.Get(id));
            var path = ApiClient.Path(["orgs", call.Get(org), "documents", call.Get(number), "credit-notes"]);
            await AnswerAsync(
                call, await api.SendAsync(HttpMethod.Post, path, body, IssuedJson.Default.CreditBody, IssuedJson.Default.JsonElement, cancellationToken));
            return ExitCode.Ok;
        });
    }

    /// <param name="invoice">The path of the month's invoice.</param>
    public static async Task<int> FinaliseAsync(
        Invocation call, ApiClient api, string[] invoice, string[] taxes, string? html, string? pdf, CancellationToken cancellationToken)
    {
        var body = new FinaliseBody([.. taxes.Select(tax => tax.LastIndexOf('=') is var at and > 0
            ? new TaxBody(tax[..at], tax[(at + 1)..])
            : throw new CommandFailedException(ExitCode.Usage, $"'{tax}' is not a tax: write VAT=19.", "usage"))]);
        var answer = await api.SendAsync(HttpMethod.Post, ApiClient.Path([.. invoice, "finalise"]), body, IssuedJson.Default.FinaliseBody,
            IssuedJson.Default.JsonElement, cancellationToken);
        await WriteFilesAsync(api, ["orgs", invoice[1], "documents", answer.GetProperty("number").GetString()!], html, pdf, cancellationToken);
        await AnswerAsync(call, answer);
        return ExitCode.Ok;
    }

    private static async Task WriteFilesAsync(ApiClient api, string[] path, string? html, string? pdf, CancellationToken cancellationToken)
    {
        if (html is not null) await InvoiceCommand.WritePageAsync(api, ApiClient.Path(path, ("format", "html")), html, cancellationToken);
        if (pdf is not null) await InvoiceCommand.WritePageAsync(api, ApiClient.Path(path, ("format", "pdf")), pdf, cancellationToken);
    }

    private static Task AnswerAsync(Invocation call, JsonElement document) => call.AnswerAsync(document, IssuedJson.Default.JsonElement, async (answer, text) =>
    {
        if (CreditNote.Numbers.Has(answer.GetProperty("number").GetString()!))
        {
            var note = CreditNote.Parse(answer.GetRawText());
            await text.WriteLineAsync($"Credit note {note.Number} for {note.Invoice}: net {note.Net}, total {note.Total} {note.Asset}. {note.Reason}");
            return;
        }

        var invoice = FinalInvoice.Parse(answer.GetRawText());
        await text.WriteLineAsync($"Invoice {invoice.Number} of {invoice.Org}, {invoice.Period}\n");
        var table = new TextTable("PROJECT", "PROVIDER", "MODEL", "SOURCE", ">ATTEMPTS", ">EXACT", ">AMOUNT", "POSTINGS");
        foreach (var line in invoice.Lines)
        {
            table.Add(line.Project, line.Provider, line.Model, line.Source.ToString(), $"{line.Attempts}", line.Exact.ToString(),
                FinalInvoicePage.Money(line.Amount, invoice.Decimals), $"{line.Proof.FirstPosting} to {line.Proof.LastPosting}");
        }

        await table.WriteAsync(text);
        await text.WriteLineAsync($"\nnet    {FinalInvoicePage.Money(invoice.Net, invoice.Decimals)} {invoice.Asset}  (exactly {invoice.Exact})");
        foreach (var tax in invoice.Taxes) await text.WriteLineAsync($"{tax.Name} {tax.RatePct} %  {FinalInvoicePage.Money(tax.Amount, invoice.Decimals)}");
        await text.WriteLineAsync($"total  {FinalInvoicePage.Money(invoice.Total, invoice.Decimals)} {invoice.Asset}");
    });
}
