using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Core.Budgets;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Tests.Gateway;

namespace Tieout.Server.Tests.Complaints;

/// <summary>Family A of the complaints about other gateways: limits that are passed. Numbers are those of the table in docs/TESTING.md.</summary>
public sealed class OverspendTests
{
    private const string Chat = """{"model":"gpt-4o","max_tokens":100,"messages":[{"role":"user","content":"Hi"}]%}""";
    private const string Contents = """{"contents":[{"role":"user","parts":[{"text":"Hi"}]}]}""";

    /// <summary>A body for each address, by how it ends; <c>%</c>: where a stream is asked for; <c>form</c>: the field of the file, and the model. Empty: it is
    /// free, or has tests of its own.</summary>
    private static readonly Dictionary<string, string> Bodies = new()
    {
        ["/chat/completions"] = Chat,
        ["/responses"] = """{"model":"gpt-4o","input":"Hi","max_output_tokens":100%}""",
        ["/completions"] = """{"model":"gpt-4o","prompt":"Hi","max_tokens":100%}""",
        ["/embeddings"] = """{"model":"text-embedding-3-small","input":"Hi"}""",
        ["/images/generations"] = """{"model":"dall-e-3","prompt":"A bill"}""",
        ["/audio/speech"] = """{"model":"tts-1","input":"Hi","voice":"alloy"}""",
        ["/images/edits"] = "form image dall-e-3",
        ["/images/variations"] = "form image dall-e-3",
        ["/audio/transcriptions"] = "form file whisper-1",
        ["/audio/translations"] = "form file whisper-1",
        ["/moderations"] = "",
        ["/messages"] = """{"model":"claude-sonnet-4-5","max_tokens":100,"messages":[{"role":"user","content":"Hi"}]%}""",
        ["/messages/count_tokens"] = "",
        [":generateContent"] = Contents,
        [":streamGenerateContent"] = Contents,
        [":countTokens"] = "",
        ["/responses/{id}/cancel"] = "",
        ["/files"] = "",
        ["/batches"] = "",
        ["/batches/{id}/cancel"] = "",
        ["/traces"] = "",
    };

    // Goal: no address is forgotten. Method: all addresses of the gateway as the server has them, whole and streamed, with a budget that is used up.
    [Fact]
    public async Task A04_A07_A12_a_budget_that_is_used_up_stops_every_address_before_anything_is_sent()
    {
        await using var world = await DialectsWorld.StartAsync();
        await world.SetBudgetAsync("0.000000001");
        var paths = world.Server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.RoutePattern.RawText!.StartsWith("/v1", StringComparison.Ordinal)
                && endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Contains("POST"))
            .Select(endpoint => endpoint.RoutePattern.RawText!).ToList();
        Assert.True(paths.Count > 30, $"Only {paths.Count} addresses were found.");
        var wrong = new List<string>();
        foreach (var path in paths)
        {
            var end = Bodies.Keys.Where(end => path.EndsWith(end, StringComparison.Ordinal)).MaxBy(end => end.Length);
            if (end is null) wrong.Add($"{path} is new: give it a body here");
            if (end is null || Bodies[end].Length == 0) continue;
            foreach (var stream in (string[])["", ",\"stream\":true"])
            {
                var address = path.Replace("{model}", "gemini-2.5-flash", StringComparison.Ordinal);
                using var body = Content(Bodies[end].Replace("%", stream, StringComparison.Ordinal));
                using var response = await world.PostAsync(address, body, DialectsChargeTests.KeyOf(address));
                if ((int)response.StatusCode != 402) wrong.Add($"{address}: {(int)response.StatusCode}");
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.Empty(world.Bill.Calls());
        Assert.Empty(await world.UsageAsync());
    }

    // A scope that an address does not have would keep everybody out, or nobody.
    [Fact]
    public async Task A07_a_key_opens_the_addresses_of_its_scope_and_no_others()
    {
        await using var world = await DialectsWorld.StartAsync();
        (string Scope, string Path)[] addresses =
        [
            ("chat", "/v1/chat/completions"), ("responses", "/v1/responses"), ("completions", "/v1/completions"), ("embeddings", "/v1/embeddings"),
            ("images", "/v1/images/generations"), ("audio", "/v1/audio/speech"),
            ("messages", "/v1/messages"), ("gemini", "/v1beta/models/gemini-2.5-flash:generateContent"),
        ];
        foreach (var (scope, _) in addresses)
        {
            var key = new ApiKey($"key-{scope}", World.Org, null, null, null, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"tk-{scope}"))),
                false, DateTimeOffset.UnixEpoch)
            { Terms = new(Scopes: [scope]) };
            await world.DoAsync(new Core.Ledger.Command.Record(Core.Ledger.SettingKind.Key, World.Org, key.Id, key.ToJson(), Once: false));
            foreach (var (other, path) in addresses)
            {
                var end = Bodies.Keys.Where(end => path.EndsWith(end, StringComparison.Ordinal)).MaxBy(end => end.Length)!;
                using var response = await world.PostAsync(path, Bodies[end].Replace("%", "", StringComparison.Ordinal), $"Authorization: Bearer tk-{scope}");
                Assert.Equal((scope, path, scope == other ? 200 : 403), (scope, path, (int)response.StatusCode));
            }
        }
    }

    [Fact]
    public async Task A02_the_first_requests_of_an_unknown_user_all_at_once_do_not_pass_the_limit_for_each_user()
    {
        await using var world = await World.StartAsync();
        await world.SetBudgetAsync("0.0035", scope: new BudgetScope(World.Org, User: BudgetScope.EachUser));
        const string body = """{"model":"gpt-4o","messages":[],"max_tokens":100,"user":"never-seen"}""";

        var statuses = await Task.WhenAll(Enumerable.Range(0, 40).Select(async _ =>
        {
            using var response = await world.ChatAsync(body, "X-Sim-Completion-Tokens: 100", "X-Sim-Prompt-Tokens: 1");
            return (int)response.StatusCode;
        }));

        Assert.All(statuses, status => Assert.True(status is 200 or 402, $"{status}"));
        var spent = Amount.Sum((await world.UsageAsync()).Select(row => row.Charge));
        Assert.InRange(spent.Nanos, 1, Amount.Parse("0.0035").Nanos);
        Assert.Equal(statuses.Count(status => status == 200), world.Bill.Calls().Count);
    }

    [Fact]
    public async Task A09_requests_at_the_same_time_do_not_pass_a_limit_of_tokens()
    {
        // Each is taken for 100 tokens of answer and a few of question: ten of them are more than 1,000.
        await using var world = await World.StartAsync(change: options => options with { Limits = [new("acme", null, null, null, null, 1_000, null)] });

        var statuses = await Task.WhenAll(Enumerable.Range(0, 60).Select(async _ =>
        {
            using var response = await world.ChatAsync(World.Hello, "X-Sim-Completion-Tokens: 100");
            return (int)response.StatusCode;
        }));

        Assert.All(statuses, status => Assert.True(status is 200 or 429, $"{status}"));
        Assert.InRange(statuses.Count(status => status == 200), 1, 12);
        Assert.Equal(statuses.Count(status => status == 200), world.Bill.Calls().Count);
    }

    private static HttpContent Content(string body) => body.Split(' ') is ["form", var field, var model]
        ? new MultipartFormDataContent { { new ByteArrayContent(new byte[100]), field, "a.bin" }, { new StringContent(model), "model" } }
        : new StringContent(body, Encoding.UTF8, "application/json");
}
