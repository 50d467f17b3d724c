using System.Text;
using System.Text.Json;
using Tieout.Server.Ingest;

namespace Tieout.Server.Tests.Ingest;

public sealed class RepeatedTextTests
{
    // Far more texts than there are places: whatever stands in a place, a text is never taken for another.
    [Fact]
    public void A_text_is_itself_however_many_others_there_were()
    {
        string[] texts = [.. Enumerable.Range(0, 20_000).Select(no => $"m-{no}"), "", "é", "\u00fcber-model", "日本", "a\"b\\c\n", new('x', 48), new('x', 49),
            new('é', 24)];
        foreach (var text in texts.Concat(texts)) Assert.Equal(text, Read(JsonSerializer.Serialize(text)));
    }

    [Fact]
    public void One_that_comes_again_is_the_same_instance() => Assert.Same(Read("\"gpt-4o-mini-2024-07-18\""), Read("\"gpt-4o-mini-2024-07-18\""));

    [Theory]
    [InlineData("\"\\ud800\"")]
    public void What_is_no_text_is_none(string json) => Assert.Null(Read(json));

    private static string? Read(string json)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
        reader.Read();
        return RepeatedText.Of(reader);
    }
}
