using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tieout.Core;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Telemetry;
using Tieout.Storage;
using Tieout.Storage.Detaching;

namespace Tieout.Server.Ledger;

/// <summary>Takes archived months out of the ledger beside the server's other work, one plan at a time. What it did is in the ledger; how far it is, in memory.
/// </summary>
internal sealed partial class DetachJob(ILedger ledger, TimeProvider time, ILogger<DetachJob> logger) : IHostedService, IDisposable
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;
    private DetachStatusBody? _status;

    /// <summary>What it does, or did last; null: nothing since the server started.</summary>
    public DetachStatusBody? Status
    {
        get
        {
            lock (_gate) return _status;
        }
    }

    /// <exception cref="ApiRefusedException">Another plan is being carried out.</exception>
    public void Validate(string plan)
    {
        if (Status is { State: DetachStatusBody.Running } running && running.Plan != plan)
        {
            throw new ApiRefusedException(
                ApiError.DetachRunning, $"Plan {running.Plan} is being carried out. Wait until GET /archive/detach says that it has ended.");
        }
    }

    /// <summary>Begins. The plan that is being carried out goes on.</summary>
    /// <exception cref="ApiRefusedException">Another plan is being carried out.</exception>
    public DetachStatusBody Start(DetachOrder order)
    {
        lock (_gate)
        {
            Validate(order.Plan);
            if (_status is { State: DetachStatusBody.Running } running) return running;
            _status = new(DetachStatusBody.Running, order.Plan, order.Before.ToString(), order.Archive, Now(), null, 0, 0, null, null, null, null, null);
            _running = Task.Run(() => RunAsync(order, _stopping.Token));
            return _status;
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Ends between two transactions. The same call after the next start goes on.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_running.IsCompleted) return;
        await _stopping.CancelAsync();
        await _running.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose() => _stopping.Dispose();

    private async Task RunAsync(DetachOrder order, CancellationToken stoppingToken)
    {
        try
        {
            var report = await ledger.DetachAsync(order, new Counter(this), stoppingToken);
            var rows = report.Rows;
            LogDetached(order.Plan, report.Removed, report.Books[0].Archive);
            Change(status => status with
            {
                State = DetachStatusBody.Done,
                EndedAt = Now(),
                Usage = rows.Usage,
                Postings = rows.Postings,
                Holds = rows.Holds,
                FreedBytes = report.FreedBytes,
            });
        }
        catch (Exception failed)
        {
            var reason = failed is OperationCanceledException && stoppingToken.IsCancellationRequested
                ? "The server stopped. No row is lost: make the same call again, and it goes on." : failed.Message;
            LogFailed(order.Plan, reason);
            Change(status => status with { State = DetachStatusBody.Failed, EndedAt = Now(), Reason = reason });
        }
    }

    private void Change(Func<DetachStatusBody, DetachStatusBody> change)
    {
        lock (_gate) _status = change(_status!);
    }

    private string Now() => Instant.From(time.GetUtcNow()).ToString();

    [LoggerMessage(EventId = LogEvents.MonthsDetached, Level = LogLevel.Information, Message = "Plan {Plan} removed {Rows} rows from the ledger: {Archive} has them")]
    private partial void LogDetached(string plan, long rows, string archive);

    [LoggerMessage(EventId = LogEvents.MonthsNotDetached, Level = LogLevel.Error, Message = "Plan {Plan} was not carried out to its end: {Reason}")]
    private partial void LogFailed(string plan, string reason);

    private sealed class Counter(DetachJob job) : IProgress<RowProgress>
    {
        public void Report(RowProgress value) => job.Change(status => status with { Rows = value.Done, TotalRows = value.Total });
    }
}
