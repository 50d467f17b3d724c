using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Server.Tests.Gateway;
using Tieout.Simulator.Provider;

namespace Tieout.Server.Tests.BadInput;

/// <summary>Whatever a client sends: a refusal in its dialect, or an answer whose price is that of what the provider was really asked for.</summary>
public sealed class RequestFuzzTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // Goal: no body is read in two ways. Method: valid bodies with many members, spoilt; the simulated provider reads them with a reader of its own and bills
    // what it read;
    // model and tokens on the record must be those on the bill, and what was held must have been enough.
    [Theory]
    [InlineData(11, "/v1/chat/completions",
        """{"model":"gpt-4o","max_tokens":60,"n":2,"temperature":0.5,"user":"ann","messages":[{"role":"user","content":[{"type":"text","text":"How much?"}]}],"stream":true,"stream_options":{"include_usage":true},"metadata":{"a":"b"}}""")]
    [InlineData(12, "/v1/chat/completions",
        """{"model":"cheap","max_completion_tokens":60,"max_tokens":50,"messages":[{"role":"user","content":"How much?"}],"tools":[{"type":"function","function":{"name":"f"}}]}""")]
    [InlineData(13, "/v1/responses",
        """{"model":"gpt-4o","input":[{"role":"user","content":[{"type":"input_text","text":"How much?"}]}],"max_output_tokens":60,"stream":true,"instructions":"Briefly."}""")]
    [InlineData(14, "/v1/completions", """{"model":"gpt-4o","prompt":["How","much"],"max_tokens":60,"n":2,"best_of":3,"stream":false}""")]
    [InlineData(15, "/v1/embeddings", """{"model":"text-embedding-3-small","input":["How much?",[1,2,3]],"encoding_format":"float"}""")]
    [InlineData(16, "/v1/images/generations", """{"model":"dall-e-3","prompt":"A bill","n":2}""")]
    [InlineData(17, "/v1/audio/speech", """{"model":"tts-1","input":"How much?","voice":"alloy"}""")]
    [InlineData(18, "/v1/messages",
        """{"model":"claude-sonnet-4-5","max_tokens":60,"system":[{"type":"text","text":"Briefly."}],"messages":[{"role":"user","content":[{"type":"text","text":"How much?"}]}],"metadata":{"user_id":"ann"},"stream":true}""")]
    [InlineData(19, "/v1beta/models/gemini-2.5-flash:generateContent",
        """{"contents":[{"role":"user","parts":[{"text":"How much?"}]}],"generationConfig":{"maxOutputTokens":60,"candidateCount":2},"systemInstruction":{"parts":[{"text":"Briefly."}]}}""")]
    [InlineData(20, "/v1/audio/transcriptions",
        "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\nRIFFxxxx\r\n--b--\r\n")]
    public async Task M3_what_is_charged_is_what_the_provider_was_asked_for(int seed, string path, string body)
    {
        await using var world = await DialectsWorld.StartAsync(topUp: "1000000000");
        seed = Fuzzing.Seed(seed);
        var random = new Random(seed);
        var clock = Stopwatch.StartNew();
        var (served, sample) = (0, Encoding.UTF8.GetBytes(body));
        for (var round = 1; Fuzzing.GoesOn(clock, round); round++)
        {
            var sent = Mutation.Of(sample, random);
            var what = $"seed {seed}, round {round}: {Convert.ToBase64String(sent)}";
            using var content = new ByteArrayContent(sent);
            content.Headers.ContentType = MediaTypeHeaderValue.Parse(
                path.EndsWith("transcriptions", StringComparison.Ordinal) ? "multipart/form-data; boundary=b" : "application/json");
            using var response = await world.PostAsync(path, content, DialectsChargeTests.KeyOf(path));
            var text = await response.Content.ReadAsStringAsync(Stop);
            Assert.True((int)response.StatusCode is 200 or (>= 400 and < 500), $"{(int)response.StatusCode} {text}, {what}");
            Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);

            var calls = world.Bill.Calls();
            if (calls.Count == served) continue;
            served = calls.Count;
            var rows = await world.UsageAsync();
            Assert.True(rows.Count == served, $"{rows.Count} records of {served} calls, {what}");
            var row = rows.MaxBy(row => row.Seq)!;
            AssertSame(calls[^1], row, what);
            var hold = Assert.Single(await world.Read.OperationAsync(World.Org, row.Usage.OperationId, Stop)).Hold!;
            Assert.True(row.Charge <= hold.Amount, $"{hold.Amount} was held and {row.Charge} charged, {what}");
        }

        Assert.True(served > 5, $"{served} requests were served: too few to say anything.");
        Assert.Empty(world.Read.OpenHolds(null));
    }

    private static void AssertSame(ServedCall call, UsageRow row, string what)
    {
        Assert.True(call.Status == row.Usage.StatusCode, what);
        if (call.Model is { } model) Assert.True(model == row.Usage.Labels.Model, $"{model} was asked for and {row.Usage.Labels.Model} charged, {what}");
        if (row.Usage.Basis is UsageBasis.Reported && call.Images + call.AudioSeconds + call.Characters == 0)
        {
            Assert.True((call.PromptTokens, call.CompletionTokens) == (row.Usage.Counts.InputTokens, row.Usage.Counts.OutputTokens),
                $"{call} and {row.Usage.Counts}, {what}");
        }
    }
}
