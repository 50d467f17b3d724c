using System.Text.Json;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Tests;

public sealed class ViewWordsTests
{
    // Goal: a view has a word for every value that rows can have. Method: the views of both stores as they are made.
    [Theory]
    [InlineData("sqlite-views.sql")]
    [InlineData("postgres-views.sql")]
    public void Views_have_a_word_for_every_value(string name)
    {
        using var reader = new StreamReader(typeof(ViewWords).Assembly.GetManifestResourceStream(name)!);
        var sql = ViewWords.Fill(reader.ReadToEnd());
        Assert.DoesNotContain("{", sql, StringComparison.Ordinal);
        foreach (var (column, values) in ((string, Enum[])[])
            [("a.source", [.. Enum.GetValues<UsageSource>()]), ("u.basis", [.. Enum.GetValues<UsageBasis>()]), ("p.kind", [.. Enum.GetValues<PostingKind>()])])
        {
            foreach (var value in values)
            {
                Assert.Matches(
                    $@"CASE {column}[^\n]* WHEN {Convert.ToInt32(value, null)} THEN '{JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString())}'", sql);
            }
        }
    }
}
