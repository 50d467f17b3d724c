using Tieout.Core.Ledger;
using Tieout.Core.Money;

namespace Tieout.Core.Tests.Ledger;

/// <summary>A conflict names the first field that differs from what is recorded under the id.</summary>
public sealed class ConflictTests
{
    private readonly MemoryLedger _ledger = new();

    [Fact]
    public void L3_a_conflict_names_the_first_field_that_differs()
    {
        var charge = (Command.Charge)Make.Charge(1, 5, at: _ledger.Now);
        var hold = (Command.PlaceHold)Make.Hold(_ledger, 2, 10);
        var settle = (Command.Settle)Make.Settle(3, 4) with { Inside = [Make.Priced(4, 1)] };
        var correct = new Command.Correct("c1", "acme", 2, new Amount(3), "found");
        var kept = Make.Object("resp_1");
        var told = new Command.Announce("m", "acme", "alert.test", """{"depth":1}""");
        var team = new Command.Record(SettingKind.Team, "acme", "red", """{"name":"red"}""", Once: true);
        foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(1_000), charge, hold, Make.Hold(_ledger, 3, 10), settle, correct,
            new Command.KeepObject(kept), told, team])
        {
            Assert.IsType<Outcome.Done>(_ledger.Submit(command));
        }

        var usage = charge.Usage.Usage;
        (Command Command, string Field)[] table =
        [
            (Make.TopUp(999), "amount"),
            (new Command.Grant("t1", "acme", new(1_000), 0, null), "kind"),
            (correct with { Posting = 1 }, "posting"),
            (correct with { NewAmount = null }, "new_amount"),
            (correct with { Reason = "other" }, "reason"),
            (correct with { IsPostingRepair = true }, "posting_repair"),
            (Make.OpenOrg(zone: "Asia/Tokyo"), "time_zone"),
            (team with { Body = """{"name":"blue"}""" }, "name"),
            (team with { Body = "no JSON" }, "content"),
            (charge with { Usage = charge.Usage with { Charge = new(6) } }, "charge"),
            (charge with { Usage = charge.Usage with { Usage = usage with { Labels = Make.Labels(team: "red") } } }, "team"),
            (charge with { Usage = charge.Usage with { Usage = usage with { StatusCode = 500, DurationMs = 9 } } }, "duration_ms"),
            (charge with { Usage = charge.Usage with { Usage = usage with { EndUser = "u" } } }, "user_id"),
            (Make.Charge(2, 5, at: _ledger.Now), "hold"),
            (hold with { Amount = new(11) }, "amount"),
            (hold with { Lifetime = TimeSpan.FromHours(1), OperationId = "other" }, "lifetime"),
            (hold with { OperationId = "other" }, "operation_id"),
            (hold with { Id = Make.Id(1) }, "hold"),
            (settle with { Inside = [Make.Priced(4, 2)] }, "inside.charge"),
            (new Command.KeepObject(kept with { Key = "k2", Body = "{}" }), "key"),
            (new Command.KeepObject(kept with { Body = "{}" }), "provider"),
            (told with { Type = "alert.other" }, "type"),
            (told with { Body = """{"depth":2}""" }, "depth"),
        ];
        foreach (var (command, field) in table)
        {
            var refused = Assert.IsType<Outcome.Refused>(_ledger.Submit(command));
            Assert.Equal((Refusal.IdReused, field, command), (refused.Reason, refused.Limit, command));
        }
    }
}
