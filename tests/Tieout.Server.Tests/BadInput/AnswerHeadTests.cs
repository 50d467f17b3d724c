using System.Net.Sockets;
using System.Text;
using Tieout.Core.Metering;
using Tieout.Server.Tests.Gateway;

namespace Tieout.Server.Tests.BadInput;

/// <summary>Heads of answers that are no good: what was used is recorded all the same, and nothing of them reaches the client as something else.</summary>
public sealed class AnswerHeadTests
{
    private const string Whole =
        """{"id":"x","object":"chat.completion","model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":"So much."},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":3,"total_tokens":13}}""";
    private const string Stream =
        "data: {\"id\":\"x\",\"model\":\"gpt-4o\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"So much.\"},\"finish_reason\":\"stop\"}]}\n\ndata: {\"id\":\"x\",\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":3,\"total_tokens\":13}}\n\ndata: [DONE]\n\n";

    private static readonly string[] OddHeaders =
    [
        "X-Request-Id: caf\u00e9\r\n", "X-Request-Id: a\u0001b\r\n", "X-Request-Id: \u007f\r\n", "openai-organization: \u00ff\u00fe\r\n", "openai-x: a\tb\r\n",
        "Retry-After: soon\u00a0\r\n",
        "X-Request-Id: one\r\nX-Request-Id: tw\u00f6\r\n", "X-Request-Id: folded\r\n one\r\n", "x-ratelimit-remaining-requests: \r\n",
        "Content-Encoding: identity\r\n", "Transfer-Encoding: identity\r\n",
        "Tieout-Cost: 0\r\nTieout-Budget-Remaining: 99999\r\n", "Set-Cookie: a=b\r\n", "Connection: upgrade\r\nUpgrade: h2c\r\n",
    ];

    [Fact]
    public async Task M1_an_odd_header_of_a_provider_costs_neither_the_answer_nor_its_record()
    {
        await using var provider = RawProvider.Start();
        await using var world = await World.StartAsync(providerUrl: provider.Url);
        var calls = 0;
        foreach (var headers in OddHeaders)
        {
            foreach (var (body, type, answer) in new[] { (World.Hello, "application/json", Whole), (World.HelloStream, "text/event-stream", Stream) })
            {
                provider.Answer = [RawProvider.Http(type, Encoding.UTF8.GetBytes(answer), headers)];

                using var response = await world.ChatAsync(body);

                var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
                Assert.True(200 == (int)response.StatusCode, $"{headers}: {(int)response.StatusCode} {text}");
                Assert.Contains("So much.", text, StringComparison.Ordinal);
                Assert.False(response.Headers.Contains("Set-Cookie"));
                Assert.All(response.Headers.SelectMany(header => header.Value), value => Assert.All(value, c => Assert.InRange(c, ' ', '~')));
                if (response.Headers.TryGetValues("Tieout-Cost", out var cost)) Assert.Equal("0.000055", cost.Single());
                var rows = await world.UsageAsync();
                Assert.True(++calls == rows.Count, $"{headers}: {rows.Count} records of {calls} calls");
                Assert.All(rows,
                    row => Assert.Equal((UsageBasis.Reported, 10, 3), (row.Usage.Basis, row.Usage.Counts.InputTokens, row.Usage.Counts.OutputTokens)));
                Assert.Empty(world.Read.OpenHolds(null));
            }
        }
    }

    private static readonly string[] NoAnswers =
    [
        "", "\r\n\r\n", "HTTP/1.1", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 abc OK\r\n\r\n", "HTTP/9.9 200 OK\r\n\r\n", "220 smtp.example ESMTP\r\n",
        "HTTP/1.1 200 OK\r\nno colon here\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n{}\r\n", "HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/elsewhere\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Type: \u00ff\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 500 \u00e9\r\nContent-Type: text/html\r\nX-Request-Id: \u00e9\r\nContent-Length: 4\r\n\r\n<b/>",
        "HTTP/1.1 600 Odd\r\nContent-Length: 0\r\n\r\n",
    ];

    [Fact]
    public async Task M1_what_is_no_answer_is_an_error_with_a_record_and_without_a_hold()
    {
        await using var provider = RawProvider.Start();
        await using var world = await World.StartAsync(providerUrl: provider.Url);
        var calls = 0;
        foreach (var answer in NoAnswers)
        {
            foreach (var body in new[] { World.Hello, World.HelloStream })
            {
                provider.Answer = [Encoding.Latin1.GetBytes(answer)];

                using var response = await world.ChatAsync(body);

                var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
                Assert.False(text.Contains("internal", StringComparison.Ordinal) || text.Contains("   at ", StringComparison.Ordinal), $"{answer}: {text}");
                var rows = await world.UsageAsync();
                Assert.True((++calls, calls) == (rows.Count, provider.Requests.Count),
                    $"{answer}: {rows.Count} records, {provider.Requests.Count} requests, {calls} calls");
                Assert.All(rows,
                    row => Assert.True(row.Usage.Basis is UsageBasis.Failed || (row.Usage.Basis is UsageBasis.Estimated && row.Usage.Flags != UsageFlags.None),
                        $"{answer}: {row.Usage.Basis} {row.Usage.Flags}"));
                Assert.Empty(world.Read.OpenHolds(null));
            }
        }
    }

    // A redirect, an address in the answer or in the request: only the configuration says where requests go.
    [Fact]
    public async Task A_redirect_of_a_provider_is_followed_by_nobody()
    {
        using var elsewhere = new TcpListener(System.Net.IPAddress.Loopback, 0);
        elsewhere.Start();
        await using var provider = RawProvider.Start();
        await using var world = await World.StartAsync(providerUrl: provider.Url);
        foreach (var status in (string[])["301", "302", "303", "307", "308"])
        {
            provider.Answer = [Encoding.ASCII.GetBytes(
                $"HTTP/1.1 {status} Moved\r\nLocation: http://{elsewhere.LocalEndpoint}/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")];

            using var response = await world.ChatAsync(World.Hello);

            Assert.Equal(502, (int)response.StatusCode);
            Assert.False(response.Headers.Contains("Location"));
        }

        Assert.False(elsewhere.Pending());
    }
}
