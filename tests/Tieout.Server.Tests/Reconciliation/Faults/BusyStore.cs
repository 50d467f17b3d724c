using System.Globalization;
using System.Text;
using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Configuration;
using Tieout.Server.Pricing;
using Tieout.Server.Runtime;
using Tieout.Server.Tests.Attribution;
using Tieout.Server.Tests.Gateway;
using Tieout.Server.Tests.Runtime;
using Tieout.Storage.Sqlite;

namespace Tieout.Server.Tests.Reconciliation.Faults;

/// <summary>The data folder of a platform with some of everything: made once by a real server, then copied.</summary>
internal static class BusyStore
{
    public static readonly DateTimeOffset Hour = new DateTimeOffset(DateTime.UtcNow.Date, TimeSpan.Zero).AddDays(-2).AddHours(10);

    /// <returns>A folder with <c>tieout.db</c>, which nobody uses any more.</returns>
    public static async Task<DirectoryInfo> MakeAsync()
    {
        await using var envelopes = await EnvelopeWorld.StartAsync();
        var world = envelopes.World;
        await world.DoAsync(new Command.OpenOrg(new Org("gamma", "USD", BillingMode.Postpaid, null, "Europe/Berlin")));
        await BudgetsAsync(world);
        await PostAsync(envelopes, "/prices?format=tieout", RuntimeTests.Prices);
        await GatewayAsync(envelopes);
        await ReportedAsync(envelopes);
        await RuntimesAsync(envelopes);
        var month = DateTime.UtcNow.AddMonths(-1).ToString("yyyy-MM", CultureInfo.InvariantCulture);
        foreach (var org in (string[])["acme",
            "gamma"]) await PostAsync(envelopes, $"/orgs/{org}/invoices/{month}/finalise", """{"taxes":[{"name":"VAT","rate_pct":"19"}]}""");
        await ((SqliteLedger)world.Ledger.Inner).FlushAsync();

        var copy = Directory.CreateTempSubdirectory("tieout-busy-");
        SqliteBackup.Write(world.Folder.FullName, Path.Combine(copy.FullName, "tieout.db"));
        return copy;
    }

    private static async Task BudgetsAsync(World world)
    {
        Budget Of(BudgetScope scope, WindowUnit window, string limit) => new(scope, window, Amount.Parse(limit), Hard: true, "UTC", Budget.DefaultThresholds);
        await world.DoAsync(new Command.SetBudget(Of(new("acme"), WindowUnit.Month, "900")));
        await world.DoAsync(new Command.SetBudget(Of(new("acme", Key: "key-1"), WindowUnit.Day, "500")));
        await world.DoAsync(new Command.SetBudget(Of(new("acme", User: BudgetScope.EachUser), WindowUnit.Day, "500")));
        await world.DoAsync(new Command.SetBudget(Of(new("beta"), WindowUnit.Week, "800")));
    }

    private static async Task GatewayAsync(EnvelopeWorld envelopes)
    {
        for (var i = 0; i < 24; i++)
        {
            using var own =
                await envelopes.World.ChatAsync(i % 3 == 0 ? World.HelloStream : World.Hello, $"Tieout-User: u{i % 4}", $"X-Correlation-Id: corr-{i}");
            await own.Content.ReadAsStringAsync();
            using var other = await envelopes.ChatAsync(EnvelopeWorld.BetaSecret);
            await other.Content.ReadAsStringAsync();
        }

        var envelope = await envelopes.IssueAsync();
        using var worker = await envelopes.ChatAsync(EnvelopeWorld.WorkerSecret, $"Tieout-Envelope: {envelope}");
        Assert.True(worker.IsSuccessStatusCode);
        using var file = await envelopes.World.UploadAsync(
            string.Concat(Enumerable.Range(0, 4).Select(i => BatchesWorld.Line($"line-{i}", "gpt-4o", BatchesWorld.Sims(100 + i, 10)) + "\n")));
        var input = System.Text.Json.JsonDocument.Parse(await file.Content.ReadAsStringAsync()).RootElement.GetProperty("id").GetString()!;
        await envelopes.World.EndedAsync(await envelopes.World.BatchAsync(input));
    }

    /// <summary>Reported usage of this month and of the last, tool calls among it.</summary>
    private static async Task ReportedAsync(EnvelopeWorld envelopes)
    {
        var items = new StringBuilder();
        var now = DateTimeOffset.UtcNow;
        var before = new DateTimeOffset(now.Year, now.Month, 1, 12, 0, 0, TimeSpan.Zero).AddDays(-10);
        foreach (var org in (string[])["acme", "gamma"])
        {
            for (var i = 0; i < 20; i++)
            {
                var at = i < 8 ? before.AddHours(i) : now.AddMinutes(-i);
                items.Append(items.Length == 0 ? "" : ",").Append(CultureInfo.InvariantCulture, $$"""
                    {"id":"{{org}}-{{i}}","source":"reports","org":"{{org}}","occurred_at":"{{at:yyyy-MM-dd'T'HH:mm:ss'Z'}}","provider":"openai","model":"gpt-4o","input_tokens":{{1000 + i}},"output_tokens":{{50 + i}},
                    "usage_source":"{{(i % 5 == 0 ? "tool_call" : "import")}}","project":"research","correlation_id":"rep-{{org}}-{{i}}","status_code":200}
                    """);
            }
        }

        await PostAsync(envelopes, "/usage", $$"""{"items":[{{items}}]}""");
    }

    private static async Task RuntimesAsync(EnvelopeWorld envelopes)
    {
        await Post("acme", "app-1", "app_runtime");
        await Post("acme", "app-2", "app_runtime");
        await Post("beta", "rent-1", "allocation");

        var prices = new CurrentPrices(envelopes.World.Ledger.Read);
        Assert.Equal(0,
            await new RuntimeMeter(envelopes.World.Ledger, prices, new RuntimeOptions()).TickAsync(
                Instant.From(DateTimeOffset.UtcNow), TestContext.Current.CancellationToken));

        async Task Post(string org, string id, string source)
        {
            await PostAsync(envelopes, "/runtimes", $$"""
                {"org":"{{org}}","id":"{{id}}","source":"{{source}}","project":"research","provider":"gpus","operating_mode":"on_demand","control_plane_scope":"instance","runtime_backend":"ray",
                "correlation_id":"run-{{id}}","components":[{"name":"worker","model":"h100","gpus":8,"replicas":2},{"name":"head","model":"m7","control_plane":true}]}
                """);
            await PostAsync(envelopes, $"/runtimes/{id}/events?org={org}", $$"""
                {"items":[{"id":"a","at":"{{Hour:yyyy-MM-dd'T'HH:mm:ss'Z'}}","type":"start"},{"id":"b","at":"{{Hour.AddSeconds(1810):yyyy-MM-dd'T'HH:mm:ss'Z'}}","type":"stop"}]}
                """);
        }
    }

    private static async Task PostAsync(EnvelopeWorld envelopes, string path, string body)
    {
        var (status, answer) = await envelopes.ApiAsync(path, body);
        Assert.True(status < 300, $"{path}: {status} {answer}");
        if (answer.TryGetProperty("refused", out var refused)) Assert.True(refused.GetInt32() == 0, answer.ToString());
    }
}
