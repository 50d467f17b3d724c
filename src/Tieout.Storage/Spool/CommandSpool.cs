using System.Threading.Channels;
using Tieout.Core.Ledger;
using Tieout.Core.Money;

namespace Tieout.Storage.Spool;

/// <summary>Finished spend that waits, on disk, for the store to come back (S1).</summary>
/// <remarks>
/// Whoever appends gets its answer when the record is synced; records that come while a sync runs share the next one. A replay hands
/// them to the ledger in their order. Nothing says which were replayed: their ids make it once, however often a crash makes them come again.
/// </remarks>
public sealed class CommandSpool : IAsyncDisposable
{
    private const int AppendBatchMax = 1_024;
    private const int ReplayBatchMax = 500;

    private readonly SpoolFile _file;
    private readonly Lock _gate = new();
    private readonly Queue<Command> _waiting = new();
    private readonly Channel<Arrival> _arriving = Channel.CreateUnbounded<Arrival>(new() { SingleReader = true });
    private readonly SemaphoreSlim _replaying = new(1, 1);
    private readonly Task _appending;
    private volatile bool _hasRoom;
    private int _count;

    private CommandSpool(SpoolFile file, SpoolContent content)
    {
        _file = file;
        _hasRoom = file.EnsureRoom();
        var damages = content.Damages.ToList();
        foreach (var record in content.Records)
        {
            try
            {
                _waiting.Enqueue(SpooledCommand.Parse(record.Payload.Span));
            }
            catch (FormatException unknown)
            {
                PrivateFiles.Write(FormattableString.Invariant($"{file.Path}.record-{record.Number}"), record.Payload.Span);
                damages.Add(
                    FormattableString.Invariant($"record {record.Number} is whole, but not understood: {unknown.InnerException?.Message ?? unknown.Message}"));
            }
        }

        Damages = damages;
        _count = _waiting.Count;
        _appending = Task.Run(AppendAsync);
    }

    /// <summary>Commands that wait for the store.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>What they would charge.</summary>
    public Amount ChargeWaiting
    {
        get
        {
            lock (_gate) return _waiting.Sum(ChargeOf);
        }
    }

    public static Amount ChargeOf(Command command) => command switch
    {
        Command.Settle settle => settle.Inside.Aggregate(settle.Usage.Charge, (sum, part) => sum + part.Charge),
        Command.Charge charge => charge.Usage.Charge,
        _ => Amount.Zero,
    };

    /// <summary>Whether there is room for what is under way and more. New spend must be refused while there is not.</summary>
    public bool HasRoom => _hasRoom;

    /// <summary>What was wrong with the file when it was opened, each naming its record and byte. The bytes are kept beside it.</summary>
    public IReadOnlyList<string> Damages { get; }

    public string Path => _file.Path;

    /// <exception cref="StoreUnavailableException">The folder or the file cannot be made, read or written, or another process has it.</exception>
    /// <exception cref="StoreCorruptException">The file is no spool, or its head is damaged.</exception>
    public static CommandSpool Open(string folder, SpoolLimits? limits = null)
    {
        try
        {
            return new(SpoolFile.Open(folder, limits ?? new(), out var content), content);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnavailableException(
                $"The spool in {folder} cannot be opened: {failure.Message}", StoreEffect.None, StoreFault.NotWritable, failure);
        }
    }

    /// <summary>Makes finished spend durable behind what waits already.</summary>
    /// <returns>When it is synced to disk.</returns>
    /// <exception cref="StoreUnavailableException">It is not in the spool.</exception>
    /// <exception cref="ArgumentException">It is not finished spend.</exception>
    public Task AppendAsync(Command command)
    {
        var arrival = new Arrival(command, SpooledCommand.ToBytes(command));
        return _arriving.Writer.TryWrite(arrival)
            ? arrival.Durable.Task
            : throw new StoreUnavailableException("The spool is closed.", StoreEffect.None, StoreFault.Stopped);
    }

    /// <summary>Hands everything that waits to the ledger, in order, until nothing waits or the store fails.</summary>
    /// <param name="refused">Told of each command that the ledger refuses: it is not in the ledger, and no longer here.</param>
    /// <returns>How many became of the ledger, now or at an earlier try.</returns>
    /// <exception cref="StoreUnavailableException">The store is still down. What it did not take still waits.</exception>
    public async Task<SpoolReplay> ReplayAsync(ILedger ledger, Action<Command, Refusal> refused, CancellationToken cancellationToken)
    {
        await _replaying.WaitAsync(cancellationToken);
        try
        {
            var sum = new SpoolReplay(0, 0, 0);
            lock (_gate) _hasRoom = _file.EnsureRoom();
            while (NextBatch() is { Count: > 0 } batch)
            {
                sum += await SubmitAsync(ledger, batch, refused, cancellationToken);
                Done(batch.Count);
            }

            return sum;
        }
        finally
        {
            _replaying.Release();
        }
    }

    /// <summary>What waits stays in the file.</summary>
    public async ValueTask DisposeAsync()
    {
        _arriving.Writer.TryComplete();
        await _appending;
        _file.Dispose();
        _replaying.Dispose();
    }

    private static async Task<SpoolReplay> SubmitAsync(
        ILedger ledger, List<Command> batch, Action<Command, Refusal> refused, CancellationToken cancellationToken)
    {
        var (done, already, no) = (0, 0, 0);
        var outcomes = await ledger.SubmitAsync(batch, cancellationToken);
        for (var i = 0; i < batch.Count; i++)
        {
            var outcome = outcomes[i];

            // Of a hold that the store lost the spend is none the less: it counts without one.
            if (batch[i] is Command.Settle settle && outcome is Outcome.Refused { Reason: Refusal.HoldNotFound })
            {
                outcome = (await ledger.SubmitAsync(
                    [.. settle.Inside.Append(settle.Usage).Select(usage => new Command.Charge(usage, Fact: true))], cancellationToken))[^1];
            }

            if (outcome is Outcome.Done) done++;
            else if (outcome is Outcome.Replayed) already++;
            if (outcome is not Outcome.Refused refusal) continue;
            no++;
            refused(batch[i], refusal.Reason);
        }

        return new(done, already, no);
    }

    private List<Command> NextBatch()
    {
        lock (_gate) return [.. _waiting.Take(ReplayBatchMax)];
    }

    private void Done(int count)
    {
        lock (_gate)
        {
            for (var i = 0; i < count; i++) _waiting.Dequeue();
            Volatile.Write(ref _count, _waiting.Count);
            if (_waiting.Count > 0) return;
            try
            {
                _file.Clear();
                _hasRoom = _file.EnsureRoom();
            }
            catch (IOException)
            {
                // They would come again at the next start and change nothing; until the file can be cleared its room is taken.
            }
        }
    }

    private async Task AppendAsync()
    {
        var batch = new List<Arrival>();
        while (await _arriving.Reader.WaitToReadAsync())
        {
            batch.Clear();
            while (batch.Count < AppendBatchMax && _arriving.Reader.TryRead(out var arrival)) batch.Add(arrival);
            Append(batch);
        }
    }

    private void Append(List<Arrival> batch)
    {
        try
        {
            lock (_gate)
            {
                _file.Append([.. batch.Select(arrival => arrival.Bytes)]);
                foreach (var arrival in batch) _waiting.Enqueue(arrival.Command);
                Volatile.Write(ref _count, _waiting.Count);
                _hasRoom = _file.EnsureRoom();
            }
        }
        catch (Exception failure)
        {
            _hasRoom = false;
            foreach (var arrival in batch)
            {
                arrival.Durable.SetException(
                    new StoreUnavailableException($"The spool cannot be written: {failure.Message}", StoreEffect.None, StoreFault.Full, failure));
            }

            return;
        }

        foreach (var arrival in batch) arrival.Durable.SetResult();
    }

    private sealed record Arrival(Command Command, byte[] Bytes)
    {
        public TaskCompletionSource Durable { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>What a replay came to.</summary>
/// <param name="Done">Now in the ledger.</param>
/// <param name="Already">Were in it from an earlier try.</param>
/// <param name="Refused">The ledger did not take them; each is told of.</param>
public sealed record SpoolReplay(int Done, int Already, int Refused)
{
    public static SpoolReplay operator +(SpoolReplay left, SpoolReplay right) =>
        new(left.Done + right.Done, left.Already + right.Already, left.Refused + right.Refused);
}
