using System.Text.Json;
using Tieout.Core.Metering;
using Tieout.Core.Pricing;

namespace Tieout.Core.Tests.Metering;

public sealed class MatchClauseTests
{
    [Theory]
    [InlineData("\"gpt-4o\"", "GPT-4o", "gpt-4o-mini")]
    [InlineData("""{"starts_with":"gpt-"}""", "gpt-4o", "my-gpt-4o")]
    [InlineData("""{"ends_with":"mini"}""", "gpt-4o-MINI", "mini-gpt")]
    [InlineData("""{"contains":"Claude"}""", "us.claude-3", "gpt")]
    [InlineData("""{"regex":"^o[134]"}""", "o3-pro", "go3")]
    [InlineData("""{"or":["a",{"starts_with":"b"}]}""", "bc", "c")]
    [InlineData("""{"and":[{"starts_with":"a"},{"ends_with":"z"}]}""", "a-z", "a-y")]
    public void A_clause_matches_what_it_says_in_any_case_and_is_written_as_it_was_read(string json, string matching, string other)
    {
        var clause = MatchClause.Read(JsonDocument.Parse(json).RootElement);

        Assert.True(clause.Matches(matching));
        Assert.False(clause.Matches(other));
        Assert.Equal(json, JsonReading.ToText(clause.Write));
    }

    [Theory]
    [InlineData("1")]
    [InlineData("{}")]
    [InlineData("""{"equals":"a","contains":"b"}""")]
    [InlineData("""{"sounds_like":"a"}""")]
    [InlineData("""{"or":"a"}""")]
    public void What_is_no_clause_is_refused(string json) =>
        Assert.Throws<FormatException>(() => MatchClause.Read(JsonDocument.Parse(json).RootElement));

    [Theory]
    [InlineData("(")]
    [InlineData("(a)\\1")]
    public void A_pattern_that_does_not_run_in_linear_time_is_refused(string pattern) =>
        Assert.Throws<FormatException>(() => new MatchClause.Pattern(pattern));
}
