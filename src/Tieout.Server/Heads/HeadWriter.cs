using System.Globalization;
using Microsoft.Extensions.Logging;
using Tieout.Core.Ledger;
using Tieout.Server.Configuration;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Heads;

/// <summary>Writes a signed head of the ledger to a place outside the store, every so many commits and every so often.</summary>
internal sealed partial class HeadWriter(ServerOptions server, ILedger ledger, ILogger<HeadWriter> logger) : Worker
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);

    private string _previous = "";
    private string? _acceptedRollback = server.AcceptedRollback;
    private volatile string? _failure;

    /// <summary>Whether heads are configured.</summary>
    public bool IsOn => server.Heads is not null;

    /// <summary>Why the newest head was not written; null: it was, or none was due yet.</summary>
    public string? Failure => _failure;

    protected override ILogger Logger => logger;

    protected override async Task RunAsync(CancellationToken stoppingToken)
    {
        if (server.Heads is not { } options) return;
        var key = HeadKey.Read(options.KeyFile);
        using var places = new HeadPlaces(options);
        var (isLinked, last, lastAt) = (false, -1L, server.Time.GetTimestamp());
        using var timer = new PeriodicTimer(LookEvery, server.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                var commit = ledger.Health.Commit;
                var isDue = last < 0 || commit - last >= options.EveryCommits || (commit > last && server.Time.GetElapsedTime(lastAt) >= options.Every);
                if (!isDue || (_failure is not null && server.Time.GetElapsedTime(lastAt) < options.Every)) continue;
                lastAt = server.Time.GetTimestamp();
                if (!isLinked) isLinked = await TryAsync(() => LinkAsync(places, key, stoppingToken), stoppingToken);
                if (isLinked && await TryAsync(() => WriteAsync(places, key, stoppingToken), stoppingToken)) last = commit;
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped. The last head before the end is worth having.
            if (isLinked && ledger.Health.Commit > last) await TryAsync(() => WriteAsync(places, key, CancellationToken.None), CancellationToken.None);
        }
    }

    /// <summary>The next head follows the last one that is there.</summary>
    private async Task LinkAsync(HeadPlaces places, byte[] key, CancellationToken cancellationToken) =>
        _previous = (await places.LastAsync(key, cancellationToken))?.Mac ?? "";

    private async Task WriteAsync(HeadPlaces places, byte[] key, CancellationToken cancellationToken)
    {
        var buckets = await ledger.Read.HeadsAsync(cancellationToken);
        var head = SignedHead.Sign(server.Time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture), buckets,
            _previous, _acceptedRollback, key);
        await places.WriteAsync(head, cancellationToken);
        (_previous, _acceptedRollback) = (head.Mac, null);
    }

    /// <summary>A place that cannot be written is named once when it begins and once when it ends, and tried again each period.</summary>
    private async Task<bool> TryAsync(Func<Task> action, CancellationToken stoppingToken)
    {
        try
        {
            await action();
            if (_failure is not null) LogWritten();
            _failure = null;
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or HttpRequestException or ConfigurationException
            or StoreUnavailableException
            || (error is TaskCanceledException && !stoppingToken.IsCancellationRequested))
        {
            if (_failure is null) LogNotWritten(error.Message);
            _failure = error.Message;
            return false;
        }
    }

    [LoggerMessage(EventId = LogEvents.HeadNotWritten, Level = LogLevel.Error,
        Message = "No head of the ledger can be written outside the store, so a rollback from now on could not be proved: {Reason}")]
    private partial void LogNotWritten(string reason);

    [LoggerMessage(EventId = LogEvents.HeadWritten, Level = LogLevel.Information, Message = "Heads of the ledger are written outside the store again")]
    private partial void LogWritten();
}
