using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Server.Tests.Gateway;

/// <summary>Whatever the provider does wrong is passed on honestly and recorded as what it is.</summary>
public sealed class FaultTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("429", World.Hello)]
    [InlineData("500", World.Hello)]
    [InlineData("429", World.HelloStream)]
    [InlineData("500", World.HelloStream)]
    public async Task M1_a_providers_error_is_passed_on_in_its_own_words_and_recorded_as_free(string fault, string body)
    {
        await using var world = await World.StartAsync();

        using var response = await world.ChatAsync(body, $"X-Sim-Fault: {fault}");

        Assert.Equal(fault, ((int)response.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture));
        var error = (await World.JsonAsync(response)).GetProperty("error");
        Assert.Equal(fault == "429" ? "requests" : "server_error", error.GetProperty("type").GetString());
        Assert.Equal(fault == "429", response.Headers.RetryAfter is not null);
        Assert.Equal("0", response.Headers.GetValues("Tieout-Cost").Single());
        var row = Assert.Single(await world.UsageAsync());
        Assert.Equal((int)response.StatusCode, row.Usage.StatusCode);
        Assert.Equal((UsageBasis.Failed, Amount.Zero, default(UsageCounts)), (row.Usage.Basis, row.Charge, row.Usage.Counts));
        Assert.Empty(world.Read.OpenHolds(null));
    }

    [Fact]
    public async Task A_provider_that_cannot_be_reached_costs_nothing_and_leaves_no_hold()
    {
        using var nobody = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        nobody.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        await using var world = await World.StartAsync(providerUrl: $"http://{nobody.LocalEndPoint}");

        using var response = await world.ChatAsync(World.Hello);

        Assert.Equal(502, (int)response.StatusCode);
        Assert.Equal("upstream_unreachable", (await World.JsonAsync(response)).GetProperty("error").GetProperty("code").GetString());
        Assert.Empty(await world.UsageAsync());
        Assert.Empty(world.Read.OpenHolds(null));
        Assert.Single(await world.Read.HoldsAsync(World.Org, HoldState.Released, 10, Stop));
    }

    [Fact]
    public async Task An_answer_without_usage_is_estimated_and_says_so()
    {
        await using var world = await World.StartAsync();
        foreach (var body in new[] { World.Hello, World.HelloStream })
        {
            using var response = await world.ChatAsync(body, "X-Sim-Fault: no-usage", "X-Sim-Completion-Tokens: 40");
            Assert.Equal(200, (int)response.StatusCode);
            await response.Content.ReadAsStringAsync(Stop);
        }

        var rows = await world.UsageAsync();
        Assert.Equal(2, rows.Count);
        Assert.All(rows, row =>
        {
            // What is held for the request and 100 tokens of output; 40 were written.
            Assert.Equal((UsageBasis.Estimated, UsageFlags.CutShort | UsageFlags.UsageUnreadable), (row.Usage.Basis, row.Usage.Flags));
            Assert.InRange(row.Usage.Counts.OutputTokens, 100, 200);
        });
        Assert.Equal(2, (await world.Read.FindingsAsync(World.Org, 10, Stop)).Count(finding => finding.Code.Name == "estimated_usage"));
        Assert.Equal(2, (await world.Read.FindingsAsync(World.Org, 10, Stop)).Count(finding => finding.Code.Name == "usage_unreadable"));
    }

    [Fact]
    public async Task Of_two_usage_blocks_the_last_counts_and_their_quarrel_is_said()
    {
        await using var world = await World.StartAsync();
        foreach (var body in new[] { World.Hello, World.HelloStream })
        {
            using var response = await world.ChatAsync(body, "X-Sim-Fault: usage-twice", "X-Sim-Prompt-Tokens: 10", "X-Sim-Completion-Tokens: 40");
            await response.Content.ReadAsStringAsync(Stop);
        }

        var rows = await world.UsageAsync();
        Assert.Equal(2, rows.Count);
        Assert.All(rows, row => Assert.Equal((40, UsageFlags.UsageRepeated), (row.Usage.Counts.OutputTokens, row.Usage.Flags)));
    }

    [Fact]
    public async Task An_answer_that_breaks_off_is_estimated_and_never_looks_whole()
    {
        await using var world = await World.StartAsync();

        using var response = await world.ChatAsync(World.Hello, "X-Sim-Fault: cut:50");

        Assert.Equal(502, (int)response.StatusCode);
        Assert.Equal("upstream_failed", (await World.JsonAsync(response)).GetProperty("error").GetProperty("code").GetString());
        var row = Assert.Single(await world.UsageAsync());
        Assert.Equal((UsageBasis.Estimated, UsageFlags.CutShort), (row.Usage.Basis, row.Usage.Flags));
        Assert.Empty(world.Read.OpenHolds(null));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_stream_that_breaks_off_breaks_off_for_the_client_too(int events)
    {
        await using var world = await World.StartAsync();

        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            using var response = await world.ChatAsync(World.HelloStream, $"X-Sim-Fault: cut:{events}", "X-Sim-Completion-Tokens: 40");
            await response.Content.ReadAsStringAsync(Stop);
        });
        var row = Assert.Single(await world.UsageAsync());
        Assert.Equal((UsageBasis.Estimated, UsageFlags.CutShort), (row.Usage.Basis, row.Usage.Flags));
        Assert.Empty(world.Read.OpenHolds(null));
    }

    [Theory]
    [InlineData("data: {\"model\":\"gpt-4o\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Half an ans\"},\"finish_reason\":null}]}\n\n", false)]
    [InlineData("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"All of it\"},\"finish_reason\":\"stop\"}]}\r\n\r\n", true)]
    [InlineData(": waiting\n\ndata: not json\n\ndata: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":6}}\n\ndata: [DONE]", true)]
    [InlineData("", false)]
    public async Task A_stream_without_its_mark_is_whole_if_its_choices_are(string stream, bool whole)
    {
        await using var provider = await AnsweringAsync(200, "text/event-stream", stream);
        await using var world = await World.StartAsync(providerUrl: provider.Urls.First());

        var seen = "";
        var error = await Record.ExceptionAsync(async () =>
        {
            using var response = await world.ChatAsync(World.HelloStream);
            seen = $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync(Stop)}";
        });

        Assert.Equal(whole, error is null && seen.StartsWith("200 ", StringComparison.Ordinal));
        await world.RecordedAsync(1);
        Assert.Equal(
            stream.Contains("usage", StringComparison.Ordinal) ? UsageBasis.Reported : UsageBasis.Estimated, (await world.UsageAsync())[0].Usage.Basis);
        Assert.Empty(world.Read.OpenHolds(null));
    }

    [Theory]
    [InlineData(302, "text/html", "elsewhere", 502, UsageBasis.Failed)]
    [InlineData(200, "text/html", "<html>not a chat</html>", 200, UsageBasis.Estimated)]
    [InlineData(503, "text/html", "<html>busy</html>", 503, UsageBasis.Failed)]
    public async Task An_answer_that_is_none_is_passed_on_or_refused_and_never_followed(int status, string type, string body, int expected, UsageBasis basis)
    {
        await using var provider = await AnsweringAsync(status, type, body);
        await using var world = await World.StartAsync(providerUrl: provider.Urls.First());

        using var response = await world.ChatAsync(World.Hello);

        Assert.Equal(expected, (int)response.StatusCode);
        Assert.False(response.Headers.Contains("Set-Cookie") || response.Headers.Location is not null);
        Assert.Equal(basis, Assert.Single(await world.UsageAsync()).Usage.Basis);
    }

    private static async Task<WebApplication> AnsweringAsync(int status, string type, string body)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(context =>
        {
            context.Response.StatusCode = status;
            context.Response.ContentType = type;
            context.Response.Headers.Location = "http://169.254.169.254/latest";
            context.Response.Headers.SetCookie = "a=b";
            return context.Response.WriteAsync(body, Stop);
        });
        await app.StartAsync(Stop);
        return app;
    }

    [Theory]
    [InlineData(World.Hello)]
    [InlineData(World.HelloStream)]
    public async Task A_provider_that_takes_too_long_is_given_up_and_recorded(string body)
    {
        await using var world =
            await World.StartAsync(change: options => options with { Gateway = options.Gateway with { RequestTimeout = TimeSpan.FromMilliseconds(300) } });

        using var response = await world.ChatAsync(body, "X-Sim-Fault: slow:5000");

        Assert.Equal(504, (int)response.StatusCode);
        var row = Assert.Single(await world.UsageAsync());
        Assert.Equal((UsageBasis.Estimated, 0), (row.Usage.Basis, row.Usage.StatusCode));
        Assert.Empty(world.Read.OpenHolds(null));
    }
}
