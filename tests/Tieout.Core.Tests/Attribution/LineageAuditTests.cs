using Tieout.Core.Attribution;
using Tieout.Core.Attribution.Audit;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using static Tieout.Core.Tests.Attribution.Tokens;

namespace Tieout.Core.Tests.Attribution;

/// <summary>The audit of lineages on operations that are generated: clean ones, and ones with a planted defect.</summary>
public sealed class LineageAuditTests
{
    private static readonly Instant Overdue = Noon + TimeSpan.FromHours(1);

    // Goal: precision and recall of 1. Method: a hundred rounds of random clean operations, in some of which one defect of a random kind is planted: the kinds
    // that are found are those that were planted, and the share is that of the operations that kept one envelope.
    [Fact]
    public void A1_A2_every_planted_defect_is_found_and_nothing_else()
    {
        foreach (var seed in Enumerable.Range(1, 100))
        {
            var random = new Random(seed);
            var audit = new LineageAudit(Ring, People(), Overdue);
            var (planted, found, whole) = (new List<string>(), new List<string>(), 0);
            foreach (var number in Enumerable.Range(0, 30))
            {
                var operation = Clean(random, $"op-{number}");
                var kind = random.Next(3) == 0 ? random.Next(Plants.Length) : -1;
                if (kind >= 0)
                {
                    operation = Plants[kind].Plant(operation);
                    planted.Add($"{operation.Id} {Plants[kind].Kind}");
                }

                if (kind < 0 || Plants[kind].KeepsEnvelope) whole++;
                found.AddRange(audit.Add(operation).Select(defect => $"{defect.Operation} {defect.Kind}"));
            }

            Assert.Equal((seed, string.Join('\n', planted)), (seed, string.Join('\n', found)));
            Assert.Equal((30, whole), (audit.Lines["acme"].Operations, audit.Lines["acme"].Whole));
        }
    }

    private static readonly (LineageDefectKind Kind, bool KeepsEnvelope, Func<AuditedOperation, AuditedOperation> Plant)[] Plants =
    [
        (LineageDefectKind.ChargedElsewhere, true, operation => With(operation, 0, step => step with { Usage = Used("beta") })),
        (LineageDefectKind.RetriedElsewhere, false, operation => operation with { Elsewhere = [Elsewhere(operation, "platform", "key-p", 1)] }),
        (LineageDefectKind.RetriedElsewhere, false, operation => operation with { Elsewhere = [Elsewhere(operation, "beta", "worker-7", 2)] }),
        (LineageDefectKind.BrokenLinks, false, operation => With(operation, 0, step => Changed(step, made => made with { Target = "queue:other" }))),
        (LineageDefectKind.BrokenLinks, false, operation => operation with { Steps = [.. operation.Steps.Skip(1)] }),
        (LineageDefectKind.BrokenLinks, false, operation => With(operation, 1, step => step with { Entry = step.Entry with { TokenSha256 = new byte[32] } })),
        (LineageDefectKind.ForeignExecutor, true, operation => Linked([.. operation.Steps.Select((step, at) =>
            at == 0 ? Changed(step, made => made with { Executor = "key-beta" }) : step)])),
        (LineageDefectKind.WithoutUsage, true, operation => With(operation, 0, step => step with { Usage = null })),
        (LineageDefectKind.WithoutUsage, true, operation => With(operation, 0, step => step with { Usage = null, Hold = new(1, HoldState.Expired, Noon) })),
        (LineageDefectKind.HoldOpen, true, operation => With(operation, 0, step => step with { Usage = null, Hold = new(1, HoldState.Open, Noon) })),
        (LineageDefectKind.SeveralEnvelopes, false, operation => operation with
        {
            Steps = [.. operation.Steps, .. Linked([Step(operation.Id, LineageKind.Attempt, 9, "key-1", "i-other")]).Steps],
        }),
    ];

    [Fact]
    public void An_operation_of_the_same_name_under_another_tenant_is_no_retry()
    {
        var operation = Clean(new(1), "op-1");
        operation = operation with { Steps = [.. operation.Steps, Step("op-1", LineageKind.Attempt, 9, "worker-7")] };
        operation = Linked([.. operation.Steps]) with { Elsewhere = [Elsewhere(operation, "beta", "worker-7", 1), Elsewhere(operation, "beta", "worker-7", 2)] };

        Assert.Empty(new LineageAudit(Ring, People(), Overdue).Add(operation));
    }

    [Fact]
    public void What_is_in_flight_or_was_called_off_needs_no_usage()
    {
        foreach (var hold in (StepHold[])[new(1, HoldState.Released, Noon), new(1, HoldState.Open, Overdue)])
        {
            Assert.Empty(new LineageAudit(Ring, People(), Overdue).Add(With(Clean(new(1), "op-1"), 0, step => step with { Usage = null, Hold = hold })));
        }
    }

    // A worker that may act for acme no more did so rightly while it might; a key that never might did not.
    [Fact]
    public void A_step_is_judged_by_what_its_key_might_do_at_its_time()
    {
        var people = People();
        people.Add(Noon + TimeSpan.FromHours(5), Worker("beta"));

        Assert.True(people.MightActFor("worker-7", "acme", Noon));
        Assert.True(people.MightActFor("worker-7", "acme", Noon + TimeSpan.FromHours(5) + TimeSpan.FromSeconds(30)));
        Assert.False(people.MightActFor("worker-7", "acme", Noon + TimeSpan.FromHours(6)));
        Assert.True(people.MightActFor("worker-7", "platform", Noon + TimeSpan.FromHours(6)));
        Assert.False(people.MightActFor("key-beta", "acme", Noon));
        Assert.True(people.MightActFor("admin", "acme", Noon));
    }

    [Fact]
    public void Without_the_secret_links_are_not_checked_and_that_is_counted()
    {
        var audit = new LineageAudit(keys: null, People(), Overdue);
        Assert.Empty(audit.Add(With(Clean(new(1), "op-1"), 0, step => Changed(step, made => made with { Target = "queue:other" }))));
        Assert.Single(audit.Add(Clean(new(1), "op-2") is { } operation ? operation with { Steps = [.. operation.Steps.Skip(1)] } : null!));

        Assert.Equal((2, 1, 2), (audit.Lines["acme"].Operations, audit.Lines["acme"].Whole, audit.Lines["acme"].Unchecked));
    }

    [Fact]
    public void Usage_without_a_step_is_an_operation_once_and_its_operation_is_not_whole()
    {
        var audit = new LineageAudit(Ring, People(), Overdue);
        var defects = new[] { audit.Add(Unlinked(1, "op-x", hasSteps: false), out _), audit.Add(Unlinked(2, "op-x", hasSteps: false), out _),
            audit.Add(Unlinked(3, "op-1", hasSteps: true), out _) };

        Assert.All(defects, defect => Assert.Equal((LineageDefectKind.WithoutStep, new Amount(5)), (defect.Kind, defect.Cost!.Value)));
        Assert.Empty(audit.Add(Clean(new(1), "op-1")));
        Assert.Empty(audit.Add(Clean(new(1), "op-2")));
        Assert.Equal((3, 1, 15), (audit.Lines["acme"].Operations, audit.Lines["acme"].Whole, (int)audit.Lines["acme"].InDoubt.Nanos));
    }

    // A charge that two defects are about is in doubt once, and of the org that paid it.
    [Fact]
    public void What_it_cost_whom_counts_a_charge_once()
    {
        var audit = new LineageAudit(Ring, People(), Overdue);
        var operation = Clean(new(1), "op-1") with { };
        operation = operation with { Elsewhere = [Elsewhere(operation, "platform", "key-p", 1)] };
        var defects = audit.Add(With(operation, 0, step => Changed(step, made => made with { Executor = "key-beta" })));

        Assert.Equal([LineageDefectKind.ForeignExecutor, LineageDefectKind.BrokenLinks, LineageDefectKind.RetriedElsewhere],
            defects.Select(defect => defect.Kind));
        Assert.Equal(new Amount(7), audit.Lines["platform"].InDoubt);
        Assert.Equal(audit.Lines["acme"].Charged, audit.Lines["acme"].InDoubt);
        Assert.All(defects, defect => Assert.Contains("acme", defect.Cause, StringComparison.Ordinal));
    }

    [Fact]
    public void Only_all_of_them_are_the_whole_share()
    {
        Assert.Equal(
            (null, 1m, 0.999999m, 0m), (LineageLine.Share(0, 0), LineageLine.Share(7, 7), LineageLine.Share(9_999_999, 10_000_000), LineageLine.Share(0, 3)));
    }

    private static Executors People()
    {
        var people = new Executors();
        foreach (var key in (ApiKey[])[Key("key-1", "acme"), Key("key-beta", "beta"), Key("key-p", "platform"), Worker("acme", "beta")])
        {
            people.Add(Noon - TimeSpan.FromDays(1), key);
        }

        return people;
    }

    private static ApiKey Key(string id, string org) => new(id, org, null, null, null, "", false, DateTimeOffset.UnixEpoch);

    private static ApiKey Worker(params string[] tenants) => Key("worker-7", "platform") with { Worker = true, Tenants = tenants };

    /// <summary>Two to five steps of one envelope; the first is an attempt, and one at least is a worker's.</summary>
    private static AuditedOperation Clean(Random random, string id) => Linked([
        Step(id, LineageKind.Attempt, 1, "key-1"),
        .. Enumerable.Range(2, random.Next(3)).Select(no => Step(id, random.Next(2) == 0 ? LineageKind.Hop : LineageKind.Attempt, no, "key-1")),
        Step(id, LineageKind.Attempt, 6, "worker-7")]);

    private static AuditedStep Step(string operation, LineageKind kind, int no, string executor, string issuance = "i-1") => new(
        new(no, "acme", operation, "ek_1", Lineage.HashOf(Token),
            new(issuance, no, new(kind, new AttemptId(new Guid(no, 0, 0, new byte[8])).ToString(), no, executor, "openai/gpt-4o", Noon), []), 0),
        kind is LineageKind.Attempt ? Used("acme") with { Seq = no } : null);

    private static StepUsage Used(string org) => new(77, org, "key-1", new(7), 0);

    private static AuditedStep Elsewhere(AuditedOperation operation, string org, string executor, int attempt)
    {
        var step = Step(operation.Id, LineageKind.Attempt, 1, executor, "i-elsewhere");
        step = Changed(step, made => made with { AttemptNo = attempt });
        return step with { Entry = step.Entry with { Org = org }, Usage = Used(org) with { Seq = 90 + attempt } };
    }

    private static UnlinkedUsage Unlinked(int id, string operation, bool hasSteps) =>
        new(id, new(new Guid(id, 0, 0, new byte[8])), "acme", null, null, "key-1", operation, id, null, new(5), Noon, Noon, hasSteps);

    private static AuditedStep Changed(AuditedStep step, Func<LineageStep, LineageStep> change) =>
        step with { Entry = step.Entry with { Row = step.Entry.Row with { Step = change(step.Entry.Row.Step) } } };

    private static AuditedOperation With(AuditedOperation operation, int at, Func<AuditedStep, AuditedStep> change) =>
        operation with { Steps = [.. operation.Steps.Select((step, i) => i == at ? change(step) : step)] };

    /// <summary>Numbered and linked anew, each envelope by itself.</summary>
    private static AuditedOperation Linked(IReadOnlyList<AuditedStep> steps)
    {
        var (mac, linked) = (Secret.Lineage("ek_1"), new List<AuditedStep>());
        foreach (var step in steps)
        {
            var issuance = step.Entry.Row.Issuance;
            var before = linked.Where(one => one.Entry.Row.Issuance == issuance).ToList();
            var previous = before.Count == 0 ? Lineage.Root(mac, issuance, step.Entry.TokenSha256) : before[^1].Entry.Row.Link;
            var row = Lineage.Append(mac, issuance, previous, before.Count + 1, step.Entry.Row.Step);
            linked.Add(step with { Entry = step.Entry with { Seq = linked.Count + 1, Row = row } });
        }

        return new(steps[0].Entry.Org, steps[0].Entry.OperationId, linked, []);
    }
}
