using System.Text;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Tieout.Server.Gateway.Dialects;

namespace Tieout.Server.Tests.Gateway;

/// <summary>What goes to the provider is what the client wrote, byte for byte, but for the model and the wish for usage.</summary>
public sealed class RewriteTests
{
    private const string Rest = """ "messages" : [{"role":"user","content":"gr\u00fc\u00df \"model\":\"x\" ✓"}] , "x_new":{"a":[1.50,1e3,null]} """;

    [Theory]
    [InlineData("""{"model":"m",%}""", """{"model":"gpt-4o",%}""")]
    [InlineData("""{%,"model" : "m"}""", """{%,"model" : "gpt-4o"}""")]
    [InlineData("""{"model":"m","stream":true,%}""", """{"model":"gpt-4o","stream":true,%,"stream_options":{"include_usage":true}}""")]
    [InlineData("""{"model":"m","stream":true,"stream_options":{},%}""", """{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true},%}""")]
    [InlineData("""{"stream_options":null,"model":"m","stream":true,%}""", """{"stream_options":{"include_usage":true},"model":"gpt-4o","stream":true,%}""")]
    [InlineData("""{"stream_options":{"include_usage": false },"model":"m","stream":true,%}""",
        """{"stream_options":{"include_usage": true },"model":"gpt-4o","stream":true,%}""")]
    [InlineData("""{"model":"m","stream":true,"stream_options":{ "a":1},%}""",
        """{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true, "a":1},%}""")]
    [InlineData("""{"model":"m","stream":true,"stream_options":{"include_usage":true},%}""",
        """{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true},%}""")]
    [InlineData("""{"model":"m","stream":false,"stream_options":{"a":1},%}""", """{"model":"gpt-4o","stream":false,"stream_options":{"a":1},%}""")]
    public void Only_the_model_and_the_wish_for_usage_change(string body, string expected) =>
        Assert.Equal(expected.Replace("%", Rest, StringComparison.Ordinal), Rewrite(body.Replace("%", Rest, StringComparison.Ordinal)));

    [Fact]
    public void Any_order_of_members_stays_JSON_with_the_same_members()
    {
        var members = new[] { "\"model\":\"m\"", "\"stream\":true", "\"messages\":[]", "\"temperature\":0.70", "\"tools\":[{\"model\":\"m\"}]" };
        var options = new[] { null, "\"stream_options\":null", "\"stream_options\":{}", "\"stream_options\":{\"x\":1}",
            "\"stream_options\":{\"include_usage\":false}", "\"stream_options\":{\"include_usage\":null,\"x\":{}}" };
        var anyBody = from order in Gen.Shuffle(members)
                      from option in Gen.Elements(options)
                      from place in Gen.Choose(0, members.Length)
                      select "{" + string.Join(',', option is null ? order.AsEnumerable() : order.Take(place).Append(option).Concat(order.Skip(place))) + "}";

        Prop.ForAll(anyBody.ToArbitrary(), body =>
        {
            var before = JsonNode.Parse(body)!.AsObject();
            var after = JsonNode.Parse(Rewrite(body))!.AsObject();
            var asked = (bool?)after["stream_options"]?["include_usage"] ?? false;
            var same = before.Where(member => member.Key is not "model" and not "stream_options").All(
                member => JsonNode.DeepEquals(member.Value, after[member.Key]));
            return asked && same && (string?)after["model"] == "gpt-4o" && body.Contains("0.70", StringComparison.Ordinal);
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("""{"usage":null,"a":1}""", """{"a":1}""")]
    [InlineData("""{"a":1,"usage":null}""", """{"a":1}""")]
    [InlineData("""{"a":1 , "usage" : {"x":[1]} , "b":2}""", """{"a":1 , "b":2}""")]
    [InlineData("""{"usage":null}""", "{}")]
    public void Usage_is_cut_out_with_its_comma(string chunk, string expected)
    {
        var bytes = Encoding.UTF8.GetBytes(chunk);
        Assert.True(ChatAnswer.TryRead(bytes, out var answer));
        Assert.Equal(expected, Encoding.UTF8.GetString([.. bytes[..answer.UsageMember!.Value.Start.Value], .. bytes[answer.UsageMember!.Value.End.Value..]]));
    }

    private static string Rewrite(string body)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        Assert.Null(RequestReader.Read(bytes, OpenAiChat.Shape, out var request));
        return Encoding.UTF8.GetString(RequestRewriter.Rewrite(bytes, request!, "\"gpt-4o\""u8.ToArray()).Span);
    }
}
