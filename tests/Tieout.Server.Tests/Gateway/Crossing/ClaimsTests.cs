using System.Text;
using System.Text.Json;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Server.Tests.Attribution;
using Tieout.Server.Tests.BadInput;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Gateway.Crossing;

/// <summary>A provider's word on what was used is checked against what was held, and an answer without one costs what was held.</summary>
public sealed class ClaimsTests
{
    private const string Hello = """{"model":"gpt-4o","messages":[{"role":"user","content":"Hi"}],"max_tokens":100}""";

    // gpt-4o is 2.5 and 10 per million. The hold of this request is below a cent.
    [Theory]
    [InlineData(1_000L, "0.01", false)]
    [InlineData(60_000_000L, "600", true)]
    [InlineData(160_000_000L, "1600", true)]
    public async Task M1_a_claim_above_the_ceiling_is_a_finding_and_far_above_it_waits_for_a_decision(long output, string claimed, bool withheld)
    {
        await using var provider = await DialectsComplaintTests.AnsweringAsync("application/json", Chat(0, output));
        await using var world = await World.StartAsync("1000", providerUrl: provider.Urls.First());

        using var answer = await world.ChatAsync(Hello);
        await answer.Content.ReadAsStringAsync(Stop);

        var row = Assert.Single(await world.UsageAsync());
        Assert.Equal((UsageBasis.Reported, withheld), (row.Usage.Basis, row.Usage.Flags.HasFlag(UsageFlags.ClaimWithheld)));
        Assert.True(row.Flags.HasFlag(ChargeFlags.AboveCeiling));
        var finding = Assert.Single(await world.Read.FindingsAsync(World.Org, 10, Stop), one => one.Code.Name == "usage_above_ceiling");
        var detail = JsonElement.Parse(finding.Detail);
        var held = Amount.Parse(detail.GetProperty("held").GetString()!);
        Assert.Equal((claimed, row.Charge.ToString()), (detail.GetProperty("claimed").GetString(), detail.GetProperty("charge").GetString()));
        Assert.Equal(withheld ? held + Amount.Parse("1") : Amount.Parse(claimed), row.Charge);
        Assert.Equal(row.Charge, await world.TiesOutAsync());
    }

    // More tokens than any model has room for are no usage at all: the answer costs what was held for it, and a finding says so.
    [Theory]
    [InlineData(160_000_001L)]
    [InlineData(60_000_000_000L)]
    [InlineData(long.MaxValue)]
    public async Task M1_a_claim_of_more_than_any_model_can_write_is_unreadable_and_costs_what_was_held(long output)
    {
        await using var provider = await DialectsComplaintTests.AnsweringAsync("application/json", Chat(0, output));
        await using var world = await World.StartAsync("1000", providerUrl: provider.Urls.First());
        var held = await HeldAsync(world);

        using var answer = await world.ChatAsync(Hello);
        await answer.Content.ReadAsStringAsync(Stop);

        var row = Assert.Single(await world.UsageAsync());
        Assert.True(row.Usage.Flags.HasFlag(UsageFlags.UsageUnreadable));
        Assert.InRange(held.Nanos - row.Charge.Nanos, 0, Amount.Parse("0.00001").Nanos);
        Assert.Single(await world.Read.FindingsAsync(World.Org, 10, Stop), one => one.Code.Name == "usage_unreadable");
        Assert.Equal(row.Charge, await world.TiesOutAsync());
    }

    // Charged less than counts and price come to, and still no fault of the book: the one finding about it asks a person, whose amount ends it.
    [Fact]
    public async Task M3_R1_a_withheld_claim_verifies_and_a_person_decides_it()
    {
        await using var provider = await DialectsComplaintTests.AnsweringAsync("application/json", Chat(0, 60_000_000));
        var world = await World.StartAsync("1000", providerUrl: provider.Urls.First(), change: options => options with { AdminToken = EnvelopeWorld.Admin });
        (await world.ChatAsync(Hello)).Dispose();
        await world.RecordedAsync(1, "a charge");

        var run = await TieoutAsync("reconcile", "--json");
        var findings = JsonElement.Parse(run.Out).GetProperty("findings").EnumerateArray().ToList();
        var open = Assert.Single(findings, finding => finding.GetProperty("code").GetString() != "unattributed");
        Assert.Equal("usage_above_ceiling", open.GetProperty("code").GetString());
        Assert.Contains("600", open.GetProperty("cause").GetString(), StringComparison.Ordinal);
        var corrected = await TieoutAsync("correct", open.GetProperty("id").GetString()!, "--amount", "0.5");
        Assert.True(corrected.ExitCode == 0, corrected.Out + corrected.Error);
        Assert.Equal(Amount.Parse("999.5"), world.Read.Balance(World.Org)!.Balance);
        Assert.DoesNotContain("usage_above_ceiling", (await TieoutAsync("reconcile", "--json")).Out, StringComparison.Ordinal);

        var verified = await CliRun.StartAsync(["verify", "--data", world.Folder.FullName], _ => null);
        Assert.True(verified.ExitCode == 0, verified.Out + verified.Error);
        await world.DisposeAsync();

        Task<CliRun> TieoutAsync(params string[] args) =>
            CliRun.StartAsync([.. args], name => name switch { "TIEOUT_URL" => world.Server.Urls.First(), "TIEOUT_TOKEN" => EnvelopeWorld.Admin, _ => null });
    }

    // A claim within its ceiling is none of this.
    [Fact]
    public async Task A_claim_within_the_ceiling_is_charged_and_nothing_else()
    {
        await using var provider = await DialectsComplaintTests.AnsweringAsync("application/json", Chat(5, 100));
        await using var world = await World.StartAsync(providerUrl: provider.Urls.First());
        (await world.ChatAsync(Hello)).Dispose();
        await world.RecordedAsync(1, "a charge");
        Assert.Equal((UsageFlags.None, ChargeFlags.None), ((await world.UsageAsync())[0].Usage.Flags, (await world.UsageAsync())[0].Flags));
        Assert.Empty(await world.Read.FindingsAsync(World.Org, 10, Stop));
    }

    [Fact]
    public async Task Calls_within_a_call_are_bounded_and_the_rest_is_a_finding()
    {
        var iterations = string.Join(
            ',', Enumerable.Range(0, 40).Select(_ => """{"type":"advisor_message","model":"claude-haiku-4-5","input_tokens":1,"output_tokens":1}"""));
        await using var provider = await DialectsComplaintTests.AnsweringAsync(
            "application/json",
            $$$"""{"id":"m","model":"claude-sonnet-4-5","content":[],"usage":{"input_tokens":1,"output_tokens":1,"iterations":[{{{iterations}}}]}}""");
        await using var world = await DialectsWorld.StartAsync(providerUrl: provider.Urls.First());

        (await world.PostAsync(
            "/v1/messages", """{"model":"claude-sonnet-4-5","max_tokens":9,"messages":[]}""", DialectsChargeTests.KeyOf("messages"))).Dispose();

        Assert.Equal(1 + ClaimLimit.Default.SubCallsMax, (await world.UsageAsync()).Count);
        Assert.Contains(await world.Read.FindingsAsync(World.Org, 100, Stop), one => one.Code.Name == "sub_calls_left_out");
        await world.TiesOutAsync();
    }

    [Theory]
    [InlineData("application/json", "<html>not a chat</html>", "")]
    [InlineData("application/json", """{"model":"gpt-4o","choices":[]}""", "")]
    [InlineData("application/json", """{"model":"gpt-4o","choices":[],"usage":{"prompt_tokens":"many"}}""", "")]
    [InlineData("application/x-protobuf", "\u0001\u0002", "")]
    [InlineData("application/json", "\u0013\u0037", "Content-Encoding: compress\r\n")]
    [InlineData("application/json", "\u0013\u0037", "Content-Encoding: gzip\r\n")]
    [InlineData("application/json", "\u0013\u0037", "Content-Encoding: zstd\r\n")]
    [InlineData("text/event-stream", "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n", "")]
    public async Task An_answer_whose_usage_cannot_be_read_costs_what_was_held(string type, string body, string headers)
    {
        await using var provider = RawProvider.Start();
        provider.Answer = [RawProvider.Http(type, Encoding.Latin1.GetBytes(body), headers)];
        await using var world = await World.StartAsync(providerUrl: provider.Url);
        var held = await HeldAsync(world);

        using var answer = await world.ChatAsync(Hello);
        var text = await answer.Content.ReadAsStringAsync(Stop);

        if (headers.Length > 0) Assert.True(502 == (int)answer.StatusCode, text);
        var row = Assert.Single(await world.UsageAsync());
        Assert.Equal((UsageBasis.Estimated, true), (row.Usage.Basis, row.Usage.Flags.HasFlag(UsageFlags.UsageUnreadable)));
        Assert.InRange(held.Nanos - row.Charge.Nanos, 0, Amount.Parse("0.00001").Nanos);
        Assert.Contains(await world.Read.FindingsAsync(World.Org, 10, Stop), one => one.Code.Name == "usage_unreadable");
        Assert.Equal(row.Charge, await world.TiesOutAsync());
    }

    // A model that thinks for minutes writes nothing meanwhile: who hangs up then must not pay for nothing.
    [Fact]
    public async Task A_client_that_hangs_up_does_not_make_an_answer_cheaper()
    {
        await using var world =
            await World.StartAsync(change: options => options with { Gateway = options.Gateway with { DrainTimeout = TimeSpan.FromMilliseconds(200) } });
        var held = await HeldAsync(world);
        using (var gone = new CancellationTokenSource(TimeSpan.FromMilliseconds(200)))
        {
            using var request = new HttpRequestMessage(
                HttpMethod.Post, "/v1/chat/completions")
            { Content = new StringContent(Hello, Encoding.UTF8, "application/json") };
            request.Headers.Add("X-Sim-Fault", "slow:20000");
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => world.Http.SendAsync(request, gone.Token));
        }

        await world.RecordedAsync(1, "a charge");
        var row = (await world.UsageAsync())[0];
        Assert.InRange(held.Nanos - row.Charge.Nanos, 0, Amount.Parse("0.00001").Nanos);
        Assert.True(row.Usage.Flags.HasFlag(UsageFlags.UsageUnreadable));
    }

    [Theory]
    [InlineData("0.00002", "1.00002")]
    [InlineData("0.5", "5")]
    [InlineData("2000000000", "9000000000")]
    public void A_limit_is_the_larger_of_a_multiple_and_an_excess_and_no_more_than_an_amount_can_be(string held, string limit) =>
        Assert.Equal(Amount.Parse(limit), ClaimLimit.Default.Of(Amount.Parse(held)));

    /// <summary>What the pipeline holds for <see cref="Hello"/>: the ceiling at the price of the model.</summary>
    private static async Task<Amount> HeldAsync(World world)
    {
        var refused = new TaskCompletionSource<Amount>();
        world.Ledger.Broken = command =>
        {
            if (command is Command.PlaceHold hold) refused.TrySetResult(hold.Amount);
            return command is Command.PlaceHold;
        };
        (await world.ChatAsync(Hello)).Dispose();
        world.Ledger.Broken = null;
        return await refused.Task;
    }

    private static string Chat(long input, long output) => $$$"""
        {"id":"x","object":"chat.completion","model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":{{{input}}},"completion_tokens":{{{output}}},"total_tokens":{{{input + output}}} } }
        """;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;
}
