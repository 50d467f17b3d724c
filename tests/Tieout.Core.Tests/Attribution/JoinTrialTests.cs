using Tieout.Core.Attribution.Contracts;

namespace Tieout.Core.Tests.Attribution;

/// <summary>Whether some keys are enough to join another book, as a figure (J1).</summary>
public sealed class JoinTrialTests
{
    // Acme's operation op-1 is retried by a worker of beta: its row says beta, its lineage says acme.
    [Fact]
    public void J1_cost_that_the_keys_give_to_another_tenant_than_the_lineage_is_counted()
    {
        var trial = new JoinTrial();
        trial.AddUsage("acme", "acme chat 08", ["operation_id op-1"]);
        trial.AddUsage("acme", "acme chat 08", ["operation_id op-2"]);
        trial.AddUsage("beta", "beta chat 08", ["operation_id op-3"]);
        trial.AddRow("acme chat 08", "acme", ["operation_id op-1"], 5);
        trial.AddRow("beta chat 08", "beta", ["operation_id op-1"], 3);
        trial.AddRow("beta chat 09", "beta", ["operation_id op-3"], 2);
        trial.AddRow("acme chat 08", "acme", [], 1);
        Assert.Equal((4, 11m), (trial.Rows.Rows, trial.Rows.Cost));
        Assert.Equal((3, 9m), (trial.Matched.Rows, trial.Matched.Cost));
        Assert.Equal((2, 6m), (trial.ToMany.Rows, trial.ToMany.Cost));
        Assert.Equal((0, 3, 1, 3m), (trial.Ambiguous.Rows, trial.WithLineage.Rows, trial.Wrong.Rows, trial.Wrong.Cost));
        Assert.Equal([("beta", "acme", 3m)], trial.WrongPairs.Select(pair => (pair.ByKeys, pair.ByLineage, pair.Count.Cost)));
        Assert.Equal((3, 3), (trial.Usage, trial.UsageMatched));
        Assert.False(trial.AreKeysEnough);
    }

    [Fact]
    public void Keys_without_a_tenant_that_several_tenants_share_say_nothing_and_neither_does_a_lineage_id_of_several()
    {
        var trial = new JoinTrial();
        trial.AddUsage("acme", "chat 08", ["operation_id op-1", "trace_id t-1"]);
        trial.AddUsage("beta", "chat 08", ["operation_id op-1", "trace_id t-2"]);
        trial.AddUsage("acme", "search 08", ["operation_id op-9"]);
        trial.AddRow("chat 08", null, ["operation_id op-1"], 4);
        trial.AddRow("chat 08", null, ["operation_id op-1", "trace_id t-2"], 4);
        trial.AddRow("search 08", null, ["trace_id t-2"], 1);
        Assert.Equal((2, 8m), (trial.Ambiguous.Rows, trial.Ambiguous.Cost));
        Assert.Equal((2, 1), (trial.WithLineage.Rows, trial.Wrong.Rows));
        Assert.Equal([("acme", "beta", 1m)], trial.WrongPairs.Select(pair => (pair.ByKeys, pair.ByLineage, pair.Count.Cost)));
    }

    [Fact]
    public void Keys_are_enough_when_every_row_finds_one_tenant_and_none_the_wrong_one()
    {
        var trial = new JoinTrial();
        trial.AddUsage("acme", "acme 08", ["operation_id op-1"]);
        trial.AddRow("acme 08", "acme", ["operation_id op-1"], 4);
        Assert.True(trial.AreKeysEnough);
        trial.AddRow("acme 09", "acme", ["operation_id op-1"], 4);
        Assert.False(trial.AreKeysEnough);
    }
}
