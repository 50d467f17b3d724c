using System.Globalization;
using System.Text.Json;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Storage.Postgres;
using Tieout.Storage.Postgres.Verification;
using Tieout.Storage.Sqlite.Verification;
using Tieout.Storage.Tests.Postgres;

namespace Tieout.Server.Tests.Gateway.Extremes;

/// <summary>A provider that claims what cannot be: whatever its usage block counts, in whatever dialect, the hold ends, the attempt is recorded and flagged,
/// and figures go on.</summary>
public sealed class ExtremeAnswerTests
{
    private static readonly string[] BatchEndpoints = ["/v1/chat/completions", "/v1/responses", "/v1/completions", "/v1/embeddings"];

    private static readonly Amount TopUp = Amount.Parse("10000000");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // Goal: no answer of a provider stops the book. Method: each number that cannot be, at each place of the usage block, through each address, as a whole and
    // as a stream, as a line of a batch and as an answer that comes later.
    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task L5_M1_L1_whatever_a_provider_claims_the_hold_ends_the_attempt_is_recorded_and_flagged_and_the_book_verifies(string store)
    {
        var database = store == "postgres" ? PostgresServer.Instance.NewStore() : null;
        var claims = ChargedDoors.All.SelectMany(door => ClaimedUsage.Of(door.Usage)).Distinct().ToList();
        await using var provider = await ClaimingProvider.StartAsync(claims);
        await using var world = await DialectsWorld.StartAsync(
            TopUp.ToString(), options => options with { BatchPollInterval = BatchesWorld.Never }, provider.Urls.First(), change: null,
            database is null ? null : async () => await PostgresLedger.OpenAsync(database));

        ChargedDoors.AssertEveryDoorIsTried(world);
        var sent = 0;
        foreach (var (path, body, usage) in ChargedDoors.All)
        {
            var calls = ChargedDoors.Requests(body).SelectMany(_ => ClaimedUsage.Of(usage), (text, claim) => (text, claim)).ToList();
            await Parallel.ForEachAsync(calls, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Stop },
                async (call, _) => await AnswerAsync(world, path, call.text, call.claim));
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
        using var content = ChargedDoors.Content(body);
        try
        {
            using var response = await world.PostAsync(path, content, DialectsChargeTests.KeyOf(path), $"{ClaimingProvider.Claim}: {claim}");
            var text = await response.Content.ReadAsStringAsync(Stop);
            Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode} for {claim} at {path}: {text}");
        }
        catch (HttpRequestException cut)
        {
            // An event that is no JSON may be the last or not, so a stream with such an event is cut, before or after its head has arrived. It is charged for
            // all the same.
            Assert.True(IsNoJson(claim), $"The answer for {claim} at {path} does not come to its end: {cut.Message}");
        }
    }

    private static bool IsNoJson(string claim) => claim.Contains(":NaN", StringComparison.Ordinal);

    /// <summary>Responses that are made in the background and asked for when they are done.</summary>
    private static async Task<int> AnswerLaterAsync(World world)
    {
        var claims = ClaimedUsage.Of(ClaimedUsage.Responses).ToList();
        await Parallel.ForEachAsync(claims, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Stop }, async (claim, _) =>
        {
            using var made = await world.PostAsync("/v1/responses", """{"model":"gpt-4o","input":"Hi","background":true,"max_output_tokens":50}""",
                DialectsChargeTests.KeyOf(""), $"{ClaimingProvider.Claim}: {claim}");
            var text = await made.Content.ReadAsStringAsync(Stop);
            Assert.True(made.IsSuccessStatusCode, text);
            using var answer = await world.SendAsync(HttpMethod.Get, $"/v1/responses/{JsonElement.Parse(text).GetProperty("id").GetString()}");

            // Nobody can say whether that is the answer. It is not given, and the provider is asked again until it can be read.
            Assert.True(answer.IsSuccessStatusCode ? !IsNoJson(claim) : (int)answer.StatusCode == 502 && IsNoJson(claim),
                $"{(int)answer.StatusCode} for {claim}, asked for later.");
        });
        Assert.Equal(claims.Count(IsNoJson), world.Read.OpenHolds(null).Count);
        return claims.Count(claim => !IsNoJson(claim));
    }

    private static async Task<int> BatchAsync(World world, string endpoint, List<string> all)
    {
        var (_, body, usage) = ChargedDoors.All.Single(door => door.Path == endpoint);
        var claims = ClaimedUsage.Of(usage).ToList();
        var file = await world.FileAsync(
            [.. claims.Select(
                claim => $$"""{"custom_id":"{{all.IndexOf(claim)}}","method":"POST","url":"{{endpoint}}","body":{{body.Replace("%", "", StringComparison.Ordinal)}}}""")]);
        using var made = await world.PostAsync(
            "/v1/batches", $$"""{"input_file_id":"{{file}}","endpoint":"{{endpoint}}","completion_window":"24h"}""", DialectsChargeTests.KeyOf(""));
        var text = await made.Content.ReadAsStringAsync(Stop);
        Assert.True(made.IsSuccessStatusCode, text);
        await world.EndedAsync(JsonElement.Parse(text).GetProperty("id").GetString()!);
        return claims.Count;
    }

    private static async Task<int> MessageBatchAsync(World world, List<string> all)
    {
        var claims = ClaimedUsage.Of(ClaimedUsage.Messages).ToList();
        var lines =
            claims.Select(
                claim => $$$"""{"custom_id":"{{{all.IndexOf(claim).ToString(CultureInfo.InvariantCulture)}}}","params":{"model":"claude-sonnet-4-5","max_tokens":50,"messages":[{"role":"user","content":"Hi"}]}}""");
        using var made =
            await world.PostAsync("/v1/messages/batches", $$"""{"requests":[{{string.Join(',', lines)}}]}""", DialectsChargeTests.KeyOf("messages"));
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
            Assert.True(
                row.Usage.Basis is UsageBasis.Estimated || row.Usage.Flags != UsageFlags.None || row.Flags != ChargeFlags.None, $"{row.Usage} is not flagged.");
            Assert.InRange(row.Usage.Counts.InputTokens, 0, UsageUnits.InputTokens.Max);
            Assert.InRange(row.Usage.Counts.OutputTokens, 0, UsageUnits.OutputTokens.Max);
        });
        Assert.Equal(TopUp - Amount.Sum(rows.Select(row => row.Charge)), world.Read.Balance(World.Org)!.Balance);
    }
}
