using System.Globalization;
using Tieout.Core.Invoicing;
using Tieout.Core.Money;

namespace Tieout.Server.Invoicing;

/// <summary>An issued document on A4 pages. Says what its HTML page says.</summary>
internal sealed class DocumentPdf
{
    private const double Left = 48, Right = 547, Top = 56, Bottom = 790, LineHeight = 14, Size = 8.5, TitleSize = 16, HashSize = 5;

    /// <summary>Where columns begin, the last three where they end.</summary>
    private static readonly double[] Columns = [Left, 150, 230, 420, 485, Right];

    private readonly PdfWriter _pdf;
    private double _y;

    private DocumentPdf(string title, DateTimeOffset issuedAt)
    {
        _pdf = new(title, issuedAt);
        NewPage();
        _pdf.Text(Left, _y, title, TitleSize, bold: true);
        _y += 22;
    }

    public static byte[] Of(FinalInvoice invoice)
    {
        var page = new DocumentPdf($"Invoice {invoice.Number}", invoice.IssuedAt);
        page.Line($"{invoice.Org} · {invoice.Period}, {Time(invoice.From)} to {Time(invoice.To)} (months of {invoice.TimeZone}; the end is not included)");
        page.Line($"Issued {Time(invoice.IssuedAt)}");
        page.Total(invoice.Total, invoice.Decimals, invoice.Asset);
        page.Row(bold: true, "Project", "Provider", "Model", "Attempts", "Exact", "Amount");
        foreach (var line in invoice.Lines)
        {
            page.Row(
                bold: false, line.Project ?? "none", line.Provider ?? "none", line.Model ?? "none", line.Attempts.ToString("N0", CultureInfo.InvariantCulture), line.Exact.ToString(),
                FinalInvoicePage.Money(line.Amount, invoice.Decimals));
        }

        page.Sums(invoice.Net, invoice.Taxes, invoice.Total, invoice.Decimals);
        page.Next();
        foreach (var (what, amount) in FinalInvoicePage.Movements(invoice.Statement)) page.Sum(what, amount.ToString());
        page.Next();
        page.Line("Proof: each line sums the charges and corrections of its kind between these postings; the hashes of their commits bind them.");
        foreach (var line in invoice.Lines)
        {
            page.Line($"{line.Name}: postings {line.Proof.FirstPosting} to {line.Proof.LastPosting}, commits {line.Proof.First.Commit} to {line.Proof.Last.Commit}");
            page.Line($"{line.Proof.First.Hash} {line.Proof.Last.Hash}", size: HashSize);
        }

        page.Next();
        page.Line($"The charges come to {invoice.Exact} exactly and were rounded once; the lines are rounded so that they sum to the net.");
        return page._pdf.Bytes();
    }

    public static byte[] Of(CreditNote note, int decimals)
    {
        var page = new DocumentPdf($"Credit note {note.Number}", note.IssuedAt);
        page.Line($"{note.Org} · for invoice {note.Invoice} · issued {Time(note.IssuedAt)}");
        page.Total(note.Total, decimals, note.Asset);
        page.Line(note.Reason);
        page.Sums(note.Net, note.Taxes, note.Total, decimals);
        page.Next();
        page.Line($"The net is in the ledger as the grant {note.GrantId}. The invoice stays as it was issued.");
        return page._pdf.Bytes();
    }

    private void NewPage()
    {
        _pdf.NewPage();
        _y = Top;
    }

    private void Next()
    {
        _y += LineHeight;
        if (_y > Bottom) NewPage();
    }

    /// <summary>Broken at spaces where the page ends; a word that is longer is cut.</summary>
    private void Line(string text, double size = Size)
    {
        var line = "";
        foreach (var word in text.Split(' '))
        {
            var longer = line.Length == 0 ? word : $"{line} {word}";
            if (line.Length > 0 && PdfWriter.WidthOf(longer, size) > Right - Left)
            {
                Draw(line);
                longer = word;
            }

            line = longer;
        }

        Draw(line);

        void Draw(string part)
        {
            _pdf.Text(Left, _y, Cut(part, size, Right - Left), size);
            Next();
        }
    }

    private void Total(Amount total, int decimals, string asset)
    {
        _y += 8;
        _pdf.Text(Left, _y, $"{FinalInvoicePage.Money(total, decimals)} {asset}", TitleSize, bold: true);
        _y += 26;
    }

    private void Sums(Amount net, IEnumerable<TaxLine> taxes, Amount total, int decimals)
    {
        Sum("Net", FinalInvoicePage.Money(net, decimals), bold: true);
        foreach (var tax in taxes) Sum($"{tax.Name} {tax.RatePct} %", FinalInvoicePage.Money(tax.Amount, decimals));
        Sum("Total", FinalInvoicePage.Money(total, decimals), bold: true);
    }

    private void Sum(string what, string amount, bool bold = false)
    {
        _pdf.Text(Left, _y, what, Size, bold);
        _pdf.Text(Right, _y, amount, Size, bold, toTheLeft: true);
        Next();
    }

    private void Row(bool bold, params ReadOnlySpan<string> cells)
    {
        const int names = 3;
        for (var i = 0; i < names; i++) _pdf.Text(Columns[i], _y, Cut(cells[i], Size, Columns[i + 1] - Columns[i] - (i == names - 1 ? 45 : 6)), Size, bold);
        for (var i = names; i < Columns.Length; i++) _pdf.Text(Columns[i], _y, cells[i], Size, bold, toTheLeft: true);
        Next();
    }

    private static string Cut(string text, double size, double width)
    {
        if (PdfWriter.WidthOf(text, size) <= width) return text;
        var length = text.Length - 1;
        while (length > 1 && PdfWriter.WidthOf(text[..length] + "…", size) > width) length--;
        return text[..length] + "…";
    }

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
