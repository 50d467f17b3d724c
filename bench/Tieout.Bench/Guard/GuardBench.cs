using System.Text;
using System.Text.Json;
using Tieout.Bench.Gateway;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;
using Tieout.Server.Tenancy;
using Tieout.Storage;
using Tieout.Storage.Sqlite;

namespace Tieout.Bench.Guard;

/// <summary>What <c>tieout bench guard</c> found. Times are milliseconds.</summary>
/// <param name="PerS">Questions a second, each timed from when it should have been asked.</param>
/// <param name="Answered">In all, warming up included.</param>
/// <param name="Recorded">Decisions in the ledger. As many as were answered, or the guard lost one.</param>
internal sealed record GuardBenchResult(int PerS, MeasuredTimes Decide, Spent PerDecision, long Answered, long Recorded);

/// <summary>Asks the guard of a server, a process of its own, so many questions a second: an envelope is verified and bound, and every answer is durable before
/// it is given.</summary>
internal sealed class GuardBench(string folder, int perSecond, TimeSpan time, CancellationToken cancellationToken)
{
    private const string Org = "bench";
    private const int WarmUpAnswers = 20_000;
    private const int WarmUpClients = 16;

    public async Task<GuardBenchResult> RunAsync()
    {
        var (warm, times) = (new LoadTimes(), new LoadTimes());
        Spent spent;
        await using (var server = await PartProcess.StartAsync(BenchPart.Guard, folder: folder))
        {
            var question = await QuestionAsync(server.Url);
            using var target = new LoadTarget(server.Url);
            while (warm.Count < WarmUpAnswers)
            {
                await GatewayLoads.AtOnceAsync(target, WarmUpClients, question, TimeSpan.FromSeconds(1), warm, cancellationToken);
            }

            var before = await server.ReadAsync();
            await GatewayLoads.OpenLoopAsync(target, perSecond, question, time, times, cancellationToken);
            spent = Spent.Between(before, await server.ReadAsync(), times.Count);
        }

        return new(perSecond, times.Total(), spent, warm.Count + times.Count, await RecordedAsync());
    }

    private async Task<long> RecordedAsync()
    {
        await using var ledger = SqliteLedger.Open(folder);
        return await ledger.Read.AllRecordsAsync(RecordKind.GuardDecision, Org, cancellationToken).LongCountAsync(cancellationToken);
    }

    /// <returns>The bytes of a request that is allowed.</returns>
    private async Task<byte[]> QuestionAsync(Uri url)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new(url, "/api/v1/") };
        var admin = AdminTokenFile.First(folder) ?? throw new InvalidOperationException($"There is no admin token in {folder}.");
        await SendAsync(admin, "orgs", $$"""{"id":"{{Org}}","asset":"USD","billing":"prepaid"}""");
        var issued = await SendAsync(admin, $"orgs/{Org}/keys", $$"""{"scopes":["{{KeyScope.Envelopes.Name}}","{{KeyScope.Guard.Name}}"]}""");
        var key = issued.GetProperty("key").GetString()!;
        await SendAsync(admin, "guard/policies",
            """{"name":"volumes","actions":"volume.*","irreversible":true,"mode":"enforce","reason":"A deleted volume is gone."}""");
        var envelope = await SendAsync(key, "envelopes", """{"originator_id":"user:bench","workflow_id":"wf","operation_id":"op"}""");
        var body = $$"""{"action":"volume.delete","resource":{"type":"volume","id":"vol-1","owner_org":"{{Org}}"},"envelope":"{{envelope.GetProperty("envelope").GetString()}}"}""";
        return Encoding.ASCII.GetBytes(
            $"POST /api/v1/guard/decide HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}");

        async Task<JsonElement> SendAsync(string token, string path, string json)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
            request.Headers.Authorization = new("Bearer", token);
            using var answer = await http.SendAsync(request, cancellationToken);
            var text = await answer.Content.ReadAsStringAsync(cancellationToken);
            return answer.IsSuccessStatusCode
                ? JsonElement.Parse(text) : throw new IOException($"The server answered {(int)answer.StatusCode} to {path}: {text}");
        }
    }
}
