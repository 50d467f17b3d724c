using System.CommandLine;
using Tieout.Cli.Output;
using Tieout.Server.Api;

namespace Tieout.Cli.Commands;

/// <summary><c>invoice ORG YYYY-MM</c></summary>
internal static class InvoiceCommand
{
    public static Command Build(Globals globals)
    {
        var (org, month) = (new Argument<string>("ORG"), new Argument<string>("YYYY-MM"));
        var html = new Option<string?>("--html") { Description = "Also writes it as a page that stands alone.", HelpName = "FILE" };
        var close = new Option<bool>("--close") { Description = "Closes the period, and all before it: they never change again." };
        return globals.Calling(new("invoice", "The invoice of a month, from postings only.") { org, month, html, close }, async (call, api, cancellationToken) =>
        {
            string[] path = ["orgs", call.Get(org), "invoices", call.Get(month)];
            var answer = call.Get(close)
                ? await api.PostAsync(ApiClient.Path([.. path, "close"]), null, ApiClient.Json.InvoiceBody, cancellationToken)
                : await api.GetAsync(ApiClient.Path(path), ApiClient.Json.InvoiceBody, cancellationToken);
            if (call.Get(html) is { } file) await WritePageAsync(api, ApiClient.Path(path, ("format", "html")), file, cancellationToken);
            await call.AnswerAsync(answer, ApiClient.Json.InvoiceBody, WriteAsync);
            return ExitCode.Ok;
        });
    }

    private static async Task WritePageAsync(ApiClient api, string path, string file, CancellationToken cancellationToken)
    {
        try
        {
            await using var page = File.Create(file);
            await api.CopyAsync(path, page, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ExitCode.Usage, $"{file} cannot be written: {e.Message}", inner: e);
        }
    }

    private static async Task WriteAsync(InvoiceBody invoice, TextWriter text)
    {
        await text.WriteLineAsync($"Invoice {invoice.Invoice} ({invoice.Status}), {invoice.From[..19]}Z to {invoice.To[..19]}Z, months of {invoice.TimeZone}\n");
        var table = new TextTable("PROJECT", "PROVIDER", "MODEL", "SOURCE", ">ATTEMPTS", ">TOKENS IN", ">TOKENS OUT", ">CORRECTIONS", ">CHARGE");
        foreach (var line in invoice.Lines)
        {
            table.Add(line.Project, line.Provider, line.Model, line.UsageSource, $"{line.Attempts}", $"{line.InputTokens}", $"{line.OutputTokens}", line.Corrections.ToString(), line.Charge.ToString());
        }

        await table.WriteAsync(text);
        var statement = invoice.Statement;
        await text.WriteLineAsync($"\ntotal charges    {invoice.TotalCharges} {invoice.Asset}\n");
        await text.WriteLineAsync(
            $"opening balance  {statement.Opening}\n+ top-ups        {statement.TopUps}\n+ grants         {statement.Grants}\n- grants expired {statement.GrantsExpired}\n"
            + $"- charges        {statement.Charges}\n- corrections    {statement.Corrections}\nclosing balance  {statement.Closing}");
    }
}
