using System.Security.Cryptography;
using System.Text;
using PdfSharp;
using PdfSharp.Drawing;
using PdfSharp.Pdf;

namespace Tieout.Server.Invoicing;

/// <summary>Text on A4 pages of a PDF. The same calls give the same bytes, on every machine and at every time.</summary>
/// <remarks>Coordinates are points from the top left.</remarks>
internal sealed class PdfPages : IDisposable
{
    private readonly PdfDocument _document = new();
    private readonly Dictionary<(double Size, bool Bold), DocumentFont> _fonts = [];
    private readonly XGraphics _ruler = XGraphics.CreateMeasureContext(new(1, 1), XGraphicsUnit.Point, XPageDirection.Downwards);
    private readonly Guid _id;
    private XGraphics? _page;

    /// <param name="identity">The name of the document; the ids of the file are made of it.</param>
    public PdfPages(string title, string identity, DateTimeOffset madeAt)
    {
        // The bytes of a compressed stream depend on the zlib of the runtime.
        _document.Options.NoCompression = true;
        (_document.Info.Title, _document.Info.Creator) = (title, "Tieout");
        _document.Info.CreationDate = _document.Info.ModificationDate = madeAt.UtcDateTime;
        _id = new(SHA256.HashData(Encoding.UTF8.GetBytes(identity)).AsSpan(..16));
        var id = Encoding.Latin1.GetString(_id.ToByteArray());
        (_document.Internals.FirstDocumentID, _document.Internals.SecondDocumentID) = (id, id);
    }

    public void NewPage()
    {
        _page?.Dispose();
        var page = _document.AddPage();
        page.Size = PageSize.A4;
        _page = XGraphics.FromPdfPage(page);
    }

    /// <param name="x">The left edge of the text; with <paramref name="rightAligned"/>, its right edge.</param>
    /// <param name="y">The base line.</param>
    public void Text(double x, double y, string text, double size, bool bold = false, bool rightAligned = false)
    {
        if (_page is null) throw new InvalidOperationException("The document has no page yet.");
        if (rightAligned) x -= WidthOf(text, size, bold);
        foreach (var (part, font) in Font(size, bold).Runs(text))
        {
            _page.DrawString(part, font, XBrushes.Black, x, y);
            x += _ruler.MeasureString(part, font).Width;
        }
    }

    public double WidthOf(string text, double size, bool bold = false) =>
        Font(size, bold).Runs(text).Sum(run => _ruler.MeasureString(run.Text, run.Font).Width);

    public byte[] Bytes()
    {
        _page?.Dispose();
        _page = null;
        NameSubsets();
        using var file = new MemoryStream();
        _document.Save(file);
        NameMetadata(file.GetBuffer().AsSpan(0, (int)file.Length));
        return file.ToArray();
    }

    public void Dispose()
    {
        _page?.Dispose();
        _ruler.Dispose();
        _document.Dispose();
    }

    private DocumentFont Font(double size, bool bold)
    {
        if (!_fonts.TryGetValue((size, bold), out var font)) _fonts[(size, bold)] = font = new(size, bold);
        return font;
    }

    /// <summary>A part of a font has six letters before its name, to tell it from other parts of the same font. PDFsharp draws them by lot; here they are
    /// counted.</summary>
    private void NameSubsets()
    {
        const int tagLength = 6;
        var tags = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var dictionary in _document.Internals.GetAllObjects().OfType<PdfDictionary>())
        {
            foreach (var key in new[] { "/BaseFont", "/FontName" })
            {
                var name = dictionary.Elements.GetName(key).TrimStart('/');
                if (name.IndexOf('+', StringComparison.Ordinal) != tagLength) continue;
                if (!tags.TryGetValue(name, out var tag)) tags[name] = tag = $"TIEOU{(char)('A' + tags.Count)}";
                dictionary.Elements.SetName(key, $"/{tag}{name[tagLength..]}");
            }
        }
    }

    /// <summary>PDFsharp draws the two ids of the metadata by lot when it saves; the document's own id takes their place. It is as long, so no offset
    /// changes.</summary>
    private void NameMetadata(Span<byte> file)
    {
        var before = "ID>uuid:"u8;
        for (int at; (at = file.IndexOf(before)) >= 0; file = file[(at + before.Length)..])
        {
            Encoding.ASCII.GetBytes(_id.ToString(), file[(at + before.Length)..]);
        }
    }
}
