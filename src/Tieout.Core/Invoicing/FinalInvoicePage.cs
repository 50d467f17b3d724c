using System.Globalization;
using System.Net;
using System.Text;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Invoicing;

/// <summary>A final invoice or a credit note as one HTML page that stands alone.</summary>
public static class FinalInvoicePage
{
    public static string Html(FinalInvoice invoice)
    {
        var page = Begin($"Invoice {invoice.Number}");
        page.Append(CultureInfo.InvariantCulture,
            $"<p class=\"sub\">{Text(invoice.Org)} · {invoice.Period}, {Time(invoice.From)} to {Time(invoice.To)} (months of {Text(invoice.TimeZone)}; the end is not included) · issued {Time(invoice.IssuedAt)}</p>\n");
        page.Append(CultureInfo.InvariantCulture, $"<p class=\"total\">{Money(invoice.Total, invoice.Decimals)} {Text(invoice.Asset)}</p>\n");
        page.Append(
            "<h2>Charges</h2>\n<table><thead><tr><th>Project</th><th>Provider</th><th>Model</th><th>Source</th><th class=\"n\">Attempts</th><th class=\"n\">Exact</th><th class=\"n\">Amount</th></tr></thead>\n<tbody>\n");
        foreach (var line in invoice.Lines)
        {
            page.Append(CultureInfo.InvariantCulture,
                $"<tr><td>{Name(line.Project, UsageLabels.Unattributed)}</td><td>{Name(line.Provider)}</td><td>{Name(line.Model)}</td><td>{line.Source}</td><td class=\"n\">{line.Attempts:N0}</td>");
            page.Append(CultureInfo.InvariantCulture, $"<td class=\"n\">{line.Exact}</td><td class=\"n\">{Money(line.Amount, invoice.Decimals)}</td></tr>\n");
        }

        page.Append("</tbody><tfoot>\n");
        Sum(page, 6, "Net", Money(invoice.Net, invoice.Decimals));
        foreach (var tax in invoice.Taxes) Sum(page, 6, $"{Text(tax.Name)} {tax.RatePct} %", Money(tax.Amount, invoice.Decimals));
        Sum(page, 6, "Total", Money(invoice.Total, invoice.Decimals));
        page.Append("</tfoot></table>\n<h2>Balance</h2>\n<table><tbody>\n");
        foreach (var (what, amount) in Movements(
            invoice.Statement)) page.Append(CultureInfo.InvariantCulture, $"<tr><td>{what}</td><td class=\"n\">{amount}</td></tr>\n");
        page.Append(
            "</tbody></table>\n<h2>Proof</h2>\n<table><thead><tr><th>Line</th><th>Postings</th><th>Commits</th><th>Chain hashes</th></tr></thead><tbody>\n");
        foreach (var line in invoice.Lines)
        {
            page.Append(CultureInfo.InvariantCulture,
                $"<tr><td>{Text(line.Name)}</td><td>{line.Proof.FirstPosting} to {line.Proof.LastPosting}</td><td>{line.Proof.First.Commit} to {line.Proof.Last.Commit}</td><td>{Text(line.Proof.First.Hash)}<br>{Text(line.Proof.Last.Hash)}</td></tr>\n");
        }

        return End(page,
            $"The charges come to {invoice.Exact} exactly and were rounded once; the lines are rounded so that they sum to the net. tieout invoice verify {Text(invoice.Org)} {invoice.Number} makes it again from the ledger's postings.");
    }

    public static string Html(CreditNote note, int decimals)
    {
        var page = Begin($"Credit note {note.Number}");
        page.Append(CultureInfo.InvariantCulture, $"<p class=\"sub\">{Text(note.Org)} · for invoice {note.Invoice} · issued {Time(note.IssuedAt)}</p>\n");
        page.Append(CultureInfo.InvariantCulture,
            $"<p class=\"total\">{Money(note.Total, decimals)} {Text(note.Asset)}</p>\n<p>{Text(note.Reason)}</p>\n<table><tbody>\n");
        Sum(page, 1, "Net", Money(note.Net, decimals));
        foreach (var tax in note.Taxes) Sum(page, 1, $"{Text(tax.Name)} {tax.RatePct} %", Money(tax.Amount, decimals));
        Sum(page, 1, "Total", Money(note.Total, decimals));
        page.Append("</tbody></table>\n");
        return End(page, $"The net is in the ledger as the grant {Text(note.GrantId)}. The invoice stays as it was issued.");
    }

    /// <summary>With the decimals of its currency, and no fewer than it has.</summary>
    public static string Money(Amount amount, int decimals) =>
        amount.ToDecimal().ToString(decimals is 0 or 9 ? "#,##0.#########" : $"#,##0.{new string('0', decimals)}", CultureInfo.InvariantCulture);

    /// <summary>In the order in which they make the closing balance.</summary>
    public static IEnumerable<(string What, Amount Amount)> Movements(FinalStatement statement)
    {
        yield return ("Opening balance", statement.Opening);
        yield return ("Top-ups and payments", statement.TopUps);
        yield return ("Grants", statement.Grants);
        if (statement.GrantsExpired != Amount.Zero) yield return ("Grants expired", -statement.GrantsExpired);
        yield return ("Charges", -statement.Charges);
        if (statement.Corrections != Amount.Zero) yield return ("Corrections of charges", -statement.Corrections);
        yield return ("Closing balance", statement.Closing);
    }

    private static StringBuilder Begin(string title)
    {
        var page = new StringBuilder(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">");
        return page.Append(
            CultureInfo.InvariantCulture, $"<title>{Text(title)}</title><style>{InvoicePage.Style}</style></head>\n<body>\n<h1>{Text(title)}</h1>\n");
    }

    private static string End(StringBuilder page, string footer) =>
        page.Append(CultureInfo.InvariantCulture, $"<footer>{footer}</footer>\n</body></html>\n").ToString();

    private static void Sum(StringBuilder page, int span, string what, string amount) =>
        page.Append(CultureInfo.InvariantCulture, $"<tr><td colspan=\"{span}\">{what}</td><td class=\"n\">{amount}</td></tr>\n");

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string Name(string? name, string none = "(none)") => name is null ? $"<span class=\"none\">{none}</span>" : Text(name);

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
