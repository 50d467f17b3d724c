using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using Tieout.Server.Tests.Gateway;

namespace Tieout.Server.Tests.BadInput;

/// <summary>Bodies that we and a provider might read differently: what we would price by must be what it goes by, or it goes nowhere.</summary>
public sealed class SameReadingTests
{
    private static readonly (string Path, string Body, string Code)[] Bodies =
    [
        ("/v1/chat/completions", """{"model":"cheap","messages":[],"model":"gpt-4o"}""", "body_malformed"),
        ("/v1/chat/completions", """{"model":"cheap","messages":[],"Model":"gpt-4o"}""", "body_malformed"),
        ("/v1/chat/completions", """{"model":"cheap","messages":[],"mod\u0065l":"gpt-4o"}""", "body_malformed"),
        ("/v1/chat/completions", """{"model":"cheap","messages":[],"max_tokens":1,"MAX_TOKENS":100000}""", "body_malformed"),
        ("/v1/chat/completions", """{"model":"cheap","messages":[],"n":1,"N":100}""", "body_malformed"),
        ("/v1/chat/completions", "{\"model\":\"cheap\",\"messages\":[],\"mo\u00ffdel\":\"gpt-4o\"}", "body_malformed"),
        ("/v1/chat/completions", "{\"model\":\"cheap\",\"messages\":[\"\u00c0\u0080\"]}", "body_malformed"),
        ("/v1/chat/completions", "\u00ef\u00bb\u00bf{\"model\":\"cheap\",\"messages\":[]}", "body_malformed"),
        ("/v1/chat/completions", """{"model":"cheap","messages":[],"n":NaN}""", "body_malformed"),
        ("/v1/chat/completions", """{"model":"cheap","messages":[],"n":1e999}""", "parameter_invalid"),
        ("/v1/chat/completions", """{"model":"cheap","messages":[],"max_tokens":-5}""", "parameter_invalid"),
        ("/v1/chat/completions", """{"model":"cheap","messages":[],"max_tokens":1e3}""", "parameter_invalid"),
        ("/v1/chat/completions", """{"model":"cheap","messages":[],"max_tokens":"100"}""", "parameter_invalid"),
        ("/v1/chat/completions", """{"model":"cheap","messages":[],/* "n":9 */"x":1}""", "body_malformed"),
        ("/v1/chat/completions", """{"model":"cheap","messages":[],}""", "body_malformed"),
        ("/v1/chat/completions", """{'model':'cheap','messages':[]}""", "body_malformed"),
        ("/v1/responses", """{"model":"cheap","input":"Hi","max_output_tokens":0}""", "parameter_invalid"),
        ("/v1/messages", """{"model":"claude-sonnet-4-5","max_tokens":5,"max_tokens":5000,"messages":[]}""", "body_malformed"),
        ("/v1/images/generations", """{"model":"dall-e-3","prompt":"A bill","n":1000000}""", "parameter_invalid"),
        ("/v1/chat/completions", "{\"model\":\"cheap\",\"messages\":" + Nested("[", "]") + "}", "body_malformed"),
        ("/v1/chat/completions", "{\"model\":\"cheap\",\"messages\":[],\"x\":" + Nested("{\"a\":", "}", "1") + "}", "body_malformed"),
        ("/v1beta/models/gemini-2.5-flash:generateContent", "{\"contents\":[],\"generationConfig\":" + Nested("{\"a\":", "}", "1") + "}", "BODY_MALFORMED"),
    ];

    [Fact]
    public async Task What_could_be_read_in_two_ways_is_refused_and_sent_to_nobody()
    {
        await using var world = await DialectsWorld.StartAsync();
        foreach (var (path, body, code) in Bodies)
        {
            // Byte for byte: what is above 127 here is no UTF-8 there.
            using var content = new ByteArrayContent(Encoding.Latin1.GetBytes(body));
            using var response = await world.PostAsync(path, content, DialectsChargeTests.KeyOf(path));

            var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.True(400 == (int)response.StatusCode && text.Contains(code, StringComparison.Ordinal),
                $"{body[..Math.Min(100, body.Length)]}: {(int)response.StatusCode} {text}");
        }

        Assert.Empty(world.Bill.Calls());
        Assert.Empty(await world.UsageAsync());
    }

    [Fact]
    public async Task A_hosted_tool_is_held_for_however_its_type_is_written()
    {
        await using var world = await DialectsWorld.StartAsync();
        var held = new List<Core.Money.Amount>();
        foreach (var type in (string[])["web_search_preview", "web\\u005fsearch_preview"])
        {
            using var response = await world.PostAsync("/v1/responses",
                $$"""{"model":"gpt-4o","input":"Hi","max_output_tokens":10,"tools":[{"type":"{{type}}"}]}""", DialectsChargeTests.KeyOf("/v1/responses"));
            Assert.Equal(200, (int)response.StatusCode);
            var operation =
                await world.Read.OperationAsync(World.Org, response.Headers.GetValues("Tieout-Operation").Single(), TestContext.Current.CancellationToken);
            held.Add(operation.Single().Hold!.Amount);
        }

        Assert.Equal(held[0], held[1]);
    }

    // A gigabyte of blanks is a megabyte of gzip. A body is unpacked once, and up to the size that one may have that is not packed.
    [Fact]
    public async Task A_packed_body_is_unpacked_once_and_within_the_bound_of_a_body()
    {
        await using var world = await DialectsWorld.StartAsync(gateway: gateway => gateway with { BodyBytesMax = 1024 * 1024 });
        var (bomb, twice) = (Gzip(new byte[64 * 1024 * 1024]), Gzip(Gzip(new byte[64 * 1024 * 1024])));
        foreach (var (packed, path, status) in new[]
        {
            (bomb, "/v1/chat/completions", 413), (bomb, "/v1/messages", 413), (bomb[..100], "/v1/chat/completions", 400),
            (twice, "/v1/chat/completions", 400), (twice, "/v1/messages", 400), (twice, "/api/v1/usage", 400), (twice, "/v1/traces", 400),
            (Encoding.UTF8.GetBytes(World.Hello), "/v1/chat/completions", 400),
        })
        {
            using var content = new ByteArrayContent(packed);
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            content.Headers.ContentEncoding.Add("gzip");
            using var response = await world.PostAsync(path, content, DialectsChargeTests.KeyOf(path));
            Assert.Equal(status, (int)response.StatusCode);
        }

        Assert.Empty(world.Bill.Calls());
    }

    // Price lists match beginnings of names: where every listed model passes, what follows one must be a name all the same.
    [Fact]
    public async Task Where_every_listed_model_passes_a_model_is_still_a_name()
    {
        await using var world = await World.StartAsync(change: options => options with { Models = [] });
        foreach (var model in (string[])["gpt-5-nano-\\r\\nX: 1", "gpt-5-nano-\\n", "gpt-5-nano- <script>", "gpt-5-nano-\\u0000", "gpt-5-nano-\\ud83d\\ude00",
            $"gpt-5-nano-{new string('x', 200)}"])
        {
            using var response = await world.ChatAsync($$"""{"model":"{{model}}","messages":[]}""");
            Assert.Equal(404, (int)response.StatusCode);
        }

        Assert.Empty(world.Bill.Calls());
        using var known = await world.ChatAsync("""{"model":"gpt-4o","messages":[],"user":"ann\n"}""");
        Assert.Equal(200, (int)known.StatusCode);
        Assert.StartsWith("sha256:", Assert.Single(await world.UsageAsync()).Usage.EndUser, StringComparison.Ordinal);
    }

    private static string Nested(string open, string close, string inside = "") =>
        string.Concat(Enumerable.Repeat(open, 5000)) + inside + string.Concat(Enumerable.Repeat(close, 5000));

    private static byte[] Gzip(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal)) gzip.Write(bytes);
        return packed.ToArray();
    }
}
