using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Simulator.Provider.Dialects;

namespace Tieout.Simulator.Provider;

/// <summary>A model provider that answers with the token counts it is asked for, misbehaves on demand and keeps its own bill.</summary>
/// <remarks>
/// It stands in for a real provider in tests, demos and load: a separate HTTP server that shares no state with the
/// gateway. <c>GET /sim/log</c> and <c>/sim/totals</c> read its bill, <c>POST /sim/reset</c> begins a new one.
/// </remarks>
public static class SimulatedProviderApp
{
    /// <summary>Bounds a request's body, as providers do.</summary>
    private const long BodyBytesMax = 64 * 1024 * 1024;

    /// <summary>Ready to start; its bill is the <see cref="ServedLog"/> among its services.</summary>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="IOException">The trace or the log file cannot be opened.</exception>
    /// <exception cref="Simulator.Replay.TraceFormatException">The trace is malformed.</exception>
    public static WebApplication Build(SimulatedProviderOptions options)
    {
        // An empty builder reads no files or environment of the folder it happens to be started in, and logs nothing.
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls(options.Listen).ConfigureKestrel(server =>
        {
            server.AddServerHeader = false;
            server.Limits.MaxRequestBodySize = BodyBytesMax;
        });
        builder.Services.AddSingleton(_ => new ServedLog(options.LogPath, options.CallsListedMax));

        var app = builder.Build();
        var log = app.Services.GetRequiredService<ServedLog>();
        var generator = new SimulatedGenerator(options, log);
        var (exchange, endpoints) = (new SimulatedExchange(options, generator), new SimulatedEndpoints(options, generator));

        // No routing: a handful of paths, most of them known by their end only, and the way to an answer is short.
        app.Run(context => DispatchAsync(context, exchange, endpoints, log));
        return app;
    }

    private static Task DispatchAsync(HttpContext context, SimulatedExchange exchange, SimulatedEndpoints endpoints, ServedLog log)
    {
        var (method, path) = (context.Request.Method, context.Request.Path.Value ?? "");
        if (HttpMethods.IsPost(method))
        {
            if (endpoints.DialectOf(path) is { } dialect) return exchange.AnswerAsync(context, dialect);
            if (path == "/sim/reset")
            {
                log.Reset();
                context.Response.StatusCode = StatusCodes.Status204NoContent;
                return Task.CompletedTask;
            }
        }

        if (endpoints.ResourceOf(method, path) is { } resource) return exchange.AnswerAsync(context, resource);
        if (HttpMethods.IsGet(method))
        {
            if (path == "/healthz") return context.Response.WriteAsync("ok", context.RequestAborted);
            if (path == "/sim/log") return WriteJsonAsync(context, log.Calls(), ServedJson.Default.IReadOnlyListServedCall);
            if (path == "/sim/totals") return WriteJsonAsync(context, log.Totals(), ServedJson.Default.ServedTotals);
            if (ModelLists.Answers(path))
            {
                var models = new RenderedAnswer();
                return SimulatedExchange.SendWholeAsync(context, endpoints.ModelsFor(context.Request).Answer(path, models), models, SimulatedFaults.None);
            }
        }

        var unknown = new RenderedAnswer();
        SimulatedEndpoints.WriteNotFound(context.Request, unknown);
        return SimulatedExchange.SendWholeAsync(context, 404, unknown, SimulatedFaults.None);
    }

    private static Task WriteJsonAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type)
    {
        context.Response.ContentType = "application/json";
        return JsonSerializer.SerializeAsync(context.Response.BodyWriter, value, type, context.RequestAborted);
    }
}
