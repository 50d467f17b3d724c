using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Tieout.Simulation.Running;

namespace Tieout.Simulation.LongChaos;

/// <summary>Tenants and strangers who try what they should not, each in a loop of its own until it is over. What they are answered does not matter; what others
/// notice does.</summary>
/// <param name="key">The hostile tenant's own key.</param>
/// <param name="foreignOrg">An org that is not theirs.</param>
internal sealed class HostileTenants(string key, string foreignOrg, IReadOnlyList<string> nodes) : IDisposable
{
    private const int SilentConnections = 400;
    private const string IngestPath = "/api/v1/usage";

    private readonly HttpClient _http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 64 }) { Timeout = TimeSpan.FromSeconds(20) };
    private int _attacks, _countsRefused;

    /// <summary>How many requests were made, answered or not.</summary>
    public int Attacks => Volatile.Read(ref _attacks);

    /// <summary>How often each address was answered with each status, so that an attack that reaches nothing is seen.</summary>
    public ConcurrentDictionary<(string Path, int Status), int> Answers { get; } = new();

    /// <summary>Ingest calls whose item was refused for its count: the attack went as far as the rules.</summary>
    public int CountsRefused => Volatile.Read(ref _countsRefused);

    public Task RunAsync(CancellationToken over) => Task.WhenAll(
        LoopAsync(FloodLabelsAsync, over), LoopAsync(SendLargeBodyAsync, over), LoopAsync(SendDeepBodyAsync, over), LoopAsync(ReadEverythingAsync, over),
        LoopAsync(GuessKeysAsync, over), LoopAsync(ReadForeignOrgAsync, over), LoopAsync(IngestDebtAsync, over), SitSilentAsync(over));

    public void Dispose() => _http.Dispose();

    private async Task LoopAsync(Func<string, int, Task> attack, CancellationToken over)
    {
        for (var i = 0; !over.IsCancellationRequested; i++)
        {
            try
            {
                await attack(nodes[i % nodes.Count], i);
            }
            catch (Exception error) when (error is HttpRequestException or OperationCanceledException or IOException)
            {
                // Refused, cut off or killed: again.
            }

            Interlocked.Increment(ref _attacks);
            await Task.Delay(20, CancellationToken.None);
        }
    }

    private Task FloodLabelsAsync(string node, int i) => SendAsync(Platform.Chat(node, key, 1, 1, ("Tieout-Feature", $"feature-{Guid.NewGuid():n}")));

    // No provider bills more than the model's window, so the simulated one may not either.
    private Task SendLargeBodyAsync(string node, int i) => PostAsync(node, "/v1/chat/completions",
        $$"""{"model":"{{Platform.Model}}","max_tokens":1,"messages":[{"role":"user","content":"{{new string('x', 8_000_000)}}"}]}""",
        ("X-Sim-Prompt-Tokens", "100000"));

    private Task SendDeepBodyAsync(string node, int i) => PostAsync(node, "/v1/chat/completions", new string('[', 200_000));

    private Task ReadEverythingAsync(string node, int i) =>
        GetAsync(node, i % 2 == 0 ? "/api/v1/orgs/mallory/usage?format=csv" : "/api/v1/orgs/mallory/usage?limit=1000", key);

    private Task GuessKeysAsync(string node, int i) => GetAsync(node, "/v1/models", $"sk-guess-{i}");

    private Task ReadForeignOrgAsync(string node, int i) => GetAsync(node, $"/api/v1/orgs/{foreignOrg}/usage", key);

    private Task IngestDebtAsync(string node, int i) => PostAsync(node, IngestPath,
        $$"""[{"id":"debt-{{i}}","model":"{{Platform.Model}}","provider":"sim","occurred_at":"{{DateTime.UtcNow:yyyy-MM-dd'T'HH:mm:ss'Z'}}","input_tokens":1000000000000}]""");

    /// <summary>Holds connections open and says nothing. The server closes them after its time for headers; then new ones are opened.</summary>
    private async Task SitSilentAsync(CancellationToken over)
    {
        var sockets = new List<Socket>();
        while (!over.IsCancellationRequested)
        {
            foreach (var node in nodes)
            {
                var address = new Uri(node);
                while (sockets.Count(socket => socket.Connected) < SilentConnections)
                {
                    var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                    sockets.Add(socket);
                    try
                    {
                        await socket.ConnectAsync(address.Host, address.Port, CancellationToken.None);
                    }
                    catch (SocketException)
                    {
                        break;
                    }
                }
            }

            await Task.Delay(5_000, CancellationToken.None);
            foreach (var socket in sockets) socket.Dispose();
            sockets.Clear();
        }
    }

    private async Task GetAsync(string node, string path, string secret)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, node + path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", secret);
        await SendAsync(request);
    }

    private async Task PostAsync(string node, string path, string body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, node + path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        foreach (var (name, value) in headers) request.Headers.Add(name, value);
        await SendAsync(request);
    }

    private async Task SendAsync(HttpRequestMessage request)
    {
        using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Answers.AddOrUpdate((request.RequestUri!.AbsolutePath, (int)answer.StatusCode), 1, (_, count) => count + 1);
        if (request.RequestUri.AbsolutePath != IngestPath) await answer.Content.CopyToAsync(Stream.Null);
        else if ((await answer.Content.ReadAsStringAsync()).Contains("count_too_large", StringComparison.Ordinal)) Interlocked.Increment(ref _countsRefused);
    }
}
