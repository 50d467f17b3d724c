using System.Globalization;
using Tieout.Core.Invoicing;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Server.Invoicing;

/// <summary>An issued document on A4 pages. Says what its HTML page says.</summary>
internal sealed class DocumentPdf : IDisposable
{
    private const double Left = 48, Right = 547, Top = 56, Bottom = 790, LineHeight = 14, Size = 8.5, TitleSize = 16, HashSize = 5;

    /// <summary>Left edges of the columns; of the last three, right edges.</summary>
    private static readonly double[] Columns = [Left, 150, 230, 420, 485, Right];

    private readonly PdfPages _pdf;
    private double _y;

    private DocumentPdf(string org, string title, DateTimeOffset issuedAt)
    {
        _pdf = new(title, $"{org}/{title}", issuedAt);
        NewPage();
        _pdf.Text(Left, _y, title, TitleSize, bold: true);
        _y += 22;
    }

    public static byte[] Of(FinalInvoice invoice)
    {
        using var page = new DocumentPdf(invoice.Org, $"Invoice {invoice.Number}", invoice.IssuedAt);
        page.Line($"{invoice.Org} · {invoice.Period}, {Time(invoice.From)} to {Time(invoice.To)} (months of {invoice.TimeZone}; the end is not included)");
        page.Line($"Issued {Time(invoice.IssuedAt)}");
        page.Total(invoice.Total, invoice.Decimals, invoice.Asset);
        page.Row(bold: true, "Project", "Provider", "Model", "Attempts", "Exact", "Amount");
        foreach (var line in invoice.Lines)
        {
            page.Row(
                bold: false, line.Project ?? UsageLabels.Unattributed, line.Provider ?? "(none)", line.Model ?? "(none)",
                line.Attempts.ToString("N0", CultureInfo.InvariantCulture),
                line.Exact.ToString(),
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
        using var page = new DocumentPdf(note.Org, $"Credit note {note.Number}", note.IssuedAt);
        page.Line($"{note.Org} · for invoice {note.Invoice} · issued {Time(note.IssuedAt)}");
        page.Total(note.Total, decimals, note.Asset);
        page.Line(note.Reason);
        page.Sums(note.Net, note.Taxes, note.Total, decimals);
        page.Next();
        page.Line($"The net is in the ledger as the grant {note.GrantId}. The invoice stays as it was issued.");
        return page._pdf.Bytes();
    }

    public void Dispose() => _pdf.Dispose();

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

    /// <summary>Broken at spaces where the page ends. A longer word, or text of a script without spaces, is broken where the line is full.</summary>
    private void Line(string text, double size = Size)
    {
        var line = "";
        foreach (var word in text.Split(' '))
        {
            var longer = line.Length == 0 ? word : $"{line} {word}";
            if (line.Length > 0 && _pdf.WidthOf(longer, size) > Right - Left)
            {
                Draw(line);
                longer = word;
            }

            for (line = longer; Fitting(line, size, Right - Left) is var fits && fits < line.Length; line = line[fits..]) Draw(line[..fits]);
        }

        Draw(line);

        void Draw(string part)
        {
            _pdf.Text(Left, _y, part, size);
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
        _pdf.Text(Right, _y, amount, Size, bold, rightAligned: true);
        Next();
    }

    private void Row(bool bold, params ReadOnlySpan<string> cells)
    {
        const int names = 3;
        for (var i = 0; i < names; i++) _pdf.Text(Columns[i], _y, Cut(cells[i], bold, Columns[i + 1] - Columns[i] - (i == names - 1 ? 45 : 6)), Size, bold);
        for (var i = names; i < Columns.Length; i++) _pdf.Text(Columns[i], _y, cells[i], Size, bold, rightAligned: true);
        Next();
    }

    private string Cut(string text, bool bold, double width) =>
        _pdf.WidthOf(text, Size, bold) <= width ? text : text[..Fitting(text, Size, width - _pdf.WidthOf("…", Size, bold), bold)] + "…";

    /// <summary>How many characters of a text have room in a width; at least one, and never half of one that is written as two.</summary>
    private int Fitting(string text, double size, double width, bool bold = false)
    {
        var length = text.Length;
        while (length > 1 && (char.IsHighSurrogate(text[length - 1]) || _pdf.WidthOf(text[..length], size, bold) > width)) length--;
        return length;
    }

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
