using System.Globalization;
using System.Net;
using System.Text;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Invoicing;

/// <summary>An invoice as one HTML page that stands alone: nothing is loaded from anywhere, and it prints.</summary>
public static class InvoicePage
{
    internal const string Style =
        "body{font:15px/1.45 system-ui,sans-serif;color:#1a1a1a;max-width:60rem;margin:3rem auto;padding:0 1.5rem}"
        + "h1{font-size:1.6rem;margin:0}h2{font-size:1.05rem;margin:2.2rem 0 .5rem}.sub{color:#555;margin:.2rem 0 0}"
        + "table{border-collapse:collapse;width:100%}th,td{padding:.4rem .7rem;text-align:left;border-bottom:1px solid #e2e2e2;vertical-align:top}"
        + "th{font-weight:600;color:#555;font-size:.85rem}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
        + "tfoot td,tr.sum td{font-weight:600;border-top:2px solid #1a1a1a;border-bottom:none}.none{color:#777}.total{font-size:1.6rem;font-weight:600;margin:1.2rem 0 0}"
        + ".draft{display:inline-block;border:1px solid #b26a00;color:#8a5200;border-radius:.3rem;padding:0 .5rem;font-size:.85rem}"
        + "footer{margin-top:2.5rem;color:#666;font-size:.85rem}@media print{body{margin:0;max-width:none}}";

    public static string Html(Invoice invoice)
    {
        var page = new StringBuilder(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">");
        page.Append(CultureInfo.InvariantCulture, $"<title>Invoice {Text(invoice.Org.Id)} {invoice.Period}</title><style>{Style}</style></head>\n<body>\n");
        Head(page, invoice);
        Lines(page, invoice);
        Movements(page, invoice);
        page.Append(CultureInfo.InvariantCulture,
            $"<footer>Made from ledger postings up to number {invoice.Statement.LastPosting}. The lines sum to the total, and the total is what the balance moved by charges, to the nano-unit.</footer>\n</body></html>\n");
        return page.ToString();
    }

    private static void Head(StringBuilder page, Invoice invoice)
    {
        var (org, statement) = (invoice.Org, invoice.Statement);
        page.Append(CultureInfo.InvariantCulture, $"<h1>Invoice {Text(org.Id)} · {invoice.Period}</h1>\n");
        page.Append(CultureInfo.InvariantCulture,
            $"<p class=\"sub\">{statement.From.ToString()[..19]}Z to {statement.To.ToString()[..19]}Z (months of {Text(org.TimeZone)}; the end is not included)</p>\n");
        if (!invoice.Closed) page.Append("<p class=\"sub\"><span class=\"draft\">Open period</span> Figures may still grow until the period is closed.</p>\n");
        page.Append(CultureInfo.InvariantCulture, $"<p class=\"total\">{Money(invoice.TotalCharges)} {Text(org.Asset)}</p>\n");
    }

    private static void Lines(StringBuilder page, Invoice invoice)
    {
        page.Append("<h2>Charges</h2>\n<table><thead><tr><th>Project</th><th>Provider</th><th>Model</th><th>Source</th><th class=\"n\">Attempts</th>")
            .Append("<th class=\"n\">Tokens in</th><th class=\"n\">Tokens out</th><th class=\"n\">Corrections</th><th class=\"n\">Amount</th></tr></thead>\n<tbody>\n");
        foreach (var line in invoice.Lines)
        {
            page.Append(CultureInfo.InvariantCulture,
                $"<tr><td>{Name(line.Project, UsageLabels.Unattributed)}</td><td>{Name(line.Provider)}</td><td>{Name(line.Model)}</td><td>{line.Source}</td>");
            page.Append(CultureInfo.InvariantCulture,
                $"<td class=\"n\">{line.Attempts:N0}</td><td class=\"n\">{line.InputTokens:N0}</td><td class=\"n\">{line.OutputTokens:N0}</td>");
            page.Append(CultureInfo.InvariantCulture,
                $"<td class=\"n\">{(line.Corrections == Amount.Zero ? "" : Money(line.Corrections))}</td><td class=\"n\">{Money(line.Total)}</td></tr>\n");
        }

        if (invoice.Lines.IsEmpty) page.Append("<tr><td colspan=\"9\" class=\"none\">Nothing was charged in this period.</td></tr>\n");
        page.Append(CultureInfo.InvariantCulture,
            $"</tbody><tfoot><tr><td colspan=\"8\">Total charges</td><td class=\"n\">{Money(invoice.TotalCharges)}</td></tr></tfoot></table>\n");
    }

    private static void Movements(StringBuilder page, Invoice invoice)
    {
        var statement = invoice.Statement;
        page.Append("<h2>Balance</h2>\n<table><tbody>\n");
        Row("Opening balance", statement.Opening);
        Row("Top-ups and payments", statement.TopUps);
        Row("Grants", statement.Grants);
        if (statement.GrantsExpired != Amount.Zero) Row("Grants expired", -statement.GrantsExpired);
        Row("Charges", -statement.Charges);
        if (statement.Corrections != Amount.Zero) Row("Corrections of charges", -statement.Corrections);
        page.Append(CultureInfo.InvariantCulture,
            $"<tr class=\"sum\"><td>Closing balance</td><td class=\"n\">{Money(statement.Closing)}</td></tr>\n</tbody></table>\n");

        void Row(string what, Amount amount) =>
            page.Append(CultureInfo.InvariantCulture, $"<tr><td>{what}</td><td class=\"n\">{Money(amount)}</td></tr>\n");
    }

    /// <summary>Exact, with at least two decimals.</summary>
    private static string Money(Amount amount) => amount.ToDecimal().ToString("#,##0.00#######", CultureInfo.InvariantCulture);

    private static string Name(string? name, string none = "(none)") => name is null ? $"<span class=\"none\">{none}</span>" : Text(name);

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
