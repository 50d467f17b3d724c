using System.Diagnostics;
using System.Security.Cryptography;
using Tieout.Core.Invoicing;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Server.Invoicing;
using UglyToad.PdfPig;

namespace Tieout.Server.Tests.Invoicing;

/// <summary>What an independent reader finds in a PDF of ours.</summary>
public sealed class DocumentPdfTests
{
    private static readonly DateTimeOffset IssuedAt = new(2026, 11, 1, 9, 30, 0, TimeSpan.Zero);

    private static readonly string[] Names =
    [
        "Zürich São Łódź Đà Nẵng", "Αθήνα – Ελλάδα", "Київ и Москва", "東京開発チーム", "カタカナひらがな", "北京研发部门", "臺灣團隊", "서울개발팀", "Δοκιμή 試験 проект 시험",
        "€ 12,50 … “quoted”",
    ];

    [Theory]
    [MemberData(nameof(EachName))]
    public void A_name_is_printed_in_its_own_script(string name)
    {
        var text = Text(DocumentPdf.Of(Note(name), 2), out _);
        Assert.Contains(name, text, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_name_of_a_line_is_printed()
    {
        var text = Text(DocumentPdf.Of(Invoice(Names)), out _);
        Assert.All(Names, name => Assert.Contains($"{name}/openai/gpt-4o", text, StringComparison.Ordinal));
    }

    [Fact]
    public void A_long_reason_without_spaces_is_broken_and_none_of_it_is_cut()
    {
        var reason = string.Concat(Enumerable.Repeat("請求書の金額を訂正しました。", 30));
        var text = Text(DocumentPdf.Of(Note(reason), 2), out _);
        Assert.Contains(reason, text.ReplaceLineEndings(""), StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_document_is_the_same_bytes_also_when_many_are_made_at_once()
    {
        var first = DocumentPdf.Of(Invoice(Names));
        var others = new byte[16][];
        Parallel.For(0, others.Length, i => others[i] = DocumentPdf.Of(Invoice(Names)));
        Assert.All(others, other => Assert.Equal(first, other));
        Assert.NotEqual(first, DocumentPdf.Of(Invoice(Names) with { Number = "INV-000002" }));
    }

    /// <summary>A new version of a package or of .NET must not change what was issued. Where the layout is changed on purpose, the new hash goes here and the
    /// change into the changelog.</summary>
    [Fact]
    public void The_bytes_of_a_document_do_not_change_from_version_to_version() =>
        Assert.Equal(
            "5e49837e33d79a306f347c00f4ce53071a07241b9b4f37b8970e045b852ab42b", Convert.ToHexStringLower(SHA256.HashData(DocumentPdf.Of(Invoice(Names)))));

    [Fact]
    public void A_document_does_not_depend_on_the_time_zone_of_the_machine()
    {
        var text = System.Text.Encoding.Latin1.GetString(DocumentPdf.Of(Note("x"), 2));
        Assert.Contains("D:20261101093000", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_document_is_small_and_made_quickly()
    {
        DocumentPdf.Of(Invoice(Names));
        var watch = Stopwatch.StartNew();
        var bytes = DocumentPdf.Of(Invoice([.. Enumerable.Range(0, 200).Select(i => $"project-{i}")]));
        Assert.InRange(bytes.Length, 1, 1_000_000);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"It took {watch.Elapsed}.");
    }

    public static TheoryData<string> EachName() => [.. Names];

    /// <summary>The words as they are read off the pages, line after line. Reading is strict: what a reader would have to repair is an error.</summary>
    internal static string Text(byte[] pdf, out int pages)
    {
        using var document = PdfDocument.Open(pdf, new ParsingOptions { UseLenientParsing = false });
        pages = document.NumberOfPages;
        return string.Join('\n', document.GetPages().SelectMany(page => page.Letters
            .GroupBy(letter => Math.Round(letter.StartBaseLine.Y, 1)).OrderByDescending(line => line.Key)
            .Select(line => string.Concat(line.OrderBy(letter => letter.StartBaseLine.X).Select(letter => letter.Value)))));
    }

    private static CreditNote Note(string reason) =>
        new("CN-000001", "id", "acme", "EUR", "INV-000001", IssuedAt, Amount.Parse("10"), [new("VAT", "19", Amount.Parse("1.9"))], Amount.Parse("11.9"),
            reason);

    private static FinalInvoice Invoice(IReadOnlyList<string> projects)
    {
        var proof = new LineProof(1, 2, new(1, new string('a', 64)), new(2, new string('b', 64)));
        var one = Amount.Parse("1.25");
        var sum = Amount.Sum(projects.Select(_ => one));
        return new(
            "INV-000001", "acme", "EUR", "2026-10", "Europe/Athens", IssuedAt.AddMonths(-1), IssuedAt, IssuedAt, 2,
            [.. projects.Select(project => new FinalLine(project, "openai", "gpt-4o", UsageSource.Gateway, 3, 100, 20, one, Amount.Zero, one, proof))],
            sum, sum, [], sum, new(Amount.Zero, Amount.Zero, Amount.Zero, Amount.Zero, sum, Amount.Zero, -sum, 9), proof.Last);
    }
}
