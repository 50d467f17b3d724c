using System.Text.Json;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Core.Tests.Ledger;

namespace Tieout.Core.Tests.Reconciliation;

/// <summary>Repairs as the records of findings contain them.</summary>
public sealed class RepairTextTests
{
    public static TheoryData<string> Kinds => [.. Samples.Select(sample => sample.GetType().Name)];

    private static IReadOnlyList<Repair> Samples { get; } =
    [
        new Repair.Reverse(17, new(500), Anew: null),
        new Repair.Reverse(17, new(500), Anew: new(0)),
        new Repair.ChargeRecorded(3, new(40)),
        new Repair.Relabel(Make.Priced(1, 40, Make.Labels(team: "red", key: "key-1"), "user-1", new Instant(5)), "beta", 17, "project web instead of none"),
        new Repair.Rebuild(Drift: null),
        new Repair.EndHold(Make.Id(4)),
        new Repair.Credit("INV-000001", new(10_000_000), "INV-000001 says 5"),
        new Repair.Meter("app-1", "worker", 20_000, Charge: null),
        new Repair.MeterAnew("app-1", 20_000, new(-7)),
        new Repair.RecordUsage(Make.Id(5), Make.Labels(), "op-1", "user-1", new Instant(9), new(12)),
        new Repair.RestoreRow("usage", "12"),
        new Repair.ReplaySpool(),
        new Repair.Decide(17, "what should it have cost"),
        new Repair.Decide(0, "look at it"),
    ];

    // Goal: what another node reads is what this one wrote. Method: each kind, there and back, and the sentence for people.
    [Theory]
    [MemberData(nameof(Kinds))]
    public void R1_a_repair_is_read_back_from_its_text(string kind)
    {
        foreach (var repair in Samples.Where(sample => sample.GetType().Name == kind))
        {
            var read = RepairText.Parse(RepairText.Write(repair));
            Assert.Equal(repair, read);
            Assert.Equal((repair.Proposed, repair.Moves), (read.Proposed, read.Moves));
        }
    }

    [Fact]
    public void Every_kind_of_repair_has_a_text() => Assert.Equal(
        typeof(Repair).GetNestedTypes().Where(type => type.IsSubclassOf(typeof(Repair))).Select(type => type.Name).Order(StringComparer.Ordinal),
        Samples.Select(sample => sample.GetType().Name).Distinct().Order(StringComparer.Ordinal));

    [Fact]
    public void A_text_of_another_kind_is_refused() => Assert.Throws<JsonException>(() => RepairText.Parse("""{"kind":"forgive"}"""));
}
