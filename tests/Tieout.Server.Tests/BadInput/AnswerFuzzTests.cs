using System.Diagnostics;
using System.Net;
using System.Text;
using Tieout.Core.Metering;
using Tieout.Server.Tests.Gateway;

namespace Tieout.Server.Tests.BadInput;

/// <summary>Whatever a provider answers, in whatever pieces: each call that reached it is one record, and no hold is forgotten.</summary>
public sealed class AnswerFuzzTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // Goal: no answer costs a record, a hold or the connection's manners. Method: what the simulated provider really says, spoilt and cut, over a raw socket;
    // after each call the books must have one more record and nothing held. A failure names seed, round and bytes.
    [Theory]
    [InlineData(1, "/v1/chat/completions",
        """{"model":"gpt-4o","max_tokens":60,"messages":[{"role":"user","content":"How much?"}],"stream":true,"stream_options":{"include_usage":true}}""")]
    [InlineData(2, "/v1/chat/completions", """{"model":"gpt-4o","max_tokens":60,"messages":[{"role":"user","content":"How much?"}]}""")]
    [InlineData(3, "/v1/responses", """{"model":"gpt-4o","input":"How much?","max_output_tokens":60,"stream":true}""")]
    [InlineData(4, "/v1/responses", """{"model":"gpt-4o","input":"How much?","max_output_tokens":60}""")]
    [InlineData(5, "/v1/messages", """{"model":"claude-sonnet-4-5","max_tokens":60,"messages":[{"role":"user","content":"How much?"}],"stream":true}""")]
    [InlineData(6, "/v1/messages", """{"model":"claude-sonnet-4-5","max_tokens":60,"messages":[{"role":"user","content":"How much?"}]}""")]
    [InlineData(7, "/v1beta/models/gemini-2.5-flash:streamGenerateContent", """{"contents":[{"role":"user","parts":[{"text":"How much?"}]}]}""")]
    [InlineData(8, "/v1beta/models/gemini-2.5-flash:generateContent", """{"contents":[{"role":"user","parts":[{"text":"How much?"}]}]}""")]
    [InlineData(9, "/v1/embeddings", """{"model":"text-embedding-3-small","input":"How much?"}""")]
    public async Task M1_L5_any_answer_is_one_record_and_no_hold_stays(int seed, string path, string body)
    {
        await using var provider = RawProvider.Start();
        await using var world = await DialectsWorld.StartAsync(topUp: "1000000000", providerUrl: provider.Url);
        var (type, sample) = await SampleAsync(world, path, body);
        seed = Fuzzing.Seed(seed);
        var random = new Random(seed);
        var clock = Stopwatch.StartNew();
        var reported = 0;
        for (var round = 1; Fuzzing.GoesOn(clock, round); round++)
        {
            var answer = Mutation.Of(sample, random);
            provider.Answer = Mutation.Pieces(RawProvider.Http(type, answer), random);
            var told = await AskAsync(world, path, body);

            var what = $"seed {seed}, round {round}: {Convert.ToBase64String(answer)}\n{told}";
            Assert.False(told.Contains("internal", StringComparison.Ordinal), what);
            var rows = await RowsAsync(world, round);
            Assert.True(rows.Count == round, $"{rows.Count} records, {what}");
            Assert.True(world.Read.OpenHolds(null).Count == 0, $"A hold stayed, {what}");
            Assert.All(rows, row => Assert.True(row.Usage.Basis is UsageBasis.Reported || row.Usage.Flags != UsageFlags.None, what));
            reported = rows.Count(row => row.Usage.Basis is UsageBasis.Reported);
        }

        Assert.True(reported > 5, $"{reported} answers were read: too few to say anything.");
    }

    /// <summary>What the simulated provider says to this, as it is on the wire.</summary>
    private static async Task<(string Type, byte[] Bytes)> SampleAsync(World world, string path, string body)
    {
        using var http = new HttpClient();
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync(new Uri(world.Provider.Urls.First() + path), content, Stop);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return (answer.Content.Headers.ContentType!.ToString(), await answer.Content.ReadAsByteArrayAsync(Stop));
    }

    /// <returns>Status and body, or how the connection ended.</returns>
    private static async Task<string> AskAsync(World world, string path, string body)
    {
        try
        {
            using var response = await world.PostAsync(path, body, DialectsChargeTests.KeyOf(path));
            var text = await response.Content.ReadAsStringAsync(Stop);
            return response.IsSuccessStatusCode ? "200" : $"{(int)response.StatusCode} {text}";
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            return "broken off";
        }
    }

    /// <summary>The record may follow the end of a connection that was broken off.</summary>
    private static async Task<IReadOnlyList<Core.Ledger.UsageRow>> RowsAsync(World world, int count)
    {
        for (var i = 0; ; i++)
        {
            var rows = await world.UsageAsync();
            if (rows.Count >= count || i == 40) return rows;
            await Task.Delay(25, Stop);
        }
    }
}
