using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Writing;

namespace Tieout.Storage.Tests.Simulated;

public sealed class WatchdogTests
{
    // Goal: a disk that never answers is seen. Method: a commit is handed over and does not end, while more commands wait; then it ends.
    [Fact]
    public async Task A_writer_that_does_not_move_is_unhealthy_until_it_moves()
    {
        var (clock, committer) = (new SimulatedClock(), new SteppedCommitter());
        using var writer = new WriterState(new SimulatedStore(new SimulatedDisk(), []), committer, clock, batchMax: 64);
        var orgs = Send(writer, [Make.OpenOrg(), Make.TopUp(1_000)]);
        while (writer.RunOne(mayHandOver: true)) clock.Pass(TimeSpan.FromMilliseconds(1));
        await orgs.Outcomes;
        var charges = Send(writer, [.. Enumerable.Range(1, 200).Select(id => Make.Charge(id, 1))]);
        writer.RunOne(mayHandOver: true);
        Assert.True(committer.IsBusy);
        clock.Pass(StallWatch.StalledAfter - TimeSpan.FromSeconds(1));
        Assert.True(writer.Health.IsWritable);

        clock.Pass(TimeSpan.FromSeconds(2));
        Assert.False(writer.Health.IsWritable);
        Assert.Contains("has not moved for 21 s; 136 commands wait", writer.Health.Reason, StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromSeconds(21), writer.Health.Stalled);

        while (writer.RunOne(mayHandOver: true)) clock.Pass(TimeSpan.FromMilliseconds(1));
        Assert.Equal((true, TimeSpan.Zero), (writer.Health.IsWritable, writer.Health.Stalled));
        Assert.Equal(200, (await charges.Outcomes).Count);
    }

    private static Submission Send(WriterState writer, Core.Ledger.Command[] commands)
    {
        var submission = new Submission(commands, TestContext.Current.CancellationToken);
        lock (writer.Gate) writer.Enqueue(submission);
        return submission;
    }
}
