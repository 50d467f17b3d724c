using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tieout.Core.Ledger;
using Tieout.Storage;

namespace Tieout.Server.Gateway;

/// <summary>What has been spent and must still reach the ledger while the store is down.</summary>
/// <remarks>
/// In memory only: its client was told 503 or cut off, never given a whole answer (M4), and the hold stands until the charge does. Should
/// the process end first, the hold expires and is a finding. The spool on disk, which lets answers go out meanwhile, stands here later.
/// </remarks>
internal sealed partial class MemorySpool(ILedger ledger, TimeProvider time, ILogger<MemorySpool> logger) : IHostedService, IDisposable
{
    /// <summary>Bounds the memory of an outage, some 100 MB. At this many, no request is let in.</summary>
    private const int WaitingMax = 100_000;

    private static readonly TimeSpan PauseMin = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(2);

    private readonly Channel<Command> _waiting = Channel.CreateUnbounded<Command>(new() { SingleReader = true });
    private readonly CancellationTokenSource _stopped = new();
    private Task _draining = Task.CompletedTask;
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public bool IsFull => Count >= WaitingMax;

    /// <summary>Makes a command durable now or, if the store is down, later.</summary>
    /// <returns>Its outcome; null: it waits.</returns>
    public async ValueTask<Outcome?> FinishAsync(Command command)
    {
        try
        {
            return await ledger.SubmitAsync(command, CancellationToken.None);
        }
        catch (StoreUnavailableException unavailable)
        {
            Interlocked.Increment(ref _count);
            if (!_waiting.Writer.TryWrite(command)) LogLost(1, unavailable.Message);
            else LogWaits(Count, unavailable.Message);
            return null;
        }
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _draining = Task.Run(DrainAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    /// <summary>Goes on trying for as long as the host may take to stop.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _waiting.Writer.TryComplete();
        await using (cancellationToken.Register(_stopped.Cancel)) await _draining;
        if (Count > 0) LogLost(Count, "the server stopped");
    }

    public void Dispose() => _stopped.Dispose();

    private async Task DrainAsync()
    {
        try
        {
            await foreach (var command in _waiting.Reader.ReadAllAsync(_stopped.Token))
            {
                await SubmitAsync(command);
                Interlocked.Decrement(ref _count);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped with commands waiting; StopAsync says how many.
        }
    }

    private async Task SubmitAsync(Command command)
    {
        for (var pause = PauseMin; ; pause = pause * 2 < PauseMax ? pause * 2 : PauseMax)
        {
            try
            {
                if (await ledger.SubmitAsync(command, _stopped.Token) is Outcome.Refused refused) LogRefused(command.GetType().Name, refused.Reason);
                return;
            }
            catch (StoreUnavailableException)
            {
                await Task.Delay(pause, time, _stopped.Token);
            }
        }
    }

    [LoggerMessage(EventId = 2101, Level = LogLevel.Warning, Message = "The store is down; {Waiting} commands wait for it: {Reason}")]
    private partial void LogWaits(int waiting, string reason);

    [LoggerMessage(EventId = 2102, Level = LogLevel.Error, Message = "{Lost} commands did not reach the ledger; their holds will expire: {Reason}")]
    private partial void LogLost(int lost, string reason);

    [LoggerMessage(EventId = 2103, Level = LogLevel.Error, Message = "A {Command} that had waited for the store was refused: {Refusal}")]
    private partial void LogRefused(string command, Refusal refusal);
}
