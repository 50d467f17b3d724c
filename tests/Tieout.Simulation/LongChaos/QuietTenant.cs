using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Tieout.Core.Money;
using Tieout.Simulation.Running;

namespace Tieout.Simulation.LongChaos;

/// <summary>A tenant who does nothing wrong: requests at a steady rate, to both nodes by turns. Remembers what was acknowledged and how long each answer
/// took.</summary>
internal sealed class QuietTenant(string key, IReadOnlyList<string> nodes) : IDisposable
{
    /// <summary>Requests per second, sent at their time whether or not the ones before are answered.</summary>
    private const int PerSecond = 20;

    private readonly HttpClient _http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 256 }) { Timeout = TimeSpan.FromSeconds(60) };
    private readonly ConcurrentDictionary<string, ConcurrentBag<double>> _latencies = new();
    private volatile string _phase = "quiet";

    /// <summary>What was answered whole: usage id and cost.</summary>
    public ConcurrentDictionary<string, Amount> Acknowledged { get; } = new();

    /// <summary>Answers by status; 0: no answer.</summary>
    public ConcurrentDictionary<(string Phase, int Status), int> Answers { get; } = new();

    /// <summary>Names what happens from now on, for <see cref="Percentile99"/>.</summary>
    public string Phase
    {
        set => _phase = value;
    }

    public async Task RunAsync(CancellationToken over)
    {
        var asked = new List<Task>();
        var clock = Stopwatch.StartNew();
        for (var i = 0; !over.IsCancellationRequested; i++)
        {
            var due = TimeSpan.FromSeconds((double)i / PerSecond) - clock.Elapsed;
            if (due > TimeSpan.Zero) await Task.Delay(due, CancellationToken.None);
            asked.Add(AskAsync(nodes[i % nodes.Count]));
            if (asked.Count > 1_000) asked.RemoveAll(task => task.IsCompletedSuccessfully);
        }

        await Task.WhenAll(asked);
    }

    /// <summary>In milliseconds, of the answers with status 200 to requests sent in a phase.</summary>
    public double Percentile99(string phase)
    {
        var all = _latencies.TryGetValue(phase, out var bag) ? bag.Order().ToList() : [];
        Assert.True(all.Count >= 100, $"Only {all.Count} requests were answered in the phase '{phase}'.");
        return all[(int)(all.Count * 0.99)];
    }

    public void Dispose() => _http.Dispose();

    private async Task AskAsync(string node)
    {
        var phase = _phase;
        var began = Stopwatch.GetTimestamp();
        var status = 0;
        try
        {
            using var answer = await _http.SendAsync(Platform.Chat(node, key, 200, 20));
            var body = await answer.Content.ReadAsStringAsync();
            status = (int)answer.StatusCode;
            if (answer.StatusCode == HttpStatusCode.OK && body.EndsWith('}'))
            {
                Acknowledged[answer.Headers.GetValues("Tieout-Usage-Id").Single()] = Amount.Parse(answer.Headers.GetValues("Tieout-Cost").Single());
                _latencies.GetOrAdd(phase, _ => []).Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            }
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException or IOException)
        {
            // A node was killed, or did not answer: what it did not acknowledge is not counted on.
        }

        Answers.AddOrUpdate((phase, status), 1, (_, count) => count + 1);
    }
}
