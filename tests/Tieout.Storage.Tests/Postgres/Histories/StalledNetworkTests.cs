using System.Diagnostics;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Postgres;

namespace Tieout.Storage.Tests.Postgres.Histories;

/// <summary>A network that neither answers nor fails does not stop a node: every call to the store ends by its own limit.</summary>
public sealed class StalledNetworkTests(ITestOutputHelper output)
{
    /// <summary>Finding out the effect of a commit, and what the limits of calls add to that.</summary>
    private static readonly TimeSpan AnswersWithin = TimeSpan.FromSeconds(18);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // Goal: a stalled or half-open network stopped a node for 20 to 43 s. Method: the line to the database passes nothing, in either of two ways; one caller
    // waits for its answer, those after it are refused at once,
    // reading is refused or answered, and when the line passes again the node goes on.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task S1_a_line_that_passes_nothing_costs_one_limit_and_then_callers_are_refused_at_once(bool isHalfOpen)
    {
        using var proxy = new FaultyProxy(() => PostgresServer.Instance.Port);
        var store = new UriBuilder(PostgresServer.Instance.NewStore()) { Port = proxy.Port }.Uri + "?command_timeout=2&connect_timeout=2&read_timeout=2";
        await using var ledger = await PostgresLedger.OpenAsync(store);
        foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(1_000_000)]) Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(command, Cancel));

        if (isHalfOpen) proxy.Swallow();
        else proxy.Stall();
        var first = await RefusedAfterAsync(() => SendAsync(ledger, 1));
        var next = TimeSpan.MaxValue;
        for (var id = 2; id < 12; id++) next = Min(next, await RefusedAfterAsync(() => SendAsync(ledger, id)));
        var read = Stopwatch.StartNew();
        await Assert.ThrowsAsync<StoreUnavailableException>(() => ledger.Read.AttemptAsync("acme", Make.Id(1), Cancel));
        var (reading, stalled) = (read.Elapsed, ledger.Health);
        proxy.Pass();
        var recovered = Stopwatch.StartNew();
        while (!await GoesOnAsync(ledger)) Assert.True(recovered.Elapsed < AnswersWithin, $"The node does not go on: {ledger.Health.Reason}");

        output.WriteLine(
            $"First refusal after {first.TotalSeconds:0.0} s, later ones after {next.TotalMilliseconds:0} ms at best, a reading after {reading.TotalSeconds:0.0} s, going on after {recovered.Elapsed.TotalSeconds:0.0} s.");
        Assert.False(stalled.IsWritable);
        Assert.True(first < AnswersWithin, $"The first caller waited {first.TotalSeconds:0.0} s.");
        Assert.True(next < TimeSpan.FromSeconds(1), $"Callers after it waited {next.TotalSeconds:0.0} s at least.");
        Assert.True(reading < AnswersWithin, $"A reader waited {reading.TotalSeconds:0.0} s.");
    }

    private static async Task SendAsync(PostgresLedger ledger, int id) =>
        await ledger.SubmitAsync(Make.Charge(id, 10, at: Instant.From(DateTimeOffset.UtcNow)), Cancel);

    private static async Task<TimeSpan> RefusedAfterAsync(Func<Task> send)
    {
        var clock = Stopwatch.StartNew();
        await Assert.ThrowsAsync<StoreUnavailableException>(send);
        return clock.Elapsed;
    }

    private static async Task<bool> GoesOnAsync(PostgresLedger ledger)
    {
        try
        {
            await SendAsync(ledger, 100);
            return true;
        }
        catch (StoreUnavailableException)
        {
            await Task.Delay(50, Cancel);
            return false;
        }
    }

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;
}
