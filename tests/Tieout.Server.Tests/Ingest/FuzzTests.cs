using System.Diagnostics;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Tieout.Server.Http;
using Tieout.Server.Ingest;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Ingest;

/// <summary>Whatever the bytes: items, or a refusal that names what is wrong. For a bounded time, from a seed that a failure names.</summary>
public sealed class FuzzTests
{
    private static readonly TimeSpan Lasting = TimeSpan.FromSeconds(1.5);

    private static readonly string[] Seeds =
    [
        $$"""[{{Sending.Record("a", ""","units":{"web_searches":"3"},"provider_cost":"1","trace_id":"0af7651916cd43dd8448eb211c80319c","user":"\ud83d\ude00" """)}}]""",
        $$"""{"items":[{{Sending.Record("b")}},7,null,[{}]]}""",
        $$$$"""[{"specversion":"1.0","id":"a","source":"s","type":"prompt","subject":"acme","time":"{{{{Sending.At}}}}","data":{"tokens":"12","model":"gpt-4o","type":"input","x":{"y":[1,2]}}}]""",
        $$$"""{"specversion":"1.0","id":"a","source":"s","type":"ai.usage.attempt.v1","subject":"acme","time":"{{{Sending.At}}}","data_base64":"eyJtb2RlbCI6ImdwdC00byIsImlucHV0X3Rva2VucyI6MX0="}""",
        """
        {"resourceSpans":[{"resource":{"attributes":[{"key":"tenant.id","value":{"stringValue":"acme"}}]},"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174",
        "startTimeUnixNano":"1763625600000000000","status":{"code":2},"attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.request.model","value":{"stringValue":"gpt-4o"}},
        {"key":"gen_ai.usage.input_tokens","value":{"intValue":"12"}},{"key":"gen_ai.usage.output_tokens","value":{"doubleValue":1e3}}]}]}]}]}
        """,
    ];

    private static readonly string[] Scraps =
    [
        "\"", "{", "}", "[", "]", ",", ":", "\\", "\\ud800", "null", "-1", "1e999", "99999999999999999999999", "\"\"", "\0", "true", "{}", "[]", "\uFEFF",
        "\"9999-12-31T23:59:59.9999999-14:00\"", "\"0001-01-01T00:00:00+14:00\"",
    ];

    [Fact]
    public void Plain_records_are_items_or_refused() => Fuzz(1, body => PlainUsage.Read(body));

    [Fact]
    public void Events_are_items_or_refused() => Fuzz(2, body => CloudEvents.Read(body, org: null, out _));

    [Fact]
    public void Events_in_binary_mode_are_items_or_refused()
    {
        var random = new Random(3);
        Fuzz(3, body =>
        {
            var headers = new HeaderDictionary();
            foreach (var name in (ReadOnlySpan<string>)["specversion", "id", "source", "type", "time", "subject", "traceparent", "x"])
            {
                headers["ce-" + name] = name == "specversion" ? "1.0" : Scraps[random.Next(Scraps.Length)] + "%zz%ff";
            }

            headers["ce-type"] = "prompt";
            headers["ce-time"] = random.Next(2) == 0 ? Sending.At : Scraps[random.Next(Scraps.Length)];
            return CloudEvents.ReadBinary(headers, body, "acme");
        });
    }

    [Fact]
    public void Traces_are_items_or_refused() => Fuzz(4, body => OtlpTraces.Read(body));

    [Fact]
    public async Task The_server_never_fails_and_never_shows_a_stack_trace()
    {
        await using var world = await ApiWorld.StartAsync();
        var random = new Random(5);
        var clock = Stopwatch.StartNew();
        for (var i = 0; clock.Elapsed < Lasting; i++)
        {
            var address = (i % 3) switch { 0 => "/api/v1/usage", 1 => "/api/v1/events", _ => "/v1/traces" };
            using var response = await world.SendAsync(address, Mutated(random), encoding: random.Next(8) == 0 ? "gzip" : null);
            var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.True(response.StatusCode is HttpStatusCode.OK or (>= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError),
                $"{i}: {(int)response.StatusCode} {text}");
            Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
        }
    }

    private delegate List<UsageItem> Parse(byte[] body);

    private static void Fuzz(int seed, Parse parse)
    {
        var random = new Random(seed);
        var clock = Stopwatch.StartNew();
        var (rounds, items) = (0, 0);
        for (; clock.Elapsed < Lasting; rounds++)
        {
            var body = Mutated(random);
            try
            {
                foreach (var item in parse(body))
                {
                    items++;
                    // What was not refused is whole.
                    if (item.Refusal is null)
                    {
                        Assert.True(item.Id is not null && item.OccurredAt is not null && item.Counts() is { InputTokens: >= 0, OutputTokens: >= 0 });
                    }
                }
            }
            catch (ApiRefusedException refused)
            {
                Assert.False(string.IsNullOrEmpty(refused.Detail));
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"Seed {seed}, round {rounds}: {e.GetType().Name} for {Convert.ToBase64String(body)}\n{e}");
            }
        }

        Assert.True(rounds > 100 && items > 0, $"{rounds} rounds, {items} items: too few to say anything.");
    }

    private static byte[] Mutated(Random random)
    {
        var body = new List<byte>(Encoding.UTF8.GetBytes(Seeds[random.Next(Seeds.Length)]));
        for (var changes = random.Next(4); changes > 0 && body.Count > 0; changes--)
        {
            var at = random.Next(body.Count);
            switch (random.Next(6))
            {
                case 0: body[at] = (byte)random.Next(256); break;
                case 1: body.RemoveAt(at); break;
                case 2: body.RemoveRange(at, random.Next(body.Count - at)); break;
                case 3: body.InsertRange(at, Encoding.UTF8.GetBytes(Scraps[random.Next(Scraps.Length)])); break;
                case 4: body.InsertRange(at, body.GetRange(at, random.Next(Math.Min(200, body.Count - at)))); break;
                default: Replace(body, at, Encoding.UTF8.GetBytes(Scraps[random.Next(Scraps.Length)])); break;
            }
        }

        return [.. body];
    }

    /// <summary>Puts something else where a value is: such bodies stay JSON, and so get far.</summary>
    private static void Replace(List<byte> body, int from, byte[] scrap)
    {
        var colon = body.IndexOf((byte)':', from);
        if (colon < 0) return;
        var end = body.FindIndex(colon, value => value is (byte)',' or (byte)'}');
        if (end < 0) return;
        body.RemoveRange(colon + 1, end - colon - 1);
        body.InsertRange(colon + 1, scrap);
    }
}
