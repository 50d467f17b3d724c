using System.Text;
using System.Text.RegularExpressions;
using Tieout.Server.Tests.Gateway;

namespace Tieout.Server.Tests.BadInput;

/// <summary>Requests as no library sends them, to the real server: none is read in two ways, and nothing of one becomes a line of something else.</summary>
[Collection("The console, of which there is one")]
public sealed partial class RawRequestTests
{
    private const string Authorization = "Authorization: Bearer " + World.Secret;
    private const string Spending = """{"model":"gpt-4o","messages":[]}""";
    private static readonly string Inner =
        $"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n{Authorization}\r\nContent-Length: {Spending.Length}\r\n\r\n{Spending}";

    /// <summary>What follows the request line and <c>Host</c>. Each is refused once, and the connection closed.</summary>
    private static readonly (string Name, string Text)[] Smuggled =
    [
        ("two lengths that differ", Head("Content-Length: 38", "Content-Length: 2") + "{}" + Inner),
        ("two lengths in one", Head("Content-Length: 2, 38") + "{}" + Inner),
        ("a length below zero", Head("Content-Length: -2") + "{}" + Inner),
        ("a length in hexadecimal", Head("Content-Length: 0x2") + "{}" + Inner),
        ("a length beyond all bounds", Head("Content-Length: 99999999999999999999999") + "{}" + Inner),
        ("length and chunks", Head("Content-Length: 4", "Transfer-Encoding: chunked") + "0\r\n\r\n" + Inner),
        ("chunks and length", Head("Transfer-Encoding: chunked", "Content-Length: 4") + "0\r\n\r\n" + Inner),
        ("a transfer encoding that is none", Head("Transfer-Encoding: xchunked") + "0\r\n\r\n" + Inner),
        ("chunked is not the last", Head("Transfer-Encoding: chunked, identity") + "0\r\n\r\n" + Inner),
        ("identity before chunked", Head("Transfer-Encoding: identity, chunked") + "0\r\n\r\n" + Inner),
        ("two transfer encodings", Head("Transfer-Encoding: chunked", "Transfer-Encoding: identity") + "0\r\n\r\n" + Inner),
        ("a space before the colon", Head("Content-Length : 2") + "{}" + Inner),
        ("a space before the name", Head(" Content-Length: 2") + "{}" + Inner),
        ("a folded header", Head("X-Folded: one\r\n Content-Length: 2") + "{}" + Inner),
        ("a folded transfer encoding", Head("Transfer-Encoding:\r\n chunked") + "0\r\n\r\n" + Inner),
        ("a carriage return alone", Head("X-Odd: a\rContent-Length: 2") + "{}" + Inner),
        ("a NUL", Head("X-Odd: a\0b") + Inner),
        ("a line feed in a chunk's extension", Head("Transfer-Encoding: chunked") + "2;\nxx\r\n{}\r\n0\r\n\r\n" + Inner),
        ("a carriage return in a chunk's extension", Head("Transfer-Encoding: chunked") + "2;a\rb\r\n{}\r\n0\r\n\r\n" + Inner),
        ("a chunk of a size below zero", Head("Transfer-Encoding: chunked") + "-2\r\n{}\r\n0\r\n\r\n" + Inner),
        ("a chunk of a size beyond all bounds", Head("Transfer-Encoding: chunked") + "fffffffffffffffff\r\n{}\r\n0\r\n\r\n" + Inner),
        ("a chunk longer than it says", Head("Transfer-Encoding: chunked") + "1\r\n{}\r\n0\r\n\r\n" + Inner),
    ];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // Goal: no second request hides in a first one. Method: behind each doubtful request stands one that would spend money; it must never be taken for a
    // request.
    [Fact]
    public async Task A_request_that_could_be_read_in_two_ways_is_refused_and_hides_no_other()
    {
        await using var world = await World.StartAsync();
        var wrong = new List<string>();
        await Task.WhenAll(Smuggled.Select(async row =>
        {
            var answer = await RawClient.ExchangeAsync(
                world.Server.Urls.First(), Encoding.Latin1.GetBytes($"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n{row.Text}"));
            var statuses = string.Join(' ', Status().Matches(answer).Select(match => match.Groups[1].Value));
            lock (wrong) if (statuses != "400") wrong.Add($"{row.Name}: '{statuses}' instead of one 400");
        }));

        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
        Assert.Empty(world.Bill.Calls());
        Assert.Empty(await world.UsageAsync());
    }

    [Theory]
    [InlineData("/v1/models", 50_000, 0, 0, "414")]
    [InlineData("/v1/models", 0, 50_000, 0, "431")]
    [InlineData("/v1/models", 0, 0, 500, "431")]
    public async Task What_is_too_long_is_refused_unread(string path, int query, int header, int headers, string status)
    {
        await using var world = await World.StartAsync();
        var more = string.Concat(Enumerable.Range(0, headers).Select(i => $"X-{i}: 1\r\n"));
        var request = $"GET {path}?{new string('q', query)} HTTP/1.1\r\nHost: x\r\n{Authorization}\r\nX-Long: {new string('h', header)}\r\n{more}\r\n";

        var answer = await RawClient.ExchangeAsync(world.Server.Urls.First(), Encoding.Latin1.GetBytes(request));

        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
    }

    // Goal: no text of a client becomes a header or a line of a log. Method: line breaks, raw and encoded, in every place that is echoed or passed on;
    // the answer's head, what the provider got and every line that was logged are searched for what followed the break.
    [Fact]
    public async Task A_line_break_in_a_request_is_never_one_elsewhere()
    {
        await using var provider = RawProvider.Start();
        provider.Answer = [RawProvider.Http(
            "application/json", """{"id":"x","model":"gpt-4o","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"""u8.ToArray())];
        var printed = new StringWriter();
        var console = System.Console.Out;
        System.Console.SetOut(TextWriter.Synchronized(printed));
        var answers = new List<string>();
        try
        {
            await using var world = await World.StartAsync(
                providerUrl: provider.Url, change: options => options with { Providers = [options.Providers[0] with { ForwardHeaders = ["X-*"] }] });
            var url = world.Server.Urls.First();
            foreach (var (path, header, model) in new[]
            {
                ("/v1/chat/completions?a=%0d%0aEvil:%201&b=%0AEvil:1", "X-A: b", "gpt-4o"),
                ("/v1/chat/completions", "X-A: b%0d%0aEvil: 1", "gpt-4o"),
                ("/v1/chat/completions", "X-A: b", "gpt-4o\\r\\nEvil: 1"),
                ("/v1/chat/completions", "Tieout-Operation: op%0d%0aEvil:1", "gpt-4o"),
                ("/v1/chat/completions", "X-Correlation-Id: id%0d%0aEvil:1", "gpt-4o"),
                ("/v1/none%0d%0aEvil:%201", "X-A: b", "gpt-4o"),
                ("/api/v1/orgs/a%0d%0aEvil:%201", "X-A: b", "gpt-4o"),
                ("/v1/responses/a%0d%0aEvil:%201", "X-A: b", "gpt-4o"),
                ("/v1beta/models/a%0d%0aEvil:%201:generateContent", "X-A: b", "gpt-4o"),
            })
            {
                var body = $$"""{"model":"{{model}}","messages":[],"user":"ann\r\nEvil: 1"}""";
                answers.Add(await RawClient.ExchangeAsync(url, Encoding.Latin1.GetBytes(
                    $"POST {path} HTTP/1.1\r\nHost: x\r\n{Authorization}\r\n{header}\r\nConnection: close\r\nContent-Length: {body.Length}\r\n\r\n{body}"),
                    TimeSpan.FromSeconds(5)));
            }

            foreach (var row in await world.UsageAsync())
            {
                Assert.DoesNotContain('\n', $"{row.Usage.EndUser} {row.Usage.OperationId} {row.Usage.CorrelationId} {row.Usage.Labels}");
            }
        }
        finally
        {
            System.Console.SetOut(console);
        }

        Assert.All(answers, answer => Assert.DoesNotMatch(@"(?im)^evil", answer));
        Assert.NotEmpty(provider.Requests);
        Assert.All(provider.Requests, request => Assert.DoesNotMatch(@"(?im)^evil", request));
        Assert.All(printed.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.StartsWith("{", line, StringComparison.Ordinal));
    }

    // Goal: only the configuration says where a request goes. Method: every place in a request that could name an address, over a raw socket.
    [Fact]
    public async Task Nothing_in_a_request_chooses_where_it_goes()
    {
        using var elsewhere = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        elsewhere.Start();
        var there = elsewhere.LocalEndpoint.ToString();
        await using var provider = RawProvider.Start();
        provider.Answer = [RawProvider.Http(
            "application/json", """{"id":"x","model":"gpt-4o","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"""u8.ToArray())];
        await using var world = await World.StartAsync(providerUrl: provider.Url, change: options => options with { Models = [] });
        var url = world.Server.Urls.First();
        foreach (var (target, host, header, model) in new[]
        {
            ($"http://{there}/v1/chat/completions", there, "X-A: b", "gpt-4o"),
            ("/v1/chat/completions", there, $"X-Forwarded-Host: {there}", "gpt-4o"),
            ("/v1/chat/completions", "x", $"Tieout-Upstream: http://{there}", "gpt-4o"),
            ($"//{there}/v1/chat/completions", "x", "X-A: b", "gpt-4o"),
            ("/v1/chat/completions", "x", "X-A: b", "gpt-4o@" + there),
            ("/v1/chat/completions", "x", "X-A: b", "gpt-4o/../../../" + there),
            ("/v1/chat/completions", "x", "X-A: b", $"http://{there}/gpt-4o"),
            ($"/v1/chat/completions?base_url=http://{there}", "x", "X-A: b", "gpt-4o"),
            ("/v1/../chat/completions", "x", "X-A: b", "gpt-4o"),
        })
        {
            var body = $$"""{"model":"{{model}}","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"http://{{there}}/" } }]}],"base_url":"http://{{there}}/","webhook_url":"http://{{there}}/"}""";
            await RawClient.ExchangeAsync(url, Encoding.Latin1.GetBytes(
                $"POST {target} HTTP/1.1\r\nHost: {host}\r\n{Authorization}\r\n{header}\r\nConnection: close\r\nContent-Length: {body.Length}\r\n\r\n{body}"),
                TimeSpan.FromSeconds(5));
        }

        Assert.NotEmpty(provider.Requests);
        Assert.All(provider.Requests, request => Assert.StartsWith("POST /v1/chat/completions", request, StringComparison.Ordinal));
        Assert.False(elsewhere.Pending());
    }

    private static string Head(params string[] headers) => string.Concat(headers.Append(Authorization).Select(header => header + "\r\n")) + "\r\n";

    [GeneratedRegex(@"HTTP/1\.1 (\d{3}) ")]
    private static partial Regex Status();
}
