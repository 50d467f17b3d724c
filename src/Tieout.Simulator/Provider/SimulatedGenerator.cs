using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Tieout.Simulator.Provider.Dialects;
using Tieout.Simulator.Replay;

namespace Tieout.Simulator.Provider;

/// <summary>Decides what is answered to a request and writes it on the bill; how it is sent is for others.</summary>
internal sealed class SimulatedGenerator(SimulatedProviderOptions options, ServedLog log)
{
    private static readonly string[] CredentialHeaders = ["authorization", "x-api-key", "x-goog-api-key", "api-key"];

    private readonly SimulatedChaos _chaos = new(options);
    private readonly TraceRow[] _trace = options.TracePath is { } path ? [.. TraceReader.ReadFile(path)] : [];
    private long _calls;

    /// <summary>UTC.</summary>
    public long NowUnixSeconds => options.Time.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>An id for something that is no answer: 16 hexadecimal digits.</summary>
    public string NextId() => _chaos.IdOf(Interlocked.Increment(ref _calls));

    /// <summary>Decided and billed; its faults say whether it is an error.</summary>
    /// <exception cref="SimulatedRequestException">The request is none: written down as 400.</exception>
    /// <exception cref="System.Text.Json.JsonException">The body is no JSON: written down as 400.</exception>
    public SimulatedAnswer Answer(SimulatedDialect dialect, SimulatedInput input, string? batchId = null)
    {
        var call = Interlocked.Increment(ref _calls);
        try
        {
            var request = dialect.Read(input);
            var (fault, faults) = FaultsOf(call, input.Headers);
            var counted = SimulatedUsage.Of(request, input.Headers, _trace.Length == 0 ? null : _trace[(call - 1) % _trace.Length]);
            var answer = new SimulatedAnswer(
                _chaos.IdOf(call), NowUnixSeconds, request, dialect.Use(counted, request), faults, ToolOf(request, input.Headers));

            // Billed before anything is sent: a provider also bills what the caller did not wait for.
            var status = faults.Status ?? 200;
            log.Add(Row(input, dialect.Name, dialect.Endpoint, status, answer, fault, dialect.Free) with { BatchId = batchId });
            if (status == 200) dialect.Answered(answer);
            return answer;
        }
        catch (Exception exception) when (exception is SimulatedRequestException or System.Text.Json.JsonException)
        {
            log.Add(Row(input, dialect.Name, dialect.Endpoint, 400, null, null, free: true) with { BatchId = batchId });
            throw;
        }
    }

    /// <summary>Writes down a call that generated nothing.</summary>
    public void NoteFree(SimulatedInput input, string dialect, string endpoint, int status) =>
        log.Add(Row(input, dialect, endpoint, status, null, input.Headers["X-Sim-Fault"], free: true));

    private (string? Header, SimulatedFaults Faults) FaultsOf(long call, IHeaderDictionary headers)
    {
        if (headers.TryGetValue("X-Sim-Fault", out var header)) return (header.ToString(), SimulatedFaults.Parse(header));
        return _chaos.FaultOf(call) is { } chaos ? chaos : (null, SimulatedFaults.None);
    }

    /// <summary>A request without tools is answered with a text, so a client may send the header with every request.</summary>
    private static string? ToolOf(SimulatedRequest request, IHeaderDictionary headers)
    {
        if (!headers.TryGetValue("X-Sim-Tool", out var wanted) || request.Tools.Count == 0) return null;
        if (request.Tools.Contains(wanted.ToString())) return wanted;
        throw new SimulatedRequestException($"X-Sim-Tool: '{wanted}' is none of the request's tools.", "X-Sim-Tool");
    }

    private ServedCall Row(SimulatedInput input, string dialect, string endpoint, int status, SimulatedAnswer? answer, string? fault, bool free)
    {
        var billed = status == 200 && !free;
        var usage = billed ? answer!.Usage : SimulatedUsage.None;
        var credentials = Credentials(input);
        return new(
            Call: 0, options.Time.GetUtcNow(), dialect, endpoint, status, answer?.Id, answer?.Request.Model, answer?.Request.Stream ?? false,
            usage.PromptTokens, usage.CachedTokens, usage.CompletionTokens, usage.ReasoningTokens,
            fault, credentials.GetValueOrDefault("authorization"), TellingHeaders(input.Headers))
        {
            Billed = billed,
            CacheWrite5mTokens = usage.CacheWrite5mTokens,
            CacheWrite1hTokens = usage.CacheWrite1hTokens,
            Images = usage.Images,
            AudioSeconds = usage.AudioSeconds,
            Characters = usage.Characters,
            Iterations = usage.Iterations,
            CredentialsSha256 = credentials,
        };
    }

    private static Dictionary<string, string> Credentials(SimulatedInput input)
    {
        var hashes = new Dictionary<string, string>();
        foreach (var name in CredentialHeaders) Note(name, input.Headers[name].ToString());
        Note("key", input.Query["key"].ToString());
        return hashes;

        void Note(string name, string value)
        {
            if (value.Length > 0) hashes.Add(name, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(value))));
        }
    }

    private static Dictionary<string, string> TellingHeaders(IHeaderDictionary headers)
    {
        var telling = new Dictionary<string, string>();
        foreach (var (name, value) in headers)
        {
            var tells = name.StartsWith("X-Sim-", StringComparison.OrdinalIgnoreCase)
                || name.StartsWith("Tieout-", StringComparison.OrdinalIgnoreCase)
                || name.Equals("X-Correlation-Id", StringComparison.OrdinalIgnoreCase)
                || name.Equals("X-Request-Id", StringComparison.OrdinalIgnoreCase)
                || name.Equals("traceparent", StringComparison.OrdinalIgnoreCase);
            if (tells) telling.Add(name, value.ToString());
        }

        return telling;
    }
}
