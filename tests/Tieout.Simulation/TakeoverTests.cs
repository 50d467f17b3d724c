using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Tieout.Core.Money;
using Tieout.Simulation.Running;
using Tieout.Storage.Tests.Postgres;

namespace Tieout.Simulation;

/// <summary>What one node does for all of them is done by another when that one is killed in the midst of it.</summary>
public sealed class TakeoverTests
{
    private const int Batches = 3;
    private const int Lines = 1_100;
    private const int Responses = 8;

    /// <summary>Promised is a second; the rest is for a machine that does much else.</summary>
    private static readonly TimeSpan Takeover = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // Goal: batches and responses that only the dead node was looking after are charged, each line once. Method: the node with the lock is killed -9 when it
    // has
    // charged some lines of a batch (they are charged 500 at a time) and not all; the provider's own bill says what must be there.
    [Fact]
    public async Task M1_M4_the_node_that_polls_is_killed_amid_a_batch_and_another_charges_the_rest_once()
    {
        var store = PostgresServer.Instance.NewStore();
        var database = new Uri(store).AbsolutePath[1..];
        await using var platform = await Platform.StartAsync(Configuration(store));

        // Alone it gets the lock, so it is known which one to kill.
        var holder = await HolderAsync(database, isNot: "", Longest);
        var (node, other) = await platform.StartNodeAsync("other");
        await using var second = node;
        await platform.OpenOrgAsync("acme", "1000");
        var (key, _) = await platform.MakeKeyAsync("acme");
        await Task.Delay(1_000, Cancel);
        using var http = new HttpClient { DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", key) } };
        for (var batch = 0; batch < Batches; batch++) await BatchAsync(http, batch % 2 == 0 ? platform.Url : other, batch);
        for (var response = 0; response < Responses; response++) await ResponseAsync(http, response % 2 == 0 ? platform.Url : other);
        Assert.Equal(holder, await HolderAsync(database, isNot: "", Longest));

        await UntilAsync(database, "SELECT count(*) FROM usage WHERE operation_id LIKE 'nightly%'", count => count > 0);
        await platform.KillGatewayAsync();
        var killed = Stopwatch.StartNew();
        var charged = Count(database, "SELECT count(*) FROM usage WHERE operation_id LIKE 'nightly%'");
        Assert.True(charged is > 0 and < Batches * Lines, $"It was killed with {charged} lines charged, which tries nothing.");
        Assert.NotEqual(holder, await HolderAsync(database, holder, Takeover));

        await UntilAsync(database, "SELECT (SELECT count(*) FROM objects WHERE pending = 1) - (SELECT count(*) FROM object_ends)", pending => pending == 0);
        TestContext.Current.SendDiagnosticMessage(
            "{0} lines were charged when it was killed; all was charged {1:F1} s later.", charged, killed.Elapsed.TotalSeconds);
        await AssertTheBillIsTheBookAsync(platform, database);
        var (exit, text) = await platform.RunAsync("verify", "--store", store, "--json");
        Assert.True(exit == 0, text);
    }

    private static Func<string, string> Configuration(string store) => provider => Platform.Configuration(provider, store, "batch_poll_interval: 500ms");

    private static async Task BatchAsync(HttpClient http, string url, int batch)
    {
        var lines = string.Concat(Enumerable.Range(0, Lines).Select(line =>
            $$"""{"custom_id":"line-{{line}}","method":"POST","url":"/v1/chat/completions","body":{"model":"{{Platform.Model}}","messages":[{"role":"user","content":"How much?"}],"max_tokens":100} }""" + "\n"));
        using var form = new MultipartFormDataContent { { new StringContent("batch"), "purpose" }, { new ByteArrayContent(
            Encoding.UTF8.GetBytes(lines)), "file", "lines.jsonl" } };
        var file = await AnsweredAsync(http, new(HttpMethod.Post, $"{url}/v1/files") { Content = form });
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{url}/v1/batches")
        {
            Content = JsonContent.Create(
                new { input_file_id = file.GetProperty("id").GetString(), endpoint = "/v1/chat/completions", completion_window = "24h" }),
            Headers = { { "Tieout-Operation", $"nightly-{batch}" }, { "X-Sim-Batch", "polls:3" }, { "X-Sim-Prompt-Tokens", "3" },
                { "X-Sim-Completion-Tokens", "40" } },
        };
        await AnsweredAsync(http, request);
    }

    private static async Task ResponseAsync(HttpClient http, string url)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{url}/v1/responses")
        {
            Content = JsonContent.Create(new { model = Platform.Model, input = "Hi", background = true, max_output_tokens = 500 }),
            Headers = { { "X-Sim-Prompt-Tokens", "3" }, { "X-Sim-Completion-Tokens", "200" } },
        };
        await AnsweredAsync(http, request);
    }

    private static async Task<JsonElement> AnsweredAsync(HttpClient http, HttpRequestMessage request)
    {
        using var answer = await http.SendAsync(request, Cancel);
        var text = await answer.Content.ReadAsStringAsync(Cancel);
        Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{request.RequestUri} answered {(int)answer.StatusCode}: {text}");
        return JsonElement.Parse(text);
    }

    /// <summary>The database's process for the node that does what is done once.</summary>
    private static async Task<string> HolderAsync(string database, string isNot, TimeSpan within)
    {
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(20, Cancel))
        {
            var holder = PostgresServer.Instance.Sql(database,
                "SELECT pid FROM pg_locks JOIN pg_database d ON d.oid = database WHERE locktype = 'advisory' AND granted AND datname = current_database()");
            if (holder.Length > 0 && holder != isNot) return holder;
            Assert.True(clock.Elapsed < within, $"No other node has the lock after {clock.Elapsed.TotalSeconds:F1} s.");
        }
    }

    private static long Count(string database, string sql) => long.Parse(PostgresServer.Instance.Sql(database, sql), CultureInfo.InvariantCulture);

    private static async Task UntilAsync(string database, string sql, Func<long, bool> isSo)
    {
        for (var clock = Stopwatch.StartNew(); !isSo(Count(database, sql)); await Task.Delay(1, Cancel))
        {
            Assert.True(clock.Elapsed < Longest, $"{sql} still answers {Count(database, sql)}.");
        }
    }

    private static async Task AssertTheBillIsTheBookAsync(Platform platform, string database)
    {
        using var http = new HttpClient();
        var bill = JsonElement.Parse(await http.GetStringAsync($"{platform.ProviderUrl}/sim/totals", Cancel));
        Assert.Equal((Batches * Lines) + Responses, bill.GetProperty("billed").GetInt64());
        Assert.Equal(bill.GetProperty("billed").GetInt64(), Count(database, "SELECT count(*) FROM usage"));
        Assert.Equal(bill.GetProperty("billed").GetInt64(), Count(database, "SELECT count(DISTINCT operation_id) FROM usage"));
        Assert.Equal(bill.GetProperty("prompt_tokens").GetInt64(), Count(database, "SELECT sum(input_tokens) FROM usage"));
        Assert.Equal(bill.GetProperty("completion_tokens").GetInt64(), Count(database, "SELECT sum(output_tokens) FROM usage"));
        Assert.Equal(0, Count(database, "SELECT count(*) FROM findings"));
        Assert.Equal(0, Count(database, "SELECT sum(held) FROM accounts"));
        Assert.Equal(Amount.Parse("1000").Nanos - Count(database, "SELECT sum(charge) FROM usage"),
            Count(database, "SELECT credits - debits FROM accounts WHERE org = 'acme' AND kind = 0"));
    }
}
