using Tieout.Core.Ledger.Tools;

namespace Tieout.Core.Tests.Ledger.Tools;

public sealed class ToolCallTests
{
    private static readonly ToolCall Call = new("web_search", "chat", Failed: true, Retries: 2, new(1_763_625_600_000_000), "api", "toolu_1")
    {
        Error = "timeout",
        OperationId = "op-1",
    };

    [Fact]
    public void A_body_is_read_back_as_it_was_written()
    {
        Assert.Equal(Call, ToolCall.Parse(Call.Body));
        var least = new ToolCall("t", null, Failed: false, Retries: 0, default, "gateway", "i");
        Assert.Equal(least, ToolCall.Parse(least.Body));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"tool":"t","failed":"no","retries":0,"occurred_at_us":1,"reporter":"api","id":"i"}""")]
    [InlineData("""{"tool":"t","failed":false,"retries":1.5,"occurred_at_us":1,"reporter":"api","id":"i"}""")]
    public void What_is_no_body_of_a_call_is_no_call(string body) => Assert.Null(ToolCall.Parse(body));

    [Fact]
    public void Source_and_id_together_make_the_name_of_the_record()
    {
        Assert.Equal(ToolCall.NameOf("call", "a"), ToolCall.NameOf("call", "a"));
        Assert.Equal(4, ((string[])[ToolCall.NameOf("call", "a"), ToolCall.NameOf("cal", "la"), ToolCall.NameOf("call", "b"), ToolCall.NameOf("", "calla")])
            .Distinct(StringComparer.Ordinal).Count());
        Assert.True(Core.Tenancy.Names.IsValid(ToolCall.NameOf("ä", "\"\n")));
    }

    [Fact]
    public void A_call_of_a_clock_that_runs_ahead_counts_when_it_is_recorded()
    {
        Assert.Equal(Call.OccurredAt, Call.CountsAt(Call.OccurredAt + TimeSpan.FromHours(1)));
        Assert.Equal(Call.OccurredAt - TimeSpan.FromHours(1), Call.CountsAt(Call.OccurredAt - TimeSpan.FromHours(1)));
    }

    [Theory]
    [InlineData("get_weather", "get_weather")]
    [InlineData("mcp.files/read", "mcp.files/read")]
    [InlineData("two words", "other")]
    [InlineData("", "other")]
    [InlineData(null, "other")]
    public void A_name_that_is_no_valid_one_counts_as_other(string? tool, string counted) => Assert.Equal(counted, ToolCall.Counted(tool));
}
