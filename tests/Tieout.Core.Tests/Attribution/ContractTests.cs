using Tieout.Core.Attribution.Contracts;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Tests.Attribution;

/// <summary>Join contracts: what they may say, how they change, and what breaks them (J1).</summary>
public sealed class ContractTests
{
    private static readonly JoinContract Join = new(
        "usage", "1.2.0", OnViolation.Charge,
        [new("operation_id", ContractKeyType.Name), new("trace_id", ContractKeyType.Hex32, Nullable: true),
            new("workflow_id", ContractKeyType.Name, Sources: [UsageSource.Gateway])],
        ["feature", "team or key"]);

    private static readonly UsageLabels Labels = new() { Org = "acme", Key = "key_1", Feature = "chat", Source = UsageSource.Gateway };

    private static readonly UsageRecord Usage = new(
        new(Guid.Parse("01900000-0000-7000-8000-000000000001")), Labels, "op-1", 1, "flow", null, null, null, Instant.UnixEpoch, 0, 200, default,
        UsageBasis.Reported, UsageFlags.None);

    [Fact]
    public void J1_a_breach_names_what_is_missing_or_has_the_wrong_form()
    {
        var table = new (string What, UsageRecord Usage, string Breaches)[]
        {
            ("complete", Usage, ""),
            ("a nullable key of the right form", Usage with { TraceId = "0af7651916cd43dd8448eb211c80319c" }, ""),
            ("a nullable key of another form", Usage with { TraceId = "trace" }, "trace_id:Hex32"),
            ("a key that its source must carry", Usage with { WorkflowId = null }, "workflow_id:"),
            ("a key that its source need not carry", Usage with { WorkflowId = null, Labels = Labels with { Source = UsageSource.Import } }, ""),
            ("one of two suffices", Usage with { Labels = Labels with { Key = null, Team = "red" } }, ""),
            ("neither of two", Usage with { Labels = Labels with { Key = null } }, "team or key:"),
            ("two at once", Usage with { WorkflowId = null, Labels = Labels with { Feature = null } }, "workflow_id: feature:"),
        };
        foreach (var row in table)
        {
            Assert.Equal(
                (row.What, row.Breaches),
                (row.What, string.Join(' ', ContractBreach.Of(Join, row.Usage).Select(breach => $"{breach.Requirement}:{breach.Type}"))));
        }
    }

    // The same of counted rows: what the labels and the ids that a row lacks say is what the row itself says.
    [Fact]
    public void J1_counted_rows_are_as_complete_as_the_rows_themselves()
    {
        var (counts, complete) = (new Completeness(Join), 0);
        var some = new[] { null, "x" };
        var rows = from feature in some
                   from team in some
                   from key in some
                   from workflow in some
                   from source in new[] { UsageSource.Gateway, UsageSource.Import }
                   select Usage with { WorkflowId = workflow, Labels = new() { Org = "acme", Feature = feature, Team = team, Key = key, Source = source } };
        foreach (var usage in rows)
        {
            if (ContractBreach.Of(Join, usage).Count == 0) complete++;
            var absent = AbsentIds.Trace | AbsentIds.Correlation | AbsentIds.EndUser | (usage.WorkflowId is null ? AbsentIds.Workflow : 0);
            counts.Add(usage.Labels, absent, 1, Amount.Parse("0.5"));
            counts.Add(usage.Labels, absent, 0, Amount.Zero);
        }

        Assert.Equal((32, complete, 9), (counts.Billable, counts.Complete, complete));
        Assert.Equal(("16", "11.5"), (counts.Charge.ToString(), counts.Unattributed.ToString()));
        Assert.Equal([("feature", 16L), ("team or key", 8L), ("workflow_id", 8L)], counts.Missing.Select(missing => (missing.Key, missing.Value.Records)));
        Assert.Equal(0.28125m, counts.Share);
        Assert.False(counts.MeetsObjective);
    }

    [Fact]
    public void The_share_is_1_only_when_nothing_is_missing_and_the_budget_is_what_the_objective_leaves()
    {
        var counts = new Completeness(Join);
        Assert.Equal((1m, 0m, true), (counts.Share, counts.BudgetUsed, counts.MeetsObjective));
        counts.Add(Labels, AbsentIds.None, 2_999_999, Amount.Zero);
        counts.Add(Labels with { Feature = null }, AbsentIds.None, 1, Amount.Zero);
        Assert.Equal((0.999999m, 0m, true), (counts.Share, counts.BudgetUsed, counts.MeetsObjective));
        counts.Add(Labels with { Feature = null }, AbsentIds.None, 59_999, Amount.Zero);
        Assert.Equal((1.9608m, false), (counts.BudgetUsed, counts.MeetsObjective));
    }

    [Fact]
    public void A_contract_that_cannot_be_is_refused_with_one_sentence()
    {
        var table = new (JoinContract Contract, string? Flaw)[]
        {
            (Join, null),
            (Join with { Name = "a/b" }, "The contract needs a name"),
            (Join with { Version = "1.2" }, "The version '1.2' is not a semantic version"),
            (Join with { Version = "01.2.0" }, "The version '01.2.0' is not a semantic version"),
            (Join with { Objective = 1.01m }, "The objective 1.01 is no share"),
            (Join with { Keys = [], Segmentation = [] }, "The contract asks for nothing"),
            (Join with { Keys = [new("pod", ContractKeyType.Name)] }, "'pod' is not a field of usage"),
            (Join with { Segmentation = ["team or pod"] }, "'pod' is not a field of usage"),
            (Join with { Segmentation = ["team", "team"] }, "The segment 'team' is listed twice"),
            (Join with { Keys = [new("trace_id", ContractKeyType.Hex32), new("trace_id", ContractKeyType.Name)] }, "The key trace_id is listed twice"),
            (Join with { Keys = [new("org", ContractKeyType.Name, Nullable: true)] }, "Every record has org"),
            (Join with { Keys = [new("feature", ContractKeyType.Name, Nullable: true)] }, "The contract contradicts itself: feature is nullable"),
            (Join with { Keys = [new("trace_id", ContractKeyType.Name, Nullable: true, Sources: [UsageSource.Import])] }, "The contract contradicts itself: trace_id"),
        };
        foreach (var (contract, flaw) in table)
        {
            var said = ContractFlaws.Of(contract);
            Assert.True(flaw is null ? said is null : said?.StartsWith(flaw, StringComparison.Ordinal) is true, $"{flaw} / {said}");
        }

        var other = Join with { Name = "other", Keys = [new("trace_id", ContractKeyType.Uuid)] };
        Assert.StartsWith("The contract 'other' says that trace_id is a UUID", ContractFlaws.Between(Join, [Join, other]), StringComparison.Ordinal);
        Assert.Null(ContractFlaws.Between(Join, [Join, other with { Keys = [new("trace_id", ContractKeyType.Name)] }]));
    }

    [Fact]
    public void A_change_says_whom_it_breaks_and_a_breaking_one_needs_a_higher_major_version()
    {
        JoinContract With(ContractKey trace) => Join with { Version = "1.3.0", Keys = [Join.Keys[0], trace, Join.Keys[2]] };
        JoinContract Of(params UsageSource[] sources) =>
            Join with { Version = "1.3.0", Keys = [.. Join.Keys.Take(2), Join.Keys[2] with { Sources = sources }] };
        var trace = Join.Keys[1];
        var table = new (string What, JoinContract Next, string Breaks)[]
        {
            ("nothing", Join with { Version = "1.3.0" }, ""),
            ("a nullable key more", Join with { Version = "1.3.0", Keys = [.. Join.Keys, new("end_user", ContractKeyType.Name, Nullable: true)] }, "nobody"),
            ("a required key more", Join with { Version = "1.3.0", Keys = [.. Join.Keys, new("end_user", ContractKeyType.Name)] }, "Senders"),
            ("a key less", Join with { Version = "1.3.0", Keys = [.. Join.Keys.Take(2)] }, "Readers"),
            ("a narrower form", With(trace with { Type = ContractKeyType.Uuid }), "Senders"),
            ("any form", With(trace with { Type = ContractKeyType.Name }), "Readers"),
            ("no longer nullable", With(trace with { Nullable = false }), "Senders"),
            ("telemetry need not carry it", With(trace with { In = [ContractBook.Usage, ContractBook.Billing] }), "Readers"),
            ("more sources must carry it", Of(UsageSource.Gateway, UsageSource.Import), "Senders"),
            ("another source must carry it", Of(UsageSource.Import), "Senders Readers"),
            ("a segment more", Join with { Version = "1.3.0", Segmentation = [.. Join.Segmentation, "end_user"] }, "Senders"),
            ("a segment less", Join with { Version = "1.3.0", Segmentation = ["feature"] }, "Readers"),
            ("put aside", Join with { Version = "1.3.0", OnViolation = OnViolation.Quarantine }, "Senders"),
            ("another objective", Join with { Version = "1.3.0", Objective = 0.999m }, "nobody"),
        };
        foreach (var row in table)
        {
            var changes = ContractChange.Between(Join, row.Next);
            Assert.Equal(
                (row.What, row.Breaks),
                (row.What, string.Join(' ', changes.Select(change => change.Breaks?.ToString() ?? "nobody").Distinct().OrderDescending())));
            var breaks = changes.Any(change => change.Breaks is not null);
            Assert.Equal((row.What, breaks), (row.What, ContractChange.Refusal(Join, row.Next) is not null));
            Assert.Null(ContractChange.Refusal(Join, row.Next with { Version = "2.0.0" }));
        }

        Assert.Equal("Version 1.2.0 does not come after 1.2.0. Write a higher one.", ContractChange.Refusal(Join, Join));
        Assert.Equal("Version 1.1.9 does not come after 1.2.0. Write a higher one.", ContractChange.Refusal(Join, Join with { Version = "1.1.9" }));
    }

    [Fact]
    public void A_contract_is_stored_as_it_is() =>
        Assert.Equal(Join, JoinContract.Parse(Join.ToJson()));
}
