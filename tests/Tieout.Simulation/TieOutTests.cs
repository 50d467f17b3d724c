using System.ClientModel;
using System.Text.Json;
using OpenAI;
using OpenAI.Chat;
using Tieout.Core.Money;
using Tieout.Simulation.Running;
using Tieout.Simulator.Replay;
using Tieout.Tests;

namespace Tieout.Simulation;

public sealed class TieOutTests
{
    private const int Rows = 1_500;
    private const int AtOnce = 32;

    // Goal: real traffic in, and every surface says the same, to the nano-unit.
    [Fact]
    public async Task Q1_I1_headers_usage_postings_windows_invoice_and_balance_agree_after_real_traffic()
    {
        await using var platform = await Platform.StartAsync();
        await platform.OpenOrgAsync("acme", "1000");
        var (key, keyId) = await platform.MakeKeyAsync("acme", "research");
        await platform.SendAsync(HttpMethod.Put, "orgs/acme/budgets", new { window = "month", limit = "900", hard = true, key = keyId });
        await platform.SendAsync(HttpMethod.Put, "orgs/acme/budgets", new { window = "day", limit = "900", hard = false, team = "research" });

        var viaClient = await TalkAsync(platform, key);
        var replayed = await ReplayAsync(platform, key);
        Assert.Equal((Rows, 0), (replayed.Ok, replayed.Failed));
        var headers = viaClient + Amount.Parse(replayed.Cost);

        var usage = await SumUsageAsync(platform);
        var budgets = (await platform.GetAsync("orgs/acme/budgets")).GetProperty("items").EnumerateArray().ToList();
        var balance = await platform.GetAsync("orgs/acme/balance");
        var invoice = await platform.GetAsync($"orgs/acme/invoices/{DateTime.UtcNow:yyyy-MM}");
        var lines = invoice.GetProperty("lines").EnumerateArray().Sum(line => Platform.Money(line, "charge"));
        Assert.True(headers > Amount.Zero);
        Assert.Equal(headers, usage);
        Assert.All(budgets, budget => Assert.Equal((headers, Amount.Zero), (Platform.Money(budget, "posted"), Platform.Money(budget, "held"))));
        Assert.Equal(headers, Platform.Money(invoice, "total_charges"));
        Assert.Equal(headers, lines);
        Assert.Equal(Amount.Parse("1000") - headers, Platform.Money(balance, "posted"));

        var (costsExit, costsText) = await platform.RunAsync("costs", "today", "--json");
        var costs = JsonElement.Parse(costsText);
        Assert.Equal((0, 0m), (costsExit, costs.GetProperty("drift_pct").GetDecimal()));
        foreach (var surface in (string[])["counter_daily_total", "ledger_daily_total", "usage_daily_total"])
        {
            Assert.Equal(headers, Platform.Money(costs, surface));
        }

        await platform.KillGatewayAsync();
        var (verifyExit, verifyText) = await platform.RunAsync("verify", "--data", platform.Data, "--json");
        Assert.True(verifyExit == 0 && JsonElement.Parse(verifyText).GetProperty("ok").GetBoolean(), verifyText);
    }

    /// <summary>The official client, whole and streamed; returns what it was told it cost.</summary>
    private static async Task<Amount> TalkAsync(Platform platform, string key)
    {
        var client = new ChatClient(Platform.Model, new ApiKeyCredential(key), new OpenAIClientOptions { Endpoint = new Uri($"{platform.Url}/v1") });
        var whole = await client.CompleteChatAsync([new UserChatMessage("What does tie out mean?")], new ChatCompletionOptions { MaxOutputTokenCount = 50 });
        Assert.True(whole.Value.Usage.OutputTokenCount > 0);
        Assert.True(whole.GetRawResponse().Headers.TryGetValue("Tieout-Cost", out var cost));

        string? operation = null;
        long streamedTokens = 0;
        var stream = client.CompleteChatStreamingAsync([new UserChatMessage("And streamed?")], new ChatCompletionOptions { MaxOutputTokenCount = 50 });
        await foreach (var page in stream.GetRawPagesAsync())
        {
            Assert.True(page.GetRawResponse().Headers.TryGetValue("Tieout-Operation", out operation));
        }

        await foreach (var update in client.CompleteChatStreamingAsync([new UserChatMessage("Again.")], new ChatCompletionOptions { MaxOutputTokenCount = 50 }))
        {
            streamedTokens += update.ContentUpdate.Count;
        }

        Assert.True(streamedTokens > 0);
        Assert.NotNull(operation);
        // The streams' final figures are on their operations; the second one is the newest usage record.
        var streamed = (await platform.GetAsync("orgs/acme/usage?limit=10")).GetProperty("items").EnumerateArray()
            .Where(item => item.GetProperty("operation_id").GetString() != whole.GetRawResponse().Headers
                .FirstOrDefault(header => header.Key.Equals("Tieout-Operation", StringComparison.OrdinalIgnoreCase)).Value)
            .Sum(item => Platform.Money(item, "charge"));
        return Amount.Parse(cost!) + streamed;
    }

    private static async Task<ReplaySummary> ReplayAsync(Platform platform, string key)
    {
        var rows = TraceReader.ReadFile(Repo.SharedData("traces/azure-llm-inference-2023-code.csv")).Take(Rows);
        using var replay = new TraceReplay(new ReplayOptions { Server = new Uri(platform.Url), ApiKey = key, Model = Platform.Model, Concurrency = AtOnce });
        return await replay.RunAsync(rows, TestContext.Current.CancellationToken);
    }

    private static async Task<Amount> SumUsageAsync(Platform platform)
    {
        var csv = await platform.Admin.GetStringAsync("orgs/acme/usage?format=csv", TestContext.Current.CancellationToken);
        var lines = csv.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.TrimEnd('\r').Split(',')).ToList();
        var column = Array.IndexOf(lines[0], "charge");
        Assert.Equal(Rows + 3, lines.Count - 1);
        return lines.Skip(1).Sum(line => Amount.Parse(line[column]));
    }
}
