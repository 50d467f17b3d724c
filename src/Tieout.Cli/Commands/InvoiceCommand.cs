using System.CommandLine;
using Tieout.Cli.Output;
using Tieout.Core.Metering;
using Tieout.Server.Invoicing;
using Tieout.Storage;

namespace Tieout.Cli.Commands;

/// <summary><c>invoice ORG YYYY-MM</c></summary>
internal static class InvoiceCommand
{
    public static Command Build(Globals globals)
    {
        var (org, month) = (new Argument<string>("ORG"), new Argument<string>("YYYY-MM"));
        var html = new Option<string?>("--html") { Description = "Also write it as a self-contained HTML page.", HelpName = "FILE" };
        var close = new Option<bool>("--close") { Description = "Closes the period, and all before it: they never change again." };
        var finalise = new Option<bool>("--finalise") { Description = "Closes the period and issues its invoice, with the next number." };
        var tax = new Option<string[]>("--tax") { Description = "With --finalise: a tax, in percent.", HelpName = "NAME=RATE" };
        var pdf = new Option<string?>("--pdf") { Description = "Of --finalise: also writes it as PDF.", HelpName = "FILE" };
        var command = new Command("invoice", "The invoice of a month, from postings only.")
        {
            org, month, html, close, finalise, tax, pdf,
            DocumentCommands.List(globals), DocumentCommands.Show(globals), DocumentCommands.Verify(globals), DocumentCommands.Credit(globals),
        };
        return globals.Calling(command, async (call, api, cancellationToken) =>
        {
            string[] path = ["orgs", call.Get(org), "invoices", call.Get(month)];
            if (call.Get(finalise))
            {
                return await DocumentCommands.FinaliseAsync(call, api, path, call.Get(tax) ?? [], call.Get(html), call.Get(pdf), cancellationToken);
            }

            if (call.Get(pdf) is not null || call.Get(tax) is { Length: > 0 })
            {
                throw new CommandFailedException(ExitCode.Usage, "--pdf and --tax are of an issued invoice: say --finalise, or 'invoice show'.", "usage");
            }

            var answer = call.Get(close)
                ? await api.PostAsync(ApiClient.Path([.. path, "close"]), null, ApiClient.Json.InvoiceBody, cancellationToken)
                : await api.GetAsync(ApiClient.Path(path), ApiClient.Json.InvoiceBody, cancellationToken);
            if (call.Get(html) is { } file) await WritePageAsync(api, ApiClient.Path(path, ("format", "html")), file, cancellationToken);
            await call.AnswerAsync(answer, ApiClient.Json.InvoiceBody, WriteAsync);
            return ExitCode.Ok;
        });
    }

    public static async Task WritePageAsync(ApiClient api, string path, string file, CancellationToken cancellationToken)
    {
        try
        {
            await using var page = PrivateFiles.Create(file);
            await api.CopyAsync(path, page, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ExitCode.Usage, $"{file} cannot be written: {e.Message}", inner: e);
        }
    }

    private static async Task WriteAsync(InvoiceBody invoice, TextWriter text)
    {
        await text.WriteLineAsync(
            $"Invoice {invoice.Invoice} ({invoice.Status}), {invoice.From[..19]}Z to {invoice.To[..19]}Z, months of {invoice.TimeZone}\n");
        var table = new TextTable("PROJECT", "PROVIDER", "MODEL", "SOURCE", ">ATTEMPTS", ">TOKENS IN", ">TOKENS OUT", ">CORRECTIONS", ">CHARGE");
        foreach (var line in invoice.Lines)
        {
            table.Add(
                line.Project ?? UsageLabels.Unattributed, line.Provider, line.Model, line.UsageSource, $"{line.Attempts}", $"{line.InputTokens}",
                $"{line.OutputTokens}", line.Corrections.ToString(), line.Charge.ToString());
        }

        await table.WriteAsync(text);
        var statement = invoice.Statement;
        await text.WriteLineAsync($"\ntotal charges    {invoice.TotalCharges} {invoice.Asset}\n");
        await text.WriteLineAsync(
            $"opening balance  {statement.Opening}\n+ top-ups        {statement.TopUps}\n+ grants         {statement.Grants}\n- grants expired {statement.GrantsExpired}\n"
            + $"- charges        {statement.Charges}\n- corrections    {statement.Corrections}\nclosing balance  {statement.Closing}");
    }
}
