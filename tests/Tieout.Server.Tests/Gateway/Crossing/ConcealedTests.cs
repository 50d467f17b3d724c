using System.Text;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Tests.BadInput;

namespace Tieout.Server.Tests.Gateway.Crossing;

/// <summary>Our key at a provider comes out of no answer, on any path and with any status.</summary>
public sealed class ConcealedTests
{
    private const string Key = "sk-secret-of-ours";

    // Every split into two pieces, read with every size of buffer: what comes out is the same, and has no key.
    [Fact]
    public async Task A_key_is_concealed_however_the_answer_is_cut_and_read()
    {
        var text = $"sk-s{Key}{Key}ecret sk-secret-of-our. {Key[..^1]}";
        var expected = text.Replace(Key, new string('*', Key.Length), StringComparison.Ordinal);
        var secrets = new ProviderSecrets([Key, "sk-other-key"]);
        for (var cut = 0; cut <= text.Length; cut++)
        {
            for (var size = 1; size <= Key.Length + 3; size++)
            {
                await using var stream = new ConcealedStream(new Pieces(Encoding.ASCII.GetBytes(text[..cut]), Encoding.ASCII.GetBytes(text[cut..])), secrets);
                var (read, buffer) = (new StringBuilder(), new byte[size]);
                while (await stream.ReadAsync(buffer, TestContext.Current.CancellationToken) is var count and > 0)
                {
                    read.Append(Encoding.ASCII.GetString(buffer, 0, count));
                }

                Assert.True(expected == read.ToString(), $"cut {cut}, size {size}: {read}");
            }
        }
    }

    [Theory]
    [InlineData("200 OK", "/v1/chat/completions", World.Hello)]
    [InlineData("200 OK", "/v1/chat/completions", World.HelloStream)]
    [InlineData("401 No", "/v1/chat/completions", World.Hello)]
    [InlineData("302 Found", "/v1/chat/completions", World.Hello)]
    [InlineData("500 Oh", "/v1/chat/completions", World.HelloStream)]
    [InlineData("200 OK", "/v1/responses", """{"model":"gpt-4o","input":"Hi"}""")]
    [InlineData("200 OK", "/v1/moderations", """{"model":"omni-moderation-latest","input":"Hi"}""")]
    [InlineData("401 No", "/v1/messages/count_tokens", """{"model":"claude-sonnet-4-5","messages":[]}""")]
    [InlineData("200 OK", "/v1/messages", """{"model":"claude-sonnet-4-5","max_tokens":9,"messages":[]}""")]
    [InlineData("403 No", "/v1beta/models/gemini-2.5-flash:generateContent", """{"contents":[]}""")]
    [InlineData("200 OK", "/v1beta/models/gemini-2.5-flash:streamGenerateContent", """{"contents":[]}""")]
    [InlineData("200 OK", "/v1/audio/speech", """{"model":"tts-1","input":"Hi","voice":"alloy"}""")]
    [InlineData("400 No", "/v1/messages/batches", """{"requests":[{"custom_id":"a","params":{"model":"claude-sonnet-4-5","max_tokens":9,"messages":[]}}]}""")]
    [InlineData("200 OK", "/v1/messages/batches", """{"requests":[{"custom_id":"a","params":{"model":"claude-sonnet-4-5","max_tokens":9,"messages":[]}}]}""")]
    public async Task No_answer_carries_our_key(string status, string path, string body)
    {
        await using var provider = RawProvider.Start();
        var type = body.Contains("stream\":true", StringComparison.Ordinal) ? "text/event-stream" : "application/json";
        var payload =
            $$$"""{"id":"x","status":"completed","model":"gpt-4o","error":{"message":"The key {{{World.ProviderKey}}} is wrong"},"choices":[{"message":{"content":"{{{World.ProviderKey}}}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}""";
        if (type == "text/event-stream") payload = $"data: {payload}\n\ndata: [DONE]\n\n";
        if (path.EndsWith("streamGenerateContent", StringComparison.Ordinal)) payload = $"[{payload}]";
        var bytes =
            Encoding.ASCII.GetBytes(
                $"HTTP/1.1 {status}\r\nContent-Type: {type}\r\nConnection: close\r\nX-Request-Id: req-{World.ProviderKey}\r\nopenai-note: {World.ProviderKey}\r\nLocation: /?key={World.ProviderKey}\r\n\r\n{payload}");
        var cut = bytes.AsSpan().LastIndexOf(Encoding.ASCII.GetBytes(World.ProviderKey)) + 7;
        provider.Answer = [bytes[..cut], bytes[cut..]];
        await using var world = await DialectsWorld.StartAsync(providerUrl: provider.Url);

        using var answer = await world.PostAsync(path, body, DialectsChargeTests.KeyOf(path));
        var all = $"{string.Join('\n', answer.Headers.Concat(answer.Content.Headers).Select(header => $"{header.Key}: {string.Join(',', header.Value)}"))}\n{await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}";

        Assert.DoesNotContain(World.ProviderKey, all, StringComparison.Ordinal);
        Assert.NotEmpty(provider.Requests);
        if (status == "200 OK" && !path.Contains("batches", StringComparison.Ordinal)) Assert.Contains("****", all, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stored_responses_and_files_carry_no_key_either()
    {
        await using var provider = RawProvider.Start();
        provider.Answer = [RawProvider.Http("application/json",
            Encoding.ASCII.GetBytes(
                $$$"""{"id":"kept-1","status":"completed","note":"{{{World.ProviderKey}}}","output":[],"usage":{"input_tokens":1,"output_tokens":1,"total_tokens":2}}"""))];
        await using var world = await DialectsWorld.StartAsync(providerUrl: provider.Url);
        (await world.PostAsync("/v1/responses", """{"model":"gpt-4o","input":"Hi"}""", DialectsChargeTests.KeyOf(""))).Dispose();
        (await world.UploadAsync(BatchesWorld.Line("a"))).Dispose();

        foreach (var path in (string[])["/v1/responses/kept-1", "/v1/responses/kept-1/input_items", "/v1/files", "/v1/files/kept-1",
            "/v1/files/kept-1/content"])
        {
            using var answer = await world.SendAsync(HttpMethod.Get, path);
            var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.True((int)answer.StatusCode == 200, $"{path}: {text}");
            Assert.Contains("****", text, StringComparison.Ordinal);
            Assert.DoesNotContain(World.ProviderKey, text, StringComparison.Ordinal);
        }
    }

    private sealed class Pieces(params byte[][] pieces) : MemoryStream
    {
        private int _next, _at;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            while (_next < pieces.Length && _at == pieces[_next].Length) (_next, _at) = (_next + 1, 0);
            if (_next == pieces.Length) return ValueTask.FromResult(0);
            var count = Math.Min(buffer.Length, pieces[_next].Length - _at);
            pieces[_next].AsSpan(_at, count).CopyTo(buffer.Span);
            _at += count;
            return ValueTask.FromResult(count);
        }
    }
}
