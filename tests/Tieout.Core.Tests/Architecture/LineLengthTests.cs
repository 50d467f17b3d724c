using System.Text.RegularExpressions;
using Tieout.Tests;

namespace Tieout.Core.Tests.Architecture;

public sealed partial class LineLengthTests
{
    // Goal: no line must be read by scrolling. Method: every line of C#, with the content of text literals left out: a text is not broken for its length.
    [Fact]
    public void No_line_of_code_is_longer_than_the_editor_shows()
    {
        var tooLong = new List<string>();
        foreach (var file in ((string[])["src", "tests", "bench"]).SelectMany(
            folder => Directory.EnumerateFiles(Repo.Path(folder), "*.cs", SearchOption.AllDirectories)))
        {
            if (file.Contains("/obj/", StringComparison.Ordinal)) continue;
            var isInRawText = false;
            foreach (var (number, line) in File.ReadLines(file).Index())
            {
                var wasInRawText = isInRawText;
                if (RawQuotes().Count(line) % 2 == 1) isInRawText = !isInRawText;
                if (line.Length > LengthMax && !wasInRawText && !isInRawText && Texts().Replace(line, "").Length > LengthMax)
                {
                    tooLong.Add($"{file}:{number + 1}");
                }
            }
        }

        Assert.Empty(tooLong);
    }

    /// <summary>As <c>max_line_length</c> in .editorconfig.</summary>
    private const int LengthMax = 160;

    [GeneratedRegex("\"\"\"")]
    private static partial Regex RawQuotes();

    [GeneratedRegex("\"\"\".*?\"\"\"|\"(?:[^\"\\\\]|\\\\.)*\"")]
    private static partial Regex Texts();
}
