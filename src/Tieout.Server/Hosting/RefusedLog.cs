using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Tieout.Core;
using Tieout.Server.Errors;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Hosting;

/// <summary>Logs, counts and stores every refused request (401, 402, 403, 404, 429) of every door. Above a rate log lines and rows are left out and counted;
/// the metric counts all.</summary>
internal sealed partial class RefusedLog(ILedger ledger, TimeProvider time, OutageLog outages, ILogger<RefusedLog> logger)
    : TickingWorker(TimeSpan.FromSeconds(1), time, outages)
{
    /// <summary>Log lines of one status.</summary>
    public const int LinesBurst = 20, LinesPerSecond = 1;

    /// <summary>Stored rows of one org, so that an org that floods the server takes no room from others.</summary>
    private const int RowsBurst = 500, RowsPerSecond = 20;

    private const int WaitingMax = 5_000, BatchMax = 1_000, SummaryEveryTicks = 10;

    private readonly FrozenDictionary<int, SampleRate> _lines = new[] { 401, 402, 403, 404, 429 }.ToFrozenDictionary(
        status => status, _ => new SampleRate(LinesBurst, LinesPerSecond));
    private readonly ConcurrentDictionary<string, SampleRate> _rows = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(int Status, string Code), long> _counts = new();
    private readonly Channel<RefusedRequest> _waiting = Channel.CreateBounded<RefusedRequest>(new BoundedChannelOptions(WaitingMax) { SingleReader = true });

    private int _tick;

    protected override ILogger Logger => logger;

    protected override string Work => "refused requests";

    /// <summary>Refused requests since the start, by status and error code.</summary>
    public IEnumerable<(int Status, string Code, long Count)> Counts =>
        _counts.Select(count => (count.Key.Status, count.Key.Code, count.Value)).OrderBy(count => count.Status).ThenBy(
            count => count.Code, StringComparer.Ordinal);

    public void Add(HttpContext context, LogIds ids, ApiError error)
    {
        if (!_lines.TryGetValue(error.Status, out var lines)) return;
        _counts.AddOrUpdate((error.Status, error.Code), 1, static (_, count) => count + 1);
        var now = Time.GetUtcNow();
        var org = ids.Org ?? "";

        // The pattern of the endpoint, not the path: a path may contain whatever a stranger put there, a secret too.
        var request = new RefusedRequest(
            Guid.CreateVersion7(now), Instant.From(now), org, Correlation.Of(context).CorrelationId, ids.Token, context.Connection.RemoteIpAddress?.ToString(),
            context.Request.Method,
            (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText, error.Status, error.Code);
        if (lines.Take(now))
        {
            LogRefused(request.Status, request.Code, request.Method, request.Route ?? "an unknown address", request.Token ?? "nobody known", request.Address);
        }

        if (_rows.GetOrAdd(org, static _ => new(RowsBurst, RowsPerSecond)).Take(now)) _waiting.Writer.TryWrite(request);
    }

    protected override async Task TickAsync(CancellationToken stoppingToken)
    {
        if (++_tick % SummaryEveryTicks == 0) LogSummary();
        await StoreAsync(stoppingToken);
    }

    /// <summary>The last requests.</summary>
    protected override async Task EndAsync()
    {
        LogSummary();
        await StoreAsync(CancellationToken.None);
    }

    private void LogSummary()
    {
        foreach (var (status, lines) in _lines)
        {
            if (lines.TakeLeftOut() is > 0 and var leftOut) LogLeftOut(leftOut, status);
        }
    }

    private async Task StoreAsync(CancellationToken cancellationToken)
    {
        var batch = new List<RefusedRequest>();
        while (batch.Count < BatchMax && _waiting.Reader.TryRead(out var request)) batch.Add(request);

        // What cannot be stored is given up: an outage refuses many requests, and the log has a line of each.
        if (batch.Count > 0) await ledger.RefusedRequests.AddAsync(batch, cancellationToken);
    }

    [LoggerMessage(EventId = LogEvents.RequestRefused, Level = LogLevel.Warning,
        Message = "Refused with {Status} {Code}: {Method} {Route} by {Token} from {Address}")]
    private partial void LogRefused(int status, string code, string method, string route, string token, string? address);

    [LoggerMessage(EventId = LogEvents.RefusedLinesLeftOut, Level = LogLevel.Warning,
        Message = "{Count} more requests were refused with {Status}; their log lines are left out")]
    private partial void LogLeftOut(long count, int status);
}
