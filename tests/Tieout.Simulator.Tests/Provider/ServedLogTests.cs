using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Tieout.Simulator.Tests.Provider;

/// <summary>The provider's own bill, against which Tieout's figures are compared.</summary>
public sealed class ServedLogTests
{
    private const string Request = """{"model":"gpt-4o","messages":[{"role":"user","content":"hello"}]}""";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_bill_is_read_over_http_and_adds_up()
    {
        await using var provider = await RunningProvider.StartAsync();
        await provider.PostJsonAsync(Request, ("X-Sim-Prompt-Tokens", "100"), ("X-Sim-Completion-Tokens", "10"), ("X-Correlation-Id", "c-1"));
        await provider.PostJsonAsync(
            Request, ("X-Sim-Prompt-Tokens", "200"), ("X-Sim-Completion-Tokens", "20"), ("X-Sim-Cached-Tokens", "50"), ("Cookie", "private=1"));
        await provider.PostJsonAsync(Request, ("X-Sim-Prompt-Tokens", "400"), ("X-Sim-Fault", "500"));

        var calls = JsonElement.Parse(await provider.Client.GetStringAsync("/sim/log", Stop));
        var totals = JsonElement.Parse(await provider.Client.GetStringAsync("/sim/totals", Stop));

        Assert.Equal([1, 2, 3], calls.EnumerateArray().Select(call => call.GetProperty("call").GetInt32()));
        Assert.Equal([100, 200, 0], calls.EnumerateArray().Select(call => call.GetProperty("prompt_tokens").GetInt32()));
        Assert.Equal("c-1", calls[0].GetProperty("headers").GetProperty("X-Correlation-Id").GetString());
        Assert.False(calls[1].GetProperty("headers").TryGetProperty("Cookie", out _));
        Assert.Equal("500", calls[2].GetProperty("fault").GetString());
        Assert.Equal(
            """{"calls":3,"billed":2,"prompt_tokens":300,"cached_tokens":50,"completion_tokens":30,"reasoning_tokens":0,"by_status":{"200":2,"500":1},"unlisted":0,"cache_write_tokens":0,"images":0,"audio_seconds":0,"characters":0,"iteration_tokens":0}""", totals.GetRawText());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task Past_the_calls_that_are_listed_the_bill_still_adds_up(int listedMax)
    {
        await using var provider = await RunningProvider.StartAsync(new() { CallsListedMax = listedMax });
        for (var call = 1; call <= 3; call++) await provider.PostJsonAsync(Request, ("X-Sim-Prompt-Tokens", "100"));

        Assert.Equal(Enumerable.Range(1, listedMax).Select(call => (long)call), provider.Log.Calls().Select(call => call.Call));
        Assert.Equal((3, 3, 300, 3 - listedMax),
            (provider.Log.Totals().Calls, provider.Log.Totals().Billed, provider.Log.Totals().PromptTokens, provider.Log.Totals().Unlisted));
    }

    [Fact]
    public async Task Reset_begins_a_new_bill()
    {
        await using var provider = await RunningProvider.StartAsync();
        await provider.PostJsonAsync(Request);

        using var response = await provider.Client.PostAsync("/sim/reset", null, Stop);

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.Empty(provider.Log.Calls());
        Assert.Equal((0, 0), (provider.Log.Totals().Calls, provider.Log.Totals().CompletionTokens));
    }

    [Fact]
    public async Task A_credential_is_kept_as_its_hash_only()
    {
        await using var provider = await RunningProvider.StartAsync();

        await provider.PostJsonAsync(Request, ("Authorization", "Bearer sk-secret"));
        await provider.PostJsonAsync(Request);

        Assert.Equal(
            [Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("Bearer sk-secret"))), null],
            provider.Log.Calls().Select(call => call.AuthorizationSha256));
        Assert.DoesNotContain("sk-secret", await provider.Client.GetStringAsync("/sim/log", Stop), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_log_file_has_a_line_for_each_call_when_its_answer_has_arrived()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        await using (var provider = await RunningProvider.StartAsync(new() { LogPath = path }))
        {
            for (var i = 1; i <= 3; i++)
            {
                await provider.PostJsonAsync(Request, ("X-Sim-Completion-Tokens", $"{i}"));
                await using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
                using var reader = new StreamReader(stream);
                var lines = (await reader.ReadToEndAsync(Stop)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
                Assert.Equal(Enumerable.Range(1, i), lines.Select(line => JsonElement.Parse(line).GetProperty("completion_tokens").GetInt32()));
            }
        }

        File.Delete(path);
    }

    [Fact]
    public async Task A_call_that_nobody_waited_for_is_billed()
    {
        await using var provider = await RunningProvider.StartAsync();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        using var content = new StringContent(Request);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = content };
        request.Headers.Add("X-Sim-Fault", "slow:60000");
        var call = provider.Client.SendAsync(request, patience.Token);
        while (provider.Log.Totals().Calls == 0) await Task.Delay(5, Stop);
        await patience.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.Equal((1, 16), (provider.Log.Totals().Billed, provider.Log.Totals().CompletionTokens));
    }

    [Fact]
    public async Task Paths_are_known_by_their_end_and_others_are_404()
    {
        await using var provider = await RunningProvider.StartAsync();

        foreach (var path in new[] { "/v1/models", "/openai/v1/models" })
        {
            var models = JsonElement.Parse(await provider.Client.GetStringAsync(path, Stop));
            Assert.Contains("gpt-4o", models.GetProperty("data").EnumerateArray().Select(model => model.GetProperty("id").GetString()));
        }

        Assert.Equal("ok", await provider.Client.GetStringAsync("/healthz", Stop));
        using var content = new StringContent(Request);
        using var based = await provider.Client.PostAsync("/any/base/v2/chat/completions", content, Stop);
        Assert.Equal(HttpStatusCode.OK, based.StatusCode);
        using var unknown = await provider.Client.GetAsync("/v1/chat/completions", Stop);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }
}
