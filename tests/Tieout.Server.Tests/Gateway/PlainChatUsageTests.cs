using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Tieout.Core.Metering;
using Tieout.Core.Pricing;
using Tieout.Server.Gateway.Dialects;

namespace Tieout.Server.Tests.Gateway;

/// <summary>The fast reading of a usage block is the price list's reading.</summary>
public sealed class PlainChatUsageTests
{
    private static UsageExtractor OpenAi => PriceBook.Builtin.Extractor("openai", "chat")!;

    [Fact]
    public void The_built_in_list_reads_openais_chat_as_the_fast_path_does_and_not_every_providers()
    {
        Assert.True(PlainChatUsage.Agrees(OpenAi));
        Assert.False(PlainChatUsage.Agrees(PriceBook.Builtin.Extractor("anthropic", "default")!));
    }

    [Fact]
    public void What_the_fast_path_reads_the_list_reads_the_same_and_without_oddities()
    {
        // Small numbers, so that parts above their whole and totals that do not tie are common.
        var count = Gen.Elements("0", "1", "2", "3", "5", "8", "null", "-1", "2.0", "1.5", "\"3\"", "9999999999999", "{}");
        var part = from name in Gen.Elements(
            "cached_tokens", "cache_write_tokens", "reasoning_tokens", "audio_tokens", "accepted_prediction_tokens", "new_tokens")
                   from value in count
                   select $"\"{name}\":{value}";
        var parts = from one in part from two in part select "{" + one + "," + two + "}";
        var member = Gen.OneOf(
            from name in Gen.Elements(
                "prompt_tokens", "completion_tokens", "total_tokens", "cost", "iterations")
            from value in count
            select $"\"{name}\":{value}",
            from name in Gen.Elements("prompt_tokens_details", "completion_tokens_details") from value in parts select $"\"{name}\":{value}");
        var block = from input in Gen.Choose(0, 9)
                    from output in Gen.Choose(0, 9)
                    from more in member.ListOf()
                    select $"{{\"prompt_tokens\":{input},\"completion_tokens\":{output}{string.Concat(more.Select(one => "," + one))}}}";
        var read = 0;

        Prop.ForAll(block.ToArbitrary(), text =>
        {
            if (!PlainChatUsage.TryRead(Encoding.UTF8.GetBytes(text), out var counts)) return true;
            read++;
            return OpenAi.Read(Encoding.UTF8.GetBytes($"{{\"usage\":{text}}}").AsMemory()) is UsageReading.Measured({ Flags: UsageFlags.None } measured)
                && measured.Counts == counts;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));
        Assert.True(read > 40, $"Only {read} blocks were plain.");
    }

    [Fact]
    public void The_block_that_openai_sends_is_plain()
    {
        const string text = """
            {"prompt_tokens":1234,"completion_tokens":56,"total_tokens":1290,"prompt_tokens_details":{"cached_tokens":1000,"audio_tokens":0},
            "completion_tokens_details":{"reasoning_tokens":7,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}
            """;
        Assert.True(PlainChatUsage.TryRead(Encoding.UTF8.GetBytes(text), out var counts));
        Assert.Equal(new UsageCounts(1234, 1000, 0, 56, 7), counts);
    }
}
