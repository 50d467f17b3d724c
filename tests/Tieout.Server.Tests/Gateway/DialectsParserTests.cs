using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Tieout.Server.Gateway;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.References;

namespace Tieout.Server.Tests.Gateway;

/// <summary>The parsers of requests and answers: the same however bytes arrive, and never surprised.</summary>
public sealed class DialectsParserTests
{
    private static readonly string[] Fragments =
        ["{", "}", "[", "]", ",", ":", "\"", "\\", "\\ud800", "model", "usage", "\"usage\":", "\"text\":", "\"messages\":", "1e999", "null", "true", "\n", " ",
            "\u00fc", "--b", "\r\n", "name=\"model\""];

    private static readonly Gen<byte[]> AnyBytes = Gen.Elements(Fragments).ListOf().Select(parts => Encoding.UTF8.GetBytes(string.Concat(parts)));

    [Fact]
    public void An_array_gives_its_elements_however_it_is_cut()
    {
        const string array = "[{\"a\":\"}]\\\"{\"}\n,\r\n{\"b\":[{},{\"c\":1}]},{}]";
        var bytes = Encoding.UTF8.GetBytes(array);
        Prop.ForAll(Gen.Choose(0, bytes.Length).ToArbitrary(), arrived =>
        {
            var (found, elements, taken) = (new List<string>(), new ArrayElements(), 0);
            foreach (var to in (ReadOnlySpan<int>)[arrived / 2, arrived, Math.Min(arrived + 1, bytes.Length)])
            {
                while (elements.TryFind(bytes.AsSpan(taken, to - taken), out var start, out var end))
                {
                    found.Add(Encoding.UTF8.GetString(bytes.AsSpan(taken + start, end - start)));
                    taken += end;
                }
            }

            return new[] { "{\"a\":\"}]\\\"{\"}", "{\"b\":[{},{\"c\":1}]}", "{}" }.Take(found.Count).SequenceEqual(found)
                && (arrived < bytes.Length || found.Count == 3);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Nothing_that_comes_in_surprises_a_parser() =>
        Prop.ForAll(AnyBytes.ToArbitrary(), bytes =>
        {
            foreach (var endpoint in new Endpoint[] { new OpenAiChat(), new OpenAiResponses(), new AnthropicMessages(
                counts: false), OpenAiPlain.Images(), new OpenAiSpeech() })
            {
                var refused = endpoint.Read(null!, bytes, out var request);
                Assert.True(refused is null != request is null);
            }

            var form = RequestForm.ReadAsync("multipart/form-data; boundary=b", bytes, CancellationToken.None).AsTask().GetAwaiter().GetResult();
            Assert.True(form.Form is null != form.Refused is null);
            foreach (var dialect in Enum.GetValues<Tieout.Server.Configuration.ProviderDialect>())
            {
                ReferenceReader.Read(bytes, ReferenceRules.Of(dialect), out _);
            }

            new ArrayElements().TryFind(bytes, out _, out _);
            JsonMember.Value(bytes, "usage"u8);
            Assert.True(JsonMember.WrittenBytes(bytes) <= bytes.Length);
            ChatAnswer.TryRead(bytes, out _);
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("{\"usage\":{\"\\ud800\":1,\"input_tokens\":3}}")]
    [InlineData("{\"\\ud800\":1,\"usage\":{\"input_tokens\":3}}")]
    public void A_name_that_is_no_text_is_no_accident(string json)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        JsonMember.Overlay("{\"input_tokens\":1}"u8, JsonMember.Object(bytes, "usage"u8));
        Assert.False(ChatAnswer.TryRead(bytes, out _) && JsonMember.Value(bytes, "nothing"u8).Length > 0);
    }

    [Theory]
    [InlineData("{\"input_tokens\":5,\"output_tokens\":1}", "{\"output_tokens\":9,\"input_tokens\":null}", "{\"input_tokens\":5,\"output_tokens\":9}")]
    [InlineData("", "{\"output_tokens\":9}", "{\"output_tokens\":9}")]
    public void The_last_of_each_figure_counts(string first, string then, string expected) =>
        Assert.True(JsonElement.DeepEquals(
            JsonElement.Parse(expected), JsonElement.Parse(JsonMember.Overlay(Encoding.UTF8.GetBytes(first), Encoding.UTF8.GetBytes(then)))));

    [Theory]
    [InlineData("""{"model":"m","max_tokens":5,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","data":"abc"}},{"type":"document","source":{}}]}],"system":"Be brief"}""", 8, 2, 1, 0)]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"Hello"}],"tools":[{"type":"web_search_20250305","name":"web_search","max_uses":3},{"name":"mine","input_schema":{"type":"object"}}]}""", 5, 0, 1, 3)]
    [InlineData("""{"model":"m","messages":[],"tools":[{"type":"code_execution_20250825","name":"code_execution"}]}""", 0, 0, 1, 10)]
    public void A_request_is_bounded_by_all_that_is_in_it(string body, long text, int images, int files, int tools)
    {
        Assert.Null(new AnthropicMessages(counts: false).Read(null!, Encoding.UTF8.GetBytes(body), out var request));
        Assert.Equal((text, images, files, tools), (request!.TextBytes, request.Images, request.Files, request.ToolCalls));
    }
}
