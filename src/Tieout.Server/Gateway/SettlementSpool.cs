using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Server.Configuration;
using Tieout.Server.Telemetry;
using Tieout.Storage;
using Tieout.Storage.Spool;

namespace Tieout.Server.Gateway;

/// <summary>Brings finished spend to the ledger: at once or, while the store is down, through the spool on disk (S1).</summary>
/// <remarks>
/// A command that the spool cannot take either waits in memory, and its client does not get the whole answer (M4). Its hold lasts until the charge
/// is recorded. If the process ends first, the hold expires and is a finding.
/// </remarks>
internal sealed partial class SettlementSpool(ILedger ledger, ServerOptions options, OutageLog outages, ILogger<SettlementSpool> logger)
    : IHostedService, IAsyncDisposable
{
    /// <summary>Bounds the memory of commands that neither store nor spool takes, some 100 MB. At this many, new spend is refused.</summary>
    private const int InMemoryMax = 100_000;

    private static readonly Backoff Pauses = new(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(2));

    private readonly ConcurrentQueue<Command> _inMemory = new();
    private readonly SemaphoreSlim _arrived = new(0);
    private readonly SemaphoreSlim _draining = new(1, 1);
    private readonly CancellationTokenSource _stopped = new();
    private CommandSpool? _spool;
    private Task _drainer = Task.CompletedTask;
    private volatile bool _leftFromBefore;
    private long _dropped;
    private int _disposed;

    /// <summary>Commands that wait for the store.</summary>
    public int Count => (_spool?.Count ?? 0) + _inMemory.Count;

    /// <summary>Sum of the charges of those commands.</summary>
    public Amount ChargeWaiting => (_spool?.ChargeWaiting ?? Amount.Zero) + _inMemory.Sum(CommandSpool.ChargeOf);

    /// <summary>Commands that neither store nor spool had taken when the server stopped. They are lost, and their holds expire.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>Whether new spend must be refused: its settlement would have no room, or spend from before the start is not in the ledger yet.</summary>
    public bool IsFull => _leftFromBefore || _spool is not { HasRoom: true } || _inMemory.Count >= InMemoryMax;

    /// <inheritdoc cref="FinishAsync(IReadOnlyList{Command})"/>
    public async ValueTask<Outcome?> FinishAsync(Command command) => (await FinishAsync([command]))?[0];

    /// <summary>Makes finished spend durable, with the commands that belong to it: in the ledger, or in the spool behind earlier ones.</summary>
    /// <returns>An outcome for each command, with the figures of the last commit for a spooled one; null: not all commands are durable yet.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<IReadOnlyList<Outcome>?> FinishAsync(IReadOnlyList<Command> commands)
    {
        if (Count == 0)
        {
            try
            {
                return commands is [var only]
                    ? [await ledger.SubmitAsync(only, CancellationToken.None)] : await ledger.SubmitAsync(commands, CancellationToken.None);
            }
            catch (StoreUnavailableException unavailable)
            {
                outages.See("settlements, which wait in the spool", unavailable.Message);
            }
        }

        var spooled = 0;
        try
        {
            var spool = _spool ?? throw new StoreUnavailableException("The spool is not open.", StoreEffect.None);
            for (; spooled < commands.Count; spooled++) await spool.AppendAsync(commands[spooled]);
            return [.. commands.Select(command => new Outcome.Done(0, FiguresWithout(command)))];
        }
        catch (StoreUnavailableException full)
        {
            foreach (var command in commands.Skip(spooled)) _inMemory.Enqueue(command);
            LogNotSpooled(_inMemory.Count, full.Message);
            return null;
        }
        finally
        {
            _arrived.Release();
        }
    }

    /// <summary>Submits waiting commands to the ledger, in order.</summary>
    /// <exception cref="StoreUnavailableException">The store is still down.</exception>
    public async Task<SpoolReplay> ReplayAsync(CancellationToken cancellationToken)
    {
        await _draining.WaitAsync(cancellationToken);
        try
        {
            var spool = _spool ?? throw new StoreUnavailableException("The spool is not open.", StoreEffect.None);
            await SpoolMemoryAsync(spool);
            var replay = await spool.ReplayAsync(ledger, LogRefused, cancellationToken);
            while (_inMemory.TryPeek(out var command))
            {
                var outcome = await ledger.SubmitAsync(command, cancellationToken);
                if (outcome is Outcome.Refused refused) LogRefused(command, refused.Reason);
                _inMemory.TryDequeue(out _);
                replay += outcome switch { Outcome.Done => new(1, 0, 0), Outcome.Refused => new(0, 0, 1), _ => new(0, 1, 0) };
            }

            _leftFromBefore = false;
            if (replay != new SpoolReplay(0, 0, 0)) LogReplayed(replay.Done, replay.Already, replay.Refused);
            return replay;
        }
        finally
        {
            _draining.Release();
        }
    }

    /// <summary>Charges spend from before the start. Until that succeeds, new spend is refused.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _spool = CommandSpool.Open(options.SpoolFolder, options.SpoolLimits);
        foreach (var damage in _spool.Damages) LogDamaged(_spool.Path, damage);
        _leftFromBefore = _spool.Count > 0;
        if (_leftFromBefore && !await TryReplayAsync()) _arrived.Release();
        _drainer = Task.Run(DrainAsync, CancellationToken.None);
    }

    /// <summary>Retries until the host must stop. Commands in the spool then wait for the next start.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_disposed != 0) return;
        await using (cancellationToken.Register(_stopped.Cancel))
        {
            while (Count > 0 && !_stopped.IsCancellationRequested && !await TryReplayAsync())
            {
                await Task.WhenAny(Task.Delay(Pauses.Max, options.Time, _stopped.Token));
            }
        }

        await _stopped.CancelAsync();
        await _drainer;
        Volatile.Write(ref _dropped, _inMemory.Count);
        if (Dropped > 0) LogLost(Dropped);
        else if (Count > 0) LogLeft(Count);
    }

    public async ValueTask DisposeAsync()
    {
        // The container registers this object twice, and so disposes of it twice.
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        await _stopped.CancelAsync();
        await _drainer;
        if (_spool is not null) await _spool.DisposeAsync();
        _stopped.Dispose();
        _arrived.Dispose();
        _draining.Dispose();
    }

    private async Task DrainAsync()
    {
        try
        {
            while (true)
            {
                await _arrived.WaitAsync(_stopped.Token);
                for (var failures = 1; Count > 0 && !await TryReplayAsync(); failures++)
                {
                    await Task.Delay(Pauses.Pause(failures), options.Time, _stopped.Token);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops with commands waiting. StopAsync logs how many.
        }
    }

    private async Task<bool> TryReplayAsync()
    {
        try
        {
            await ReplayAsync(_stopped.Token);
            return true;
        }
        catch (Exception error) when (error is StoreUnavailableException or OperationCanceledException)
        {
            return false;
        }
        catch (Exception unexpected)
        {
            // The spool still has the command, so the next try begins with it and no spend is lost.
            LogFailed(unexpected, Count);
            return false;
        }
    }

    /// <summary>Moves commands from memory to the spool, so that they survive the process.</summary>
    private async Task SpoolMemoryAsync(CommandSpool spool)
    {
        try
        {
            while (_inMemory.TryPeek(out var command))
            {
                await spool.AppendAsync(command);
                _inMemory.TryDequeue(out _);
            }
        }
        catch (StoreUnavailableException)
        {
            // The disk is still full. The ledger may take them.
        }
    }

    /// <summary>The ledger's figures for a command that it does not have yet: the command's hold still counts against what is left (Q1).</summary>
    private Figures FiguresWithout(Command command)
    {
        if (command is not Command.Settle { Usage: var usage } settle) return Figures.None;
        var (now, charge) = (Instant.From(options.Time.GetUtcNow()), settle.Inside.Aggregate(usage.Charge, (sum, part) => sum + part.Charge));
        try
        {
            return ledger.Read.Balance(usage.Usage.Labels.Org) is { } account
                ? new(account.Balance, account.Held, account.Available, ledger.Read.SpentToday(usage.Usage.Labels.Org, now), BudgetLeft: null, charge, now)
                : Figures.None with { Charge = charge };
        }
        catch (StoreUnavailableException)
        {
            // Newer figures cannot be read while the store is down, and older ones would be wrong. The answer has none.
            return Figures.None with { Charge = charge };
        }
    }

    private void LogRefused(Command command, Refusal refusal) => LogRefused(
        command.GetType().Name, refusal, command switch
        {
            Command.Settle settle => settle.Usage.Usage.Id,
            Command.Charge charge => charge.Usage.Usage.Id,
            Command.Release release => release.Id,
            _ => default,
        });

    [LoggerMessage(EventId = LogEvents.SpoolLost, Level = LogLevel.Error,
        Message = "{Lost} commands reached neither the ledger nor the spool before the server stopped; their holds will expire")]
    private partial void LogLost(long lost);

    [LoggerMessage(EventId = LogEvents.SpoolRefused, Level = LogLevel.Error,
        Message = "A {Command} that had waited for the store was refused: {Refusal}, attempt {Attempt}")]
    private partial void LogRefused(string command, Refusal refusal, AttemptId attempt);

    [LoggerMessage(EventId = LogEvents.SpoolTookNothing, Level = LogLevel.Error,
        Message = "The spool took no command either; {InMemory} wait in memory, and their clients get no whole answer: {Reason}")]
    private partial void LogNotSpooled(int inMemory, string reason);

    [LoggerMessage(EventId = LogEvents.SpoolDamaged, Level = LogLevel.Error, Message = "The spool {Path} is damaged: {Damage}. A copy is beside it")]
    private partial void LogDamaged(string path, string damage);

    [LoggerMessage(EventId = LogEvents.SpoolReplayed, Level = LogLevel.Information,
        Message = "The spool was replayed: {Done} commands are now in the ledger, {Already} were already, {Refused} were refused")]
    private partial void LogReplayed(int done, int already, int refused);

    [LoggerMessage(EventId = LogEvents.SpoolNotReplayed, Level = LogLevel.Error,
        Message = "The spool could not be replayed and is tried again; {Waiting} commands wait")]
    private partial void LogFailed(Exception failure, int waiting);

    [LoggerMessage(EventId = LogEvents.SpoolLeft, Level = LogLevel.Warning, Message = "{Left} commands stay in the spool; the next start replays them first")]
    private partial void LogLeft(int left);
}
