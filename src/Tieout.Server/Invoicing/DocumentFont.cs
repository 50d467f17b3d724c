using System.IO.Compression;
using System.Text;
using PdfSharp.Drawing;
using PdfSharp.Fonts;

namespace Tieout.Server.Invoicing;

/// <summary>A size and weight of text in a PDF. Each character is drawn from the first of the embedded fonts that has it.</summary>
internal sealed class DocumentFont
{
    private const string Latin = "NotoSans", Han = "DroidSansFallbackFull", Hangul = "NanumGothicCoding";

    /// <summary>In the order in which a character is looked for.</summary>
    private static readonly string[] Families = [Latin, Han, Hangul];

    private readonly XFont[] _fonts;

    // PDFsharp has one resolver for the whole process.
    static DocumentFont() => GlobalFontSettings.FontResolver = new EmbeddedFonts();

    public DocumentFont(double size, bool bold)
    {
        var options = new XPdfFontOptions(PdfSharp.Pdf.PdfFontEncoding.Unicode, PdfSharp.Pdf.PdfFontEmbedding.TryComputeSubset);
        _fonts = [.. Families.Select(family => new XFont(family, size, bold ? XFontStyleEx.Bold : XFontStyleEx.Regular, options))];
    }

    /// <summary>The text in pieces of one font each. A character that no font has is a box of the first font.</summary>
    public IEnumerable<(string Text, XFont Font)> Runs(string text)
    {
        var (run, font) = (new StringBuilder(), _fonts[0]);
        foreach (var rune in text.EnumerateRunes())
        {
            var next = Array.Find(_fonts, candidate => GlyphHelper.GlyphIndexFromCodePoint(rune.Value, candidate) != 0) ?? _fonts[0];
            if (next != font && run.Length > 0)
            {
                yield return (run.ToString(), font);
                run.Clear();
            }

            font = next;
            run.Append(rune.ToString());
        }

        if (run.Length > 0) yield return (run.ToString(), font);
    }

    /// <summary>Reads fonts from the resources of this program and none from the machine, so that a document is the same everywhere.</summary>
    private sealed class EmbeddedFonts : IFontResolver
    {
        public FontResolverInfo? ResolveTypeface(string familyName, bool isBold, bool isItalic) =>
            familyName == Latin ? new($"{Latin}-{(isBold ? "Bold" : "Regular")}") : new(familyName, mustSimulateBold: isBold, mustSimulateItalic: false);

        public byte[] GetFont(string faceName)
        {
            using var packed = typeof(EmbeddedFonts).Assembly.GetManifestResourceStream($"fonts/{faceName}.ttf.gz")
                ?? throw new InvalidOperationException($"The program carries no font '{faceName}'.");
            using var unpacked = new GZipStream(packed, CompressionMode.Decompress);
            using var font = new MemoryStream();
            unpacked.CopyTo(font);
            return font.ToArray();
        }
    }
}
