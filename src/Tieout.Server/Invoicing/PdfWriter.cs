using System.Globalization;
using System.Text;

namespace Tieout.Server.Invoicing;

/// <summary>Text on A4 pages, in the fonts that every PDF reader has. The same calls give the same bytes.</summary>
/// <remarks>Coordinates are points from the top left. Text is Windows-1252; what is not in it is shown as a question mark.</remarks>
internal sealed class PdfWriter(string title, DateTimeOffset madeAt)
{
    public const double Width = 595, Height = 842;

    /// <summary>Of Helvetica, from space to tilde, in thousandths of the size. Digits and their marks are as wide in its bold.</summary>
    private static readonly int[] Widths =
    [
        278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
        1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
        333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
    ];

    /// <summary>What Windows-1252 has between ASCII and Latin-1, as far as it is written.</summary>
    private const string Marks = "€…‘’“”•–—™", MarkCodes = "\u0080\u0085\u0091\u0092\u0093\u0094\u0095\u0096\u0097\u0099";

    private readonly List<StringBuilder> _pages = [];

    public static double WidthOf(string text, double size) => text.Sum(c => c is >= ' ' and <= '~' ? Widths[c - ' '] : 600) * size / 1000;

    public void NewPage() => _pages.Add(new());

    /// <param name="x">Where it begins; with <paramref name="toTheLeft"/>, where it ends.</param>
    public void Text(double x, double y, string text, double size, bool bold = false, bool toTheLeft = false)
    {
        if (toTheLeft) x -= WidthOf(text, size);
        _pages[^1].Append(CultureInfo.InvariantCulture, $"BT /F{(bold ? 2 : 1)} {size:0.##} Tf {x:0.##} {Height - y:0.##} Td ({Escaped(text)}) Tj ET\n");
    }

    public byte[] Bytes()
    {
        var file = new StringBuilder("%PDF-1.4\n%\u00e2\u00e3\u00cf\u00d3\n");
        var places = new List<int>();
        var first = 6;
        Object("<< /Type /Catalog /Pages 2 0 R >>");
        Object(string.Create(CultureInfo.InvariantCulture, $"<< /Type /Pages /Count {_pages.Count} /Kids [{string.Join(' ', _pages.Select((_, i) => $"{first + 2 * i} 0 R"))}] >>"));
        Object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>");
        Object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>");
        Object(string.Create(CultureInfo.InvariantCulture, $"<< /Title ({Escaped(title)}) /Creator (Tieout) /CreationDate (D:{madeAt.UtcDateTime:yyyyMMddHHmmss}Z) >>"));
        foreach (var (i, page) in _pages.Index())
        {
            Object(string.Create(CultureInfo.InvariantCulture, $"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {Width:0} {Height:0}] /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> /Contents {first + 2 * i + 1} 0 R >>"));
            Object(string.Create(CultureInfo.InvariantCulture, $"<< /Length {page.Length} >>\nstream\n{page}endstream"));
        }

        var table = file.Length;
        file.Append(CultureInfo.InvariantCulture, $"xref\n0 {places.Count + 1}\n0000000000 65535 f \n");
        foreach (var place in places) file.Append(CultureInfo.InvariantCulture, $"{place:0000000000} 00000 n \n");
        file.Append(CultureInfo.InvariantCulture, $"trailer\n<< /Size {places.Count + 1} /Root 1 0 R /Info 5 0 R >>\nstartxref\n{table}\n%%EOF\n");

        // Every character is one byte, so lengths of text are lengths of the file.
        return Encoding.Latin1.GetBytes(file.ToString());

        void Object(string content)
        {
            places.Add(file.Length);
            file.Append(CultureInfo.InvariantCulture, $"{places.Count} 0 obj\n{content}\nendobj\n");
        }
    }

    private static string Escaped(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (c is '(' or ')' or '\\') escaped.Append('\\').Append(c);
            else escaped.Append(c is (>= ' ' and <= '~') or (>= '\u00a0' and <= '\u00ff') ? c : Marks.IndexOf(c, StringComparison.Ordinal) is var at and >= 0 ? MarkCodes[at] : '?');
        }

        return escaped.ToString();
    }
}
