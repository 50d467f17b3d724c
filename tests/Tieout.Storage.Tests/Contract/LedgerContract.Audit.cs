using Tieout.Core.Ledger;
using Tieout.Core.Tests.Ledger;

using Outcome = Tieout.Core.Ledger.Outcome;

namespace Tieout.Storage.Tests.Contract;

/// <summary>Administrative actions and proposals in every store.</summary>
public abstract partial class LedgerContract
{
    [Fact]
    public async Task U1_an_action_and_its_record_are_one_commit_and_the_record_is_found_by_org_actor_and_time()
    {
        var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        var began = Clock.Now;
        foreach (var (by, amount) in new[] { ("tok_ana", 5L), ("tok_ben", 6), ("tok_ana", 5) })
        {
            Clock.Now += TimeSpan.FromSeconds(1);
            var (commit, version) = (ledger.Health.Commit, ledger.Read.SettingsVersion);
            await ledger.SubmitAsync(Make.Asked(Make.TopUp(amount, "asked"), by), Cancel);
            Assert.Equal((commit + 1, version), (ledger.Health.Commit, ledger.Read.SettingsVersion));
        }

        await ledger.SubmitAsync(Make.Asked(new Command.Record(SettingKind.AdminToken, "", "tok_1", "{}", Once: true)), Cancel);
        await ledger.DisposeAsync();
        ledger = Open(fresh: false);

        Assert.Equal(["done", "unchanged", "refused:id_reused", "done"], (await AuditAsync()).Select(row => row.Outcome));
        Assert.Equal(["unchanged", "refused:id_reused", "done"], (await AuditAsync(org: "acme")).Select(row => row.Outcome));
        Assert.Equal(["", "acme", "acme"], (await AuditAsync(actor: "tok_ana")).Select(row => row.Org));
        Assert.Equal(["refused:id_reused"], (await AuditAsync(org: "acme", actor: "tok_ben")).Select(row => row.Outcome));
        Assert.Equal(["tok_1"], (await AuditAsync(org: "")).Select(_ => "tok_1"));
        Assert.Equal(["done"], (await AuditAsync(from: began, to: began + TimeSpan.FromSeconds(2))).Select(row => row.Outcome));
        Assert.Equal("203.0.113.9", (await AuditAsync())[0].Actor.Address);

        // Page by page it is the same, and none comes twice.
        var paged = new List<AuditRow>();
        for (RowPlace? before = null; ;)
        {
            var page = await ledger.Read.AuditAsync(new(null, null, null, null, before, 1), Cancel);
            if (page.Count == 0) break;
            paged.AddRange(page.Select(stored => stored.Row));
            before = page[^1].Place;
        }

        Assert.Equal(await AuditAsync(), paged);
        await ledger.DisposeAsync();
        AssertVerified();

        async Task<List<AuditRow>> AuditAsync(string? org = null, string? actor = null, Core.Instant? from = null, Core.Instant? to = null) =>
            [.. (await ledger.Read.AuditAsync(new(org, actor, from, to, Before: null, 100), Cancel)).Select(stored => stored.Row)];
    }

    [Fact]
    public async Task L3_U1_a_proposal_survives_a_restart_and_is_approved_and_carried_out_in_one_commit()
    {
        var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        var action = new Command.Together("acme", [Make.TopUp(700, "big"), new Command.Grant("gift", "acme", new(7), 0, null)]);
        var proposal = Assert.IsType<Outcome.Proposed>(await ledger.SubmitAsync(Make.Asked(action, above: 500), Cancel)).Proposal;
        Assert.Equal(707, proposal.Moves!.Value.Nanos);
        await ledger.DisposeAsync();
        ledger = Open(fresh: false);
        Assert.False(Assert.IsType<Outcome.Proposed>(await ledger.SubmitAsync(Make.Asked(action, above: 500), Cancel)).IsNew);

        var before = (ledger.Read.Balance("acme")!.Balance, Commit: ledger.Health.Commit);
        var kept = (await ledger.Read.ObjectAsync("acme", ObjectKind.Proposal, proposal.Id, Cancel))!;
        Assert.Equal(proposal, Proposal.Of(kept.Object));
        Command Approve(string by) => Make.Asked(new Command.ApproveProposal("acme", proposal.Id, proposal.Hash, CommandText.Parse(proposal.Content)), by);
        Assert.Equal(Refusal.ProposalOwn, Assert.IsType<Outcome.Refused>(await ledger.SubmitAsync(Approve("tok_ana"), Cancel)).Reason);
        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(Approve("tok_ben"), Cancel));
        Assert.Equal((before.Balance + new Core.Money.Amount(707), before.Commit + 2), (ledger.Read.Balance("acme")!.Balance, ledger.Health.Commit));

        await ledger.DisposeAsync();
        ledger = Open(fresh: false);
        Assert.IsType<Outcome.Replayed>(await ledger.SubmitAsync(Approve("tok_ben"), Cancel));
        Assert.Equal(Refusal.ProposalClosed, Assert.IsType<Outcome.Refused>(await ledger.SubmitAsync(Approve("tok_cleo"), Cancel)).Reason);
        Assert.Equal(before.Balance + new Core.Money.Amount(707), ledger.Read.Balance("acme")!.Balance);
        await ledger.DisposeAsync();
        AssertVerified();
    }

    [Fact]
    public async Task B3_commands_that_go_together_are_all_carried_out_or_none()
    {
        var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        var balance = ledger.Read.Balance("acme")!.Balance;
        var together = new Command.Together("acme", [Make.TopUp(10, "one"), Make.TopUp(20, "start"), Make.TopUp(30, "three")]);
        Assert.Equal(Refusal.IdReused, Assert.IsType<Outcome.Refused>(await ledger.SubmitAsync(together, Cancel)).Reason);
        Assert.Equal(balance, ledger.Read.Balance("acme")!.Balance);
        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(together with { Parts = [Make.TopUp(10, "one"), Make.TopUp(30, "three")] }, Cancel));
        Assert.Equal(balance + new Core.Money.Amount(40), ledger.Read.Balance("acme")!.Balance);
        await ledger.DisposeAsync();
        AssertVerified();
    }
}
