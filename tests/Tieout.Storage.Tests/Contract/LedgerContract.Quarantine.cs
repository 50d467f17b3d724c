using System.Text.Json;
using Tieout.Core.Ledger;
using Tieout.Core.Tests.Ledger;

namespace Tieout.Storage.Tests.Contract;

public abstract partial class LedgerContract
{
    // Goal: one command that cannot be decided takes nobody along. Method: a setting of a kind that has a command of its own makes the rules throw; it is sent
    // in
    // the middle of charges of another org, alone, and again.
    [Fact]
    public async Task A_command_that_cannot_be_decided_goes_into_quarantine_and_all_others_are_carried_out()
    {
        var misuse = new Command.Record(SettingKind.Org, "acme", "misuse", "{}", Once: false);
        await using (var ledger = Open(fresh: true))
        {
            foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(1_000)]) await ledger.SubmitAsync(command, Cancel);
            var outcomes = await ledger.SubmitAsync([Make.Charge(1, 10), misuse, Make.Charge(2, 10)], Cancel);
            Assert.IsType<Outcome.Done>(outcomes[0]);
            var refused = Assert.IsType<Outcome.Refused>(outcomes[1]);
            Assert.IsType<Outcome.Done>(outcomes[2]);
            Assert.Equal(Refusal.CommandQuarantined, refused.Reason);

            // The same again is the same record.
            Assert.Equal(refused, await ledger.SubmitAsync(misuse, Cancel));
            var record = Assert.Single(await ledger.Read.RecordsAsync(RecordKind.Quarantine, org: null, after: null, 10, Cancel));
            Assert.Equal(refused.Limit, record.Name);
            using var body = JsonDocument.Parse(record.Body);
            Assert.Equal("misuse", body.RootElement.GetProperty("command").GetProperty("name").GetString());
            Assert.Equal("ArgumentException", body.RootElement.GetProperty("summary").GetProperty("exception").GetString());
            Assert.Single(await ledger.Read.FindingsAsync("acme", 10, Cancel), finding => finding.Code.Name == "command_quarantined");
            Assert.Equal(1_000 - 20, ledger.Read.Balance("acme")!.Balance.Nanos);
            Assert.Equal((true, null, 1), (ledger.Health.IsWritable, ledger.Health.Reason, ledger.Health.Quarantined));
        }

        await using (var again = Open(fresh: false))
        {
            Assert.Equal(1, again.Health.Quarantined);
            Assert.IsType<Outcome.Done>(await again.SubmitAsync(Make.Charge(3, 10), Cancel));
        }

        AssertVerified();
    }

    // Goal: a settlement in quarantine is not lost in silence. Method: its price is taken away from it, so that no rule can read it.
    [Fact]
    public async Task A_settlement_in_quarantine_says_what_is_not_charged_and_leaves_its_hold_open()
    {
        await using var ledger = Open(fresh: true);
        var memory = new MemoryLedger { Now = Clock.Now };
        foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(1_000), Make.Hold(memory, 1, 50)]) await ledger.SubmitAsync(command, Cancel);
        var priced = Make.Priced(1, 40);
        var settle = new Command.Settle(priced with { Usage = priced.Usage with { Labels = null! } });
        Outcome outcome;
        try
        {
            outcome = await ledger.SubmitAsync(settle, Cancel);
        }
        catch (NullReferenceException)
        {
            // A store that routes by org refuses it at the door.
            return;
        }

        Assert.Equal(Refusal.CommandQuarantined, Assert.IsType<Outcome.Refused>(outcome).Reason);
        var record = Assert.Single(await ledger.Read.RecordsAsync(RecordKind.Quarantine, org: null, after: null, 10, Cancel));
        Assert.Contains("\"not_charged\":\"0.00000004\"", record.Body, StringComparison.Ordinal);
        Assert.Contains(Make.Id(1).ToString(), record.Body, StringComparison.Ordinal);
        Assert.Equal(50, ledger.Read.Balance("acme")!.Held.Nanos);
    }

    // Goal: a row that cannot be loaded stops writes, not reads. Method: the stored budget is no budget any more.
    [Fact]
    public async Task A_start_with_a_damaged_row_is_read_only_and_names_the_row()
    {
        await using (var ledger = Open(fresh: true))
        {
            foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(1_000), Make.Budget(500), Make.Charge(1, 10)])
            {
                await ledger.SubmitAsync(command, Cancel);
            }
        }

        Tamper("UPDATE settings SET body = 'no budget' WHERE kind = 1");
        await using var damaged = Open(fresh: false);
        Assert.Equal((false, true), (damaged.Health.IsWritable, damaged.Health.IsReadOnly));
        Assert.Contains("Row 2 of table settings", damaged.Health.Reason, StringComparison.Ordinal);
        Assert.Equal(990, damaged.Read.Balance("acme")!.Balance.Nanos);
        Assert.DoesNotContain(damaged.Read.Settings, row => row.Body == "no budget");
        var refused = await Assert.ThrowsAsync<StoreUnavailableException>(async () => await damaged.SubmitAsync(Make.Charge(2, 10), Cancel));
        Assert.Equal((StoreFault.ReadOnly, StoreEffect.None), (refused.Fault, refused.Effect));
        Assert.Contains("Row 2 of table settings", refused.Message, StringComparison.Ordinal);
    }
}
