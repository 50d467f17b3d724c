using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tieout.Simulator.Provider.Dialects;

namespace Tieout.Simulator.Provider;

/// <summary>One call from its request to the last byte of its answer: what is common to all dialects.</summary>
internal sealed class SimulatedExchange(SimulatedProviderOptions options, SimulatedGenerator generator)
{
    /// <summary>Seconds that a 429 asks the caller to wait.</summary>
    private const string RetryAfterSeconds = "1";

    /// <summary>Answers what generates something.</summary>
    public async Task AnswerAsync(HttpContext context, SimulatedDialect dialect)
    {
        var rendered = new RenderedAnswer();
        SimulatedAnswer answer;
        try
        {
            answer = await ReadAsync(context, input => generator.Answer(dialect, input));
        }
        catch (Exception exception) when (exception is SimulatedRequestException or JsonException)
        {
            WriteRefusal(exception, dialect.WriteError, rendered);
            await SendWholeAsync(context, 400, rendered, SimulatedFaults.None);
            return;
        }

        await WaitAsync(options.Latency + answer.Faults.Slow, context);
        context.Response.Headers["x-request-id"] = $"req_{answer.Id}";
        if (answer.Faults.Status is { } status)
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
            await SendWholeAsync(context, 200, rendered, answer.Faults);
        }
    }

    /// <summary>Answers what keeps things and gives them back.</summary>
    public async Task AnswerAsync(HttpContext context, SimulatedResource resource)
    {
        var rendered = new RenderedAnswer();
        var (status, faults) = await ReadAsync(context, input =>
        {
            try
            {
                var faults = SimulatedFaults.Parse(input.Headers["X-Sim-Fault"]);
                var status = faults.Status ?? resource.Answer(context.Request.Method, input, rendered);
                generator.NoteFree(input, resource.Name, resource.EndpointOf(input.Path), status);
                if (faults.Status is not null) resource.WriteError(status, ErrorMessage(status, "this resource"), null, rendered);
                return (status, faults);
            }
            catch (Exception exception) when (exception is SimulatedRequestException or JsonException)
            {
                WriteRefusal(exception, resource.WriteError, rendered);
                generator.NoteFree(input, resource.Name, resource.EndpointOf(input.Path), 400);
                return (400, SimulatedFaults.None);
            }
        });
        await WaitAsync(options.Latency + faults.Slow, context);
        if (status == 429) context.Response.Headers.RetryAfter = RetryAfterSeconds;
        await SendWholeAsync(context, status, rendered, status == 200 ? faults : SimulatedFaults.None);
    }

    public static string ErrorMessage(int status, string model) => status == 429
        ? $"Rate limit reached for {model} on requests per min (RPM). Please try again in {RetryAfterSeconds}s."
        : "The server had an error while processing your request. Sorry about that!";

    public static void WriteRefusal(Exception exception, Action<int, string, string?, RenderedAnswer> writeError, RenderedAnswer rendered)
    {
        if (exception is SimulatedRequestException refused) writeError(400, refused.Message, refused.Field, rendered);
        else writeError(400, "We could not parse the JSON body of your request.", null, rendered);
    }

    private static async Task<T> ReadAsync<T>(HttpContext context, Func<SimulatedInput, T> answer)
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
                return answer(SimulatedInput.Of(context.Request, read.Buffer));
            }
            finally
            {
                reader.AdvanceTo(read.Buffer.End);
            }
        }
    }

    internal static async Task SendWholeAsync(HttpContext context, int status, RenderedAnswer rendered, SimulatedFaults faults)
    {
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = rendered.ContentType ?? "application/json";
        response.ContentLength = rendered.Length;

        // Fewer bytes than the length promised: the server closes the connection after them.
        var length = faults.CutAfter is { } after ? Math.Min(after, rendered.Length - 1) : rendered.Length;
        await response.BodyWriter.WriteAsync(rendered.Bytes.WrittenMemory[..length], context.RequestAborted);
    }

    private static async Task SendStreamAsync(HttpContext context, RenderedAnswer rendered, SimulatedFaults faults)
    {
        var response = context.Response;
        response.ContentType = rendered.ContentType ?? "text/event-stream; charset=utf-8";
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
