using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Server.Gateway;
using Tieout.Storage.Postgres;
using Tieout.Storage.Postgres.Verification;
using Tieout.Storage.Sqlite.Verification;
using Tieout.Storage.Tests.Postgres;

namespace Tieout.Server.Tests.Gateway.Extremes;

/// <summary>A provider that claims what cannot be: whatever its usage block counts, in whatever dialect, the hold ends, the attempt is recorded and flagged, and figures go on.</summary>
public sealed class ExtremeAnswerTests
{
    private const string Stream = ""","stream":true""";

    /// <summary>Every address of the gateway whose answer is charged for: a request of it, with % for what asks for a stream.</summary>
    private static readonly (string Path, string Body, string Usage)[] Doors =
    [
        ("/v1/chat/completions", """{"model":"gpt-4o","messages":[{"role":"user","content":"Hi"}],"max_tokens":50%}""", ClaimedUsage.Chat),
        ("/v1/completions", """{"model":"gpt-4o","prompt":"Hi","max_tokens":50%}""", ClaimedUsage.Chat),
        ("/v1/responses", """{"model":"gpt-4o","input":"Hi","max_output_tokens":50%}""", ClaimedUsage.Responses),
        ("/v1/embeddings", """{"model":"text-embedding-3-small","input":"Hi"}""", ClaimedUsage.Embeddings),
        ("/v1/images/generations", """{"model":"gpt-image-1","prompt":"Hi"%}""", ClaimedUsage.Images),
        ("/v1/images/edits", "model=gpt-image-1", ClaimedUsage.Images),
        ("/v1/images/variations", "model=gpt-image-1", ClaimedUsage.Images),
        ("/v1/audio/speech", """{"model":"gpt-4o-mini-tts","input":"Hi","voice":"alloy","stream_format":"sse"}""", ClaimedUsage.Audio),
        ("/v1/audio/transcriptions", "model=gpt-4o-transcribe", ClaimedUsage.Audio),
        ("/v1/audio/translations", "model=whisper-1", ClaimedUsage.Seconds),
        ("/v1/messages", """{"model":"claude-sonnet-4-5","max_tokens":50,"messages":[{"role":"user","content":"Hi"}]%}""", ClaimedUsage.Messages),
        ("/v1beta/models/gemini-2.5-flash:generateContent", """{"contents":[{"role":"user","parts":[{"text":"Hi"}]}],"generationConfig":{"maxOutputTokens":50}}""", ClaimedUsage.Gemini),
        ("/v1beta/models/gemini-2.5-flash:streamGenerateContent", """{"contents":[{"role":"user","parts":[{"text":"Hi"}]}],"generationConfig":{"maxOutputTokens":50}}""", ClaimedUsage.Gemini),
    ];

    /// <summary>Posted to, and nothing is charged for the answer itself.</summary>
    private static readonly string[] Free =
        ["/v1/moderations", "/v1/messages/count_tokens", "/v1beta/models/{model}:countTokens", "/v1/files", "/v1/batches", "/v1/batches/{id}/cancel", "/v1/messages/batches", "/v1/messages/batches/{id}/cancel", "/v1/responses/{id}/cancel"];

    private static readonly string[] BatchEndpoints = ["/v1/chat/completions", "/v1/responses", "/v1/completions", "/v1/embeddings"];

    private static readonly Amount TopUp = Amount.Parse("10000000");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // Goal: no answer of a provider stops the book. Method: each number that cannot be, at each place of the usage block, through each address, as a whole and as a stream, as a line of a batch and as an answer that comes later.
    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task L5_M1_L1_whatever_a_provider_claims_the_hold_ends_the_attempt_is_recorded_and_flagged_and_the_book_verifies(string store)
    {
        var database = store == "postgres" ? PostgresServer.Instance.NewDatabase() : null;
        var claims = Doors.SelectMany(door => ClaimedUsage.Of(door.Usage)).Distinct().ToList();
        await using var provider = await ClaimingProvider.StartAsync(claims);
        await using var world = await DialectsWorld.StartAsync(
            TopUp.ToString(), options => options with { BatchPollInterval = BatchesWorld.Never }, provider.Urls.First(), change: null, database is null ? null : async () => await PostgresLedger.OpenAsync(database));

        AssertEveryDoorIsTried(world);
        var sent = 0;
        foreach (var (path, body, usage) in Doors)
        {
            var bodies = body.Contains('%', StringComparison.Ordinal) ? (string[])[body.Replace("%", "", StringComparison.Ordinal), body.Replace("%", Stream, StringComparison.Ordinal)] : [body];
            var calls = bodies.SelectMany(_ => ClaimedUsage.Of(usage), (text, claim) => (text, claim)).ToList();
            await Parallel.ForEachAsync(calls, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Stop }, async (call, _) => await AnswerAsync(world, path, call.text, call.claim));
            sent += calls.Count;
        }

        sent += await AnswerLaterAsync(world);
        foreach (var endpoint in BatchEndpoints) sent += await BatchAsync(world, endpoint, claims);
        sent += await MessageBatchAsync(world, claims);
        await AssertBookAsync(world, sent);

        await world.Server.StopAsync(Stop);
        await world.Ledger.DisposeAsync();
        var report = database is null ? SqliteVerification.Run(world.Folder.FullName) : await PostgresVerification.RunAsync(database, cancellationToken: Stop);
        Assert.Equal("", string.Join('\n', report.Checks.SelectMany(check => check.Rows.Select(row => $"{check.Id}: {row}"))));
    }

    private static async Task AnswerAsync(World world, string path, string body, string claim)
    {
        using HttpContent content = body[0] == '{' ? new StringContent(body, Encoding.UTF8, "application/json") : Form(body);
        using var response = await world.PostAsync(path, content, DialectsChargeTests.KeyOf(path), $"{ClaimingProvider.Claim}: {claim}");
        try
        {
            var text = await response.Content.ReadAsStringAsync(Stop);
            Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode} for {claim} at {path}: {text}");
        }
        catch (HttpRequestException cut)
        {
            // An event that is no JSON may be the last or not, so a stream with such an event is cut. It is charged for all the same.
            Assert.True(IsNoJson(claim), $"The answer for {claim} at {path} does not come to its end: {cut.Message}");
        }
    }

    private static bool IsNoJson(string claim) => claim.Contains(":NaN", StringComparison.Ordinal);

    private static MultipartFormDataContent Form(string field) => new()
    {
        { new StringContent(field.Split('=')[1]), field.Split('=')[0] },
        { new StringContent("Hi"), "prompt" },
        { new ByteArrayContent(new byte[2_000]), "image", "x.png" },
        { new ByteArrayContent(new byte[2_000]), "file", "x.mp3" },
    };

    /// <summary>Responses that are made in the background and asked for when they are done.</summary>
    private static async Task<int> AnswerLaterAsync(World world)
    {
        var claims = ClaimedUsage.Of(ClaimedUsage.Responses).ToList();
        await Parallel.ForEachAsync(claims, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Stop }, async (claim, _) =>
        {
            using var made = await world.PostAsync("/v1/responses", """{"model":"gpt-4o","input":"Hi","background":true,"max_output_tokens":50}""", DialectsChargeTests.KeyOf(""), $"{ClaimingProvider.Claim}: {claim}");
            var text = await made.Content.ReadAsStringAsync(Stop);
            Assert.True(made.IsSuccessStatusCode, text);
            using var answer = await world.SendAsync(HttpMethod.Get, $"/v1/responses/{JsonElement.Parse(text).GetProperty("id").GetString()}");

            // Nobody can say whether that is the answer. It is not given, and the provider is asked again until it can be read.
            Assert.True(answer.IsSuccessStatusCode ? !IsNoJson(claim) : (int)answer.StatusCode == 502 && IsNoJson(claim), $"{(int)answer.StatusCode} for {claim}, asked for later.");
        });
        Assert.Equal(claims.Count(IsNoJson), world.Read.OpenHolds(null).Count);
        return claims.Count(claim => !IsNoJson(claim));
    }

    private static async Task<int> BatchAsync(World world, string endpoint, List<string> all)
    {
        var (_, body, usage) = Array.Find(Doors, door => door.Path == endpoint);
        var claims = ClaimedUsage.Of(usage).ToList();
        var file = await world.FileAsync([.. claims.Select(claim => $$"""{"custom_id":"{{all.IndexOf(claim)}}","method":"POST","url":"{{endpoint}}","body":{{body.Replace("%", "", StringComparison.Ordinal)}}}""")]);
        using var made = await world.PostAsync("/v1/batches", $$"""{"input_file_id":"{{file}}","endpoint":"{{endpoint}}","completion_window":"24h"}""", DialectsChargeTests.KeyOf(""));
        var text = await made.Content.ReadAsStringAsync(Stop);
        Assert.True(made.IsSuccessStatusCode, text);
        await world.EndedAsync(JsonElement.Parse(text).GetProperty("id").GetString()!);
        return claims.Count;
    }

    private static async Task<int> MessageBatchAsync(World world, List<string> all)
    {
        var claims = ClaimedUsage.Of(ClaimedUsage.Messages).ToList();
        var lines = claims.Select(claim => $$$"""{"custom_id":"{{{all.IndexOf(claim).ToString(CultureInfo.InvariantCulture)}}}","params":{"model":"claude-sonnet-4-5","max_tokens":50,"messages":[{"role":"user","content":"Hi"}]}}""");
        using var made = await world.PostAsync("/v1/messages/batches", $$"""{"requests":[{{string.Join(',', lines)}}]}""", DialectsChargeTests.KeyOf("messages"));
        var text = await made.Content.ReadAsStringAsync(Stop);
        Assert.True(made.IsSuccessStatusCode, text);
        await world.GetAsync($"/v1/messages/batches/{JsonElement.Parse(text).GetProperty("id").GetString()}");
        return claims.Count;
    }

    private static async Task AssertBookAsync(World world, int sent)
    {
        Assert.Equal(ClaimedUsage.Of(ClaimedUsage.Responses).Count(IsNoJson), world.Read.OpenHolds(null).Count);
        Assert.True(world.Ledger.Health.IsWritable, world.Ledger.Health.Reason);
        Assert.Equal(0, world.Ledger.Health.Quarantined);
        var rows = await world.UsageAsync();
        Assert.Equal(sent, rows.Count);
        Assert.All(rows, row =>
        {
            Assert.True(row.Usage.Basis is UsageBasis.Estimated || row.Usage.Flags != UsageFlags.None || row.Flags != ChargeFlags.None, $"{row.Usage} is not flagged.");
            Assert.InRange(row.Usage.Counts.InputTokens, 0, UsageUnits.InputTokens.Max);
            Assert.InRange(row.Usage.Counts.OutputTokens, 0, UsageUnits.OutputTokens.Max);
        });
        Assert.Equal(TopUp - Amount.Sum(rows.Select(row => row.Charge)), world.Read.Balance(World.Org)!.Balance);
    }

    /// <summary>Each address has several names; one of them is tried.</summary>
    private static void AssertEveryDoorIsTried(World world)
    {
        var posts = world.Server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(route => route.Metadata.GetMetadata<GatewayProtocol>() is not null && route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Contains("POST"))
            .Select(route => route.RoutePattern.RawText!).ToHashSet(StringComparer.Ordinal);
        var tried = Doors.Select(door => door.Path.Replace("gemini-2.5-flash", "{model}", StringComparison.Ordinal)).Concat(Free).SelectMany(path => Names(path)).ToHashSet(StringComparer.Ordinal);
        Assert.Empty(posts.Except(tried));
        Assert.Empty(Doors.Select(door => door.Path.Replace("gemini-2.5-flash", "{model}", StringComparison.Ordinal)).Except(posts));
    }

    private static string[] Names(string path) => path.StartsWith("/v1beta/", StringComparison.Ordinal)
        ? [path, $"/v1/gemini{path[7..]}", $"/v1/gemini{path}"]
        : [path, $"/v1/openai{path[3..]}", $"/v1/openai{path}", $"/v1/anthropic{path[3..]}", $"/v1/anthropic{path}"];
}
