using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tieout.Server.SimulatedProvider.Dialects;
using Tieout.Server.Traces;

namespace Tieout.Server.SimulatedProvider;

/// <summary>One call from its request to the last byte of its answer: what is common to all dialects.</summary>
internal sealed class SimulatedExchange(SimulatedProviderOptions options, ServedLog log)
{
    /// <summary>Seconds that a 429 asks the caller to wait.</summary>
    private const string RetryAfterSeconds = "1";

    private readonly SimulatedChaos _chaos = new(options);
    private readonly TraceRow[] _trace = options.TracePath is { } path ? [.. TraceReader.ReadFile(path)] : [];
    private long _calls;

    public async Task AnswerAsync(HttpContext context, SimulatedDialect dialect)
    {
        var call = Interlocked.Increment(ref _calls);
        var rendered = new RenderedAnswer();
        SimulatedAnswer answer;
        string? fault;
        try
        {
            var request = await ReadAsync(context, dialect);
            (fault, var faults) = FaultsOf(call, context.Request.Headers);
            var usage = SimulatedUsage.Of(request, context.Request.Headers, _trace.Length == 0 ? null : _trace[(call - 1) % _trace.Length]);
            answer = new(_chaos.IdOf(call), options.Time.GetUtcNow().ToUnixTimeSeconds(), request, usage, faults);
        }
        catch (Exception exception) when (exception is SimulatedRequestException or JsonException)
        {
            var (message, field) = exception is SimulatedRequestException refused
                ? (refused.Message, refused.Field)
                : ("We could not parse the JSON body of your request.", null);
            dialect.WriteError(400, message, field, rendered);
            log.Add(Served(context, dialect, 400, null, null));
            await SendWholeAsync(context, 400, rendered, SimulatedFaults.None);
            return;
        }

        // Billed before the wait: a provider also bills what the caller did not wait for.
        var status = answer.Faults.Status ?? 200;
        log.Add(Served(context, dialect, status, answer, fault));
        await WaitAsync(options.Latency + answer.Faults.Slow, context);

        context.Response.Headers["x-request-id"] = $"req_{answer.Id}";
        if (status != 200)
        {
            if (status == 429) context.Response.Headers.RetryAfter = RetryAfterSeconds;
            dialect.WriteError(status, ErrorMessage(status, answer.Request.Model), null, rendered);
            await SendWholeAsync(context, status, rendered, SimulatedFaults.None);
        }
        else if (answer.Request.Stream)
        {
            dialect.WriteStream(answer, rendered);
            await SendStreamAsync(context, rendered, answer.Faults);
        }
        else
        {
            dialect.WriteWhole(answer, rendered);
            await SendWholeAsync(context, status, rendered, answer.Faults);
        }
    }

    private static async Task<SimulatedRequest> ReadAsync(HttpContext context, SimulatedDialect dialect)
    {
        var reader = context.Request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(context.RequestAborted);
            if (!read.IsCompleted)
            {
                reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                continue;
            }

            try
            {
                return dialect.Read(context.Request.Path.Value!, read.Buffer);
            }
            finally
            {
                reader.AdvanceTo(read.Buffer.End);
            }
        }
    }

    private (string? Header, SimulatedFaults Faults) FaultsOf(long call, IHeaderDictionary headers)
    {
        if (headers.TryGetValue("X-Sim-Fault", out var header)) return (header.ToString(), SimulatedFaults.Parse(header));
        return _chaos.FaultOf(call) is { } chaos ? chaos : (null, SimulatedFaults.None);
    }

    private static string ErrorMessage(int status, string model) => status == 429
        ? $"Rate limit reached for {model} on requests per min (RPM). Please try again in {RetryAfterSeconds}s."
        : "The server had an error while processing your request. Sorry about that!";

    private ServedCall Served(HttpContext context, SimulatedDialect dialect, int status, SimulatedAnswer? answer, string? fault)
    {
        var usage = status == 200 ? answer!.Usage : default;
        var authorization = context.Request.Headers.Authorization.ToString();
        return new(
            Call: 0, options.Time.GetUtcNow(), dialect.Name, status, answer?.Id, answer?.Request.Model, answer?.Request.Stream ?? false,
            usage.PromptTokens, usage.CachedTokens, usage.CompletionTokens, usage.ReasoningTokens, fault,
            authorization.Length == 0 ? null : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(authorization))),
            TellingHeaders(context.Request.Headers));
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

    internal static async Task SendWholeAsync(HttpContext context, int status, RenderedAnswer rendered, SimulatedFaults faults)
    {
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = "application/json";
        response.ContentLength = rendered.Length;

        // Fewer bytes than the length promised: the server closes the connection after them.
        var length = faults.CutAfter is { } after ? Math.Min(after, rendered.Length - 1) : rendered.Length;
        await response.BodyWriter.WriteAsync(rendered.Bytes.WrittenMemory[..length], context.RequestAborted);
    }

    private static async Task SendStreamAsync(HttpContext context, RenderedAnswer rendered, SimulatedFaults faults)
    {
        var response = context.Response;
        response.ContentType = "text/event-stream; charset=utf-8";
        response.Headers.CacheControl = "no-cache";
        var parts = rendered.Parts;
        if (faults.CutAfter is { } after)
        {
            // A promised length that is not kept is the one way to close that surely delivers what was sent before:
            // aborting resets the connection, and a reset may overtake the last events.
            response.ContentLength = rendered.Length;
            parts = Math.Min(after, parts - 1);
        }

        await response.StartAsync(context.RequestAborted);
        for (var i = 0; i < parts; i++)
        {
            if (i > 0) await WaitAsync(faults.Pace, context);
            response.BodyWriter.Write(rendered.Part(i).Span);
            await response.BodyWriter.FlushAsync(context.RequestAborted);
        }
    }

    private static Task WaitAsync(TimeSpan time, HttpContext context) =>
        time > TimeSpan.Zero ? Task.Delay(time, context.RequestAborted) : Task.CompletedTask;
}
