using System.Text.Json;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Server.Tests.Http;
using Tieout.Server.Tests.Ingest;

namespace Tieout.Server.Tests.Gateway.Extremes;

/// <summary>Something used that the price has no rate for is a finding, through whatever door the usage comes: nothing is free in silence.</summary>
public sealed class UnpricedUnitTests
{
    /// <summary>Each model has a rate for one unit only; each usage block counts another one, too.</summary>
    private const string PricesWithGaps = """
        {"format":"tieout-prices/1","list":"gaps","version":"1","asset":"USD","providers":[
        {"id":"openai","models":[{"id":"gpt-4o","match":"gpt-4o","rates":{"input_tokens":"1"}},{"id":"gpt-image-1","match":"gpt-image-1","rates":{"input_tokens":"1"}},
        {"id":"gpt-4o-mini-tts","match":"gpt-4o-mini-tts","rates":{"input_tokens":"1"}},{"id":"gpt-4o-transcribe","match":"gpt-4o-transcribe","rates":{"input_tokens":"1"}},
        {"id":"text-embedding-3-small","match":"text-embedding-3-small","rates":{"output_tokens":"1"}},{"id":"whisper-1","match":"whisper-1","rates":{"output_tokens":"1"}}]},
        {"id":"anthropic","models":[{"id":"claude-sonnet-4-5","match":"claude-sonnet-4-5","rates":{"input_tokens":"1"}},{"id":"claude-haiku-4-5","match":"claude-haiku-4-5","rates":{"input_tokens":"1"}}]},
        {"id":"google","models":[{"id":"gemini-2.5-flash","match":"gemini-2.5-flash","rates":{"input_tokens":"1"}}]}]}
        """;

    private const string Advised = """
        {"input_tokens":10,"output_tokens":5,"iterations":[{"type":"message","input_tokens":10,"output_tokens":5},{"type":"advisor_message","model":"claude-haiku-4-5","input_tokens":20,"output_tokens":3}]}
        """;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // Goal: the gateway, its streams, batches, calls inside a call and responses that are asked for later. Method: one of each through one server; each record
    // must have its finding.
    [Fact]
    public async Task M3_each_record_of_the_gateway_that_used_a_unit_without_a_rate_has_a_finding()
    {
        var claims = ChargedDoors.All.Select(door => door.Usage).ToList();
        await using var provider = await ClaimingProvider.StartAsync(claims);
        await using var world =
            await DialectsWorld.StartAsync(gateway: options => options with { BatchPollInterval = BatchesWorld.Never }, providerUrl: provider.Urls.First());
        await world.DoAsync(new Command.Record(SettingKind.PriceList, World.Org, "gaps", PricesWithGaps, Once: false));

        ChargedDoors.AssertEveryDoorIsTried(world);
        var sent = 0;
        foreach (var (path, body, usage) in ChargedDoors.All)
        {
            foreach (var request in ChargedDoors.Requests(body))
            {
                await AnswerAsync(world, path, request, usage);
                sent++;
            }
        }

        await AnswerAsync(world, "/v1/messages", ChargedDoors.All.Single(door => door.Path == "/v1/messages").Body.Replace("%", "", StringComparison.Ordinal),
            Advised.Trim());
        var later =
            await AnswerAsync(world, "/v1/responses", """{"model":"gpt-4o","input":"Hi","background":true,"max_output_tokens":50}""", ClaimedUsage.Responses);
        await world.GetAsync($"/v1/responses/{JsonElement.Parse(later).GetProperty("id").GetString()}");
        var file = await world.FileAsync(
            """{"custom_id":"0","method":"POST","url":"/v1/chat/completions","body":{"model":"gpt-4o","messages":[{"role":"user","content":"Hi"}],"max_tokens":50}}""");
        await world.EndedAsync(await world.BatchAsync(file));
        var batch = await AnswerAsync(
            world, "/v1/messages/batches",
            $$$"""{"requests":[{"custom_id":"{{{claims.IndexOf(ClaimedUsage.Messages)}}}","params":{"model":"claude-sonnet-4-5","max_tokens":50,"messages":[{"role":"user","content":"Hi"}]}}]}""", "");
        await world.GetAsync($"/v1/messages/batches/{JsonElement.Parse(batch).GetProperty("id").GetString()}");

        // The advised message is two records.
        await AssertFoundAsync(await world.UsageAsync(), world.Read, World.Org, sent + 5);
    }

    // Goal: usage measured elsewhere. Method: each door of ingest in turn.
    [Theory]
    [InlineData("usage")]
    [InlineData("events")]
    [InlineData("traces")]
    public async Task M3_each_record_from_elsewhere_that_used_a_unit_without_a_rate_has_a_finding(string door)
    {
        await using var world = await ApiWorld.StartAsync();
        await world.OkAsync(HttpMethod.Post, "/prices?format=tieout", PricesWithGaps);

        switch (door)
        {
            case "usage":
                Assert.Equal(1, (await world.UsageAsync($"[{Sending.Record("a")}]")).Accepted);
                break;
            case "events":
                Assert.Equal(1,
                    (await world.EventsAsync(
                        $$$"""{"specversion":"1.0","id":"e","source":"s","type":"ai.usage.attempt.v1","subject":"acme","time":"{{{Sending.At}}}","data":{"provider":"openai","model":"gpt-4o","input_tokens":10,"output_tokens":5}}""")).Accepted);
                break;
            default:
                using (var response = await world.SendAsync("/v1/traces", """
                    {"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc61c","spanId":"0000000000000001","name":"x","kind":3,"startTimeUnixNano":"1763625600000000000","endTimeUnixNano":"1763625601500000000",
                    "attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.provider.name","value":{"stringValue":"openai"}},{"key":"gen_ai.request.model","value":{"stringValue":"gpt-4o"}},
                    {"key":"gen_ai.usage.input_tokens","value":{"intValue":10}},{"key":"gen_ai.usage.output_tokens","value":{"intValue":5}}]}]}],"resource":{"attributes":[{"key":"tenant.id","value":{"stringValue":"acme"}}]}}]}
                    """))
                {
                    Assert.True(response.IsSuccessStatusCode);
                }

                break;
        }

        var rows = new List<UsageRow>();
        await foreach (var row in world.Ledger.Read.UsageAsync(new("acme", Core.Instant.UnixEpoch, new Core.Instant(long.MaxValue)), Stop)) rows.Add(row);
        await AssertFoundAsync(rows, world.Ledger.Read, "acme", 1);
    }

    private static async Task<string> AnswerAsync(World world, string path, string body, string claim)
    {
        using var content = ChargedDoors.Content(body);
        using var response = await world.PostAsync(path, content, DialectsChargeTests.KeyOf(path), $"{ClaimingProvider.Claim}: {claim}");
        var text = await response.Content.ReadAsStringAsync(Stop);
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode} at {path}: {text}");
        return text;
    }

    private static async Task AssertFoundAsync(IReadOnlyList<UsageRow> rows, Storage.ILedgerReader read, string org, int expected)
    {
        Assert.Equal(expected, rows.Count);
        var found = (await read.FindingsAsync(org, 1_000, Stop)).Where(finding => finding.Code.Name == "unpriced_dimension")
            .Select(finding => finding.Attempt).ToHashSet();
        Assert.All(rows,
            row => Assert.True(found.Contains(row.Usage.Id),
                $"{row.Usage.Labels.Model}: {row.Usage.Counts}, {row.Usage.Basis}, {row.Usage.Flags}, {row.Flags}, {row.Charge}"));
        Assert.All(rows, row => Assert.True(row.Usage.Flags.HasFlag(UsageFlags.Unpriced)));
    }
}
