using System.Text;
using Tieout.Core.Spike;

namespace Tieout.Core.Tests.Spike;

public sealed class SignalWordsTests
{
    [Theory]
    [InlineData("stop", "stop")]
    [InlineData("end_turn", "stop")]
    [InlineData("STOP", "stop")]
    [InlineData("MAX_TOKENS", "length")]
    [InlineData("max_output_tokens", "length")]
    [InlineData("tool_use", "tool_calls")]
    [InlineData("content_filter", "filtered")]
    [InlineData("SAFETY", "filtered")]
    [InlineData("something_new", "other")]
    [InlineData("", null)]
    public void An_answer_ends_for_the_same_reason_in_every_dialect(string said, string? reason) =>
        Assert.Equal(reason, FinishReason.Of(Encoding.UTF8.GetBytes(said)));

    [Theory]
    [InlineData(null, false, "other")]
    [InlineData("", false, "other")]
    [InlineData("curl/8.5.0", false, "other")]
    [InlineData("anything", true, "sdk")]
    [InlineData("OpenAI/Python 1.99.0", false, "sdk")]
    [InlineData("Anthropic/JS 0.60.0", false, "sdk")]
    [InlineData("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", false, "browser")]
    [InlineData("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", false, "bot")]
    [InlineData("Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)", false, "bot")]
    public void A_program_has_the_class_that_it_says(string? userAgent, bool saysSdk, string expected) =>
        Assert.Equal(expected, AgentClass.Of(userAgent, saysSdk));
}
