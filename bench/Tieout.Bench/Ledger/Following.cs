using Tieout.Storage;

namespace Tieout.Bench.Ledger;

/// <summary>Counts a ledger's rows beside its writer until it is disposed of.</summary>
internal sealed class Following : IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500);

    private readonly CancellationTokenSource _closing = new();
    private readonly Task _running;

    public Following(ILedger ledger) => _running = Task.Run(() => RunAsync(ledger));

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _running;
        _closing.Dispose();
    }

    private async Task RunAsync(ILedger ledger)
    {
        try
        {
            for (; ; await Task.Delay(Every, _closing.Token))
            {
                await FollowerTurns.CatchUpAsync(ledger, _ => Task.CompletedTask, TimeProvider.System, _closing.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The measurement is over.
        }
    }
}
