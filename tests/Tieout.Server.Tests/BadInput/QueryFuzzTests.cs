using System.Diagnostics;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Server.Configuration;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.BadInput;

/// <summary>Whatever stands in an address of the API or in the configuration: an answer or a refusal, never an accident.</summary>
public sealed class QueryFuzzTests
{
    private static readonly string[] Values =
    [
        "", "0", "1", "-1", "1001", "99999999999999999999", "9223372036854775807", "1e9", "0x10", "%00", "%0d%0aX:1", "%ff%fe", "%F0%9F%98%80", "%", "%zz",
        "..%2f..%2fetc", "'%20or%201=1--", "null", "true", "NaN",
        "2026-11-22", "2026-13-45", "0001-01-01", "9999-12-31", "9999-12-31T23:59:59.9999999-14:00", "0001-01-01T00:00:00%2B14:00", "2026-11-22T08:00:00Z",
        "acme", "gpt-4o", "csv", "json", "day", "hour,model", "[]", "{}", new('x', 3000),
    ];

    private static readonly string[] Names =
        ["limit", "cursor", "from", "to", "format", "org", "team", "key", "project", "user", "feature", "model", "provider", "state", "status", "kind",
            "severity", "day", "at", "Limit", "limit[]", "%00", "since", "until", "operation", "trigger", "items", "by", "top",
            "asset"];

    [Fact]
    public async Task No_query_and_no_path_makes_the_server_fail()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.ChargeAsync(null);
        var paths = world.Server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.RoutePattern.RawText!.StartsWith("/api/v1/", StringComparison.Ordinal)
                && endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Contains("GET"))
            .Select(endpoint => endpoint.RoutePattern.RawText!["/api/v1".Length..]).ToList();
        var seed = Fuzzing.Seed(31);
        var random = new Random(seed);
        var clock = Stopwatch.StartNew();
        var answered = 0;
        for (var round = 1; Fuzzing.GoesOn(clock, round) || round <= 300; round++)
        {
            var path = string.Join('/',
                paths[random.Next(paths.Count)].Split('/').Select(
                    part => part.StartsWith('{') ? part == "{org}" && random.Next(4) > 0 ? "acme" : Value(random) : part));
            var query = string.Join('&', Enumerable.Range(0, random.Next(4)).Select(_ => $"{Names[random.Next(Names.Length)]}={Value(random)}"));
            using var response = await world.SendAsync(HttpMethod.Get, $"{path}?{query}");
            var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.True(
                response.StatusCode < HttpStatusCode.InternalServerError, $"seed {seed}, round {round}: {path}?{query}: {(int)response.StatusCode} {text}");
            if (response.IsSuccessStatusCode) answered++;
        }

        Assert.True(answered > 5, $"{answered} were answered: too few to say anything.");
    }

    [Fact]
    public void A_configuration_is_read_or_refused_with_a_sentence()
    {
        var sample = """
            listen: http://127.0.0.1:4080
            providers:
              sim: { dialect: openai, base_url: "http://127.0.0.1:9/v1", api_key: sk-simulated, forward_headers: ["X-Sim-*"], timeouts: { connect: 1s, idle: 2s } }
              claude: { dialect: anthropic, base_url: "https://api.anthropic.com/v1", api_key: ${KEY} }
            models:
              - name: gpt-4o
                upstreams: [{ provider: sim, model: gpt-4o, priority: 1, weight: 2, output_tokens_max: 100 }, { provider: claude, model: x }]
                retries: { max: 2 }
                fallbacks: [other]
              - { name: other, upstreams: [{ provider: sim, model: other }] }
            limits:
              - { org: acme, requests_per_minute: 10, concurrency: 3 }
            gateway: { on_short: clamp, request_timeout: 10m, body_bytes_max: 1000 }
            """u8.ToArray();
        var seed = Fuzzing.Seed(32);
        var random = new Random(seed);
        var clock = Stopwatch.StartNew();
        for (var round = 1; Fuzzing.GoesOn(clock, round) || round <= 300; round++)
        {
            Read(System.Text.Encoding.Latin1.GetString(Mutation.Of(sample, random, changesMax: 4)),
                string.Create(CultureInfo.InvariantCulture, $"seed {seed}, round {round}"));
        }
    }

    // What is nested deeper than a stack, or grows as it is read, would end the server when its file is changed.
    [Theory]
    [InlineData("flow sequences")]
    [InlineData("flow mappings")]
    [InlineData("block sequences")]
    [InlineData("aliases")]
    public void A_configuration_without_end_is_refused_and_not_the_end(string what)
    {
        var text = what switch
        {
            "flow sequences" => "models: " + new string('[', 200_000),
            "flow mappings" => "models: " + string.Concat(Enumerable.Repeat("{a: ", 100_000)),
            "block sequences" => string.Concat(Enumerable.Repeat("- ", 200_000)) + "a",
            _ => "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
                + string.Concat(Enumerable.Range(1, 12).Select(i => $"a{i}: &a{i} [{string.Join(',', Enumerable.Repeat($"*a{i - 1}", 9))}]\n"))
                + "models: *a12",
        };
        Assert.Throws<ConfigurationException>(() => TieoutYaml.Read(text, "test.yaml", _ => null));
    }

    private static string Value(Random random) => Values[random.Next(Values.Length)];

    private static void Read(string text, string what)
    {
        try
        {
            TieoutYaml.Read(text, "test.yaml", name => name == "KEY" ? "sk-secret" : null);
        }
        catch (ConfigurationException refused)
        {
            Assert.False(string.IsNullOrEmpty(refused.Message) || refused.Message.Contains('\n'), what);
        }
        catch (Exception surprise) when (surprise is not Xunit.Sdk.XunitException)
        {
            Assert.Fail($"{what}: {Convert.ToBase64String(System.Text.Encoding.Latin1.GetBytes(text))}\n{surprise}");
        }
    }
}
