using Tieout.Core.Ledger;
using Tieout.Core.Money;

namespace Tieout.Core.Tests.Ledger;

/// <summary>Many small actions of one person in one org on one day are one large action.</summary>
public sealed class MovedAloneTests
{
    private const long Limit = 100;

    private readonly MemoryLedger _ledger = new();

    public MovedAloneTests()
    {
        _ledger.Submit(Make.OpenOrg());
        _ledger.Submit(Make.OpenOrg("other"));
    }

    [Fact]
    public void U1_ten_grants_below_the_limit_are_added_up_and_the_rest_waits_for_a_second_person()
    {
        var outcomes = Enumerable.Range(0, 10).Select(i => Submit(Grant($"g{i}", 30))).ToList();
        Assert.Equal((3, 7), (outcomes.OfType<Outcome.Done>().Count(), outcomes.OfType<Outcome.Proposed>().Count()));
        Assert.Equal(new Amount(90), _ledger.Customer("acme").Balance);

        // What is left of the limit is still for one person.
        Assert.IsType<Outcome.Done>(Submit(Grant("rest", 10)));
        Assert.IsType<Outcome.Proposed>(Submit(Make.TopUp(1, "over")));
    }

    [Fact]
    public void U1_the_sum_is_of_one_person_one_org_and_one_day()
    {
        Assert.IsType<Outcome.Done>(Submit(Grant("a", 100)));
        Assert.IsType<Outcome.Proposed>(Submit(Grant("b", 1)));
        Assert.IsType<Outcome.Done>(Submit(Grant("b", 1), by: "tok_ben"));
        Assert.IsType<Outcome.Done>(Submit(new Command.Grant("b", "other", new(100), 0, null)));
        _ledger.Now += TimeSpan.FromDays(1);
        Assert.IsType<Outcome.Done>(Submit(Grant("c", 100)));
    }

    [Fact]
    public void U1_two_tokens_of_one_person_have_one_limit_and_do_not_approve_each_other()
    {
        Assert.IsType<Outcome.Done>(Submit(Grant("a", 60), by: "tok_1", person: "ana"));
        var proposal = Assert.IsType<Outcome.Proposed>(Submit(Grant("b", 60), by: "tok_2", person: "ana")).Proposal;
        Assert.Equal(("tok_2", "ana"), (proposal.By, proposal.Person));

        Command Approval(string by, string person) =>
            Make.Asked(new Command.ApproveProposal("acme", proposal.Id, proposal.Hash, CommandText.Parse(proposal.Content)), by, person: person);
        Assert.Equal(Refusal.ProposalOwn, Assert.IsType<Outcome.Refused>(_ledger.Submit(Approval("tok_1", "ana"))).Reason);
        Assert.Equal(Refusal.ProposalOwn, Assert.IsType<Outcome.Refused>(_ledger.Submit(Approval("tok_2", "renamed"))).Reason);
        Assert.Equal(proposal, Proposal.Of(_ledger.Book.Object("acme", ObjectKind.Proposal, proposal.Id)!.Object));
        Assert.IsType<Outcome.Done>(_ledger.Submit(Approval("tok_3", "ben")));
    }

    [Fact]
    public void U1_only_what_one_person_carried_out_alone_counts()
    {
        // A refusal, a replay and what a second person approved.
        Assert.IsType<Outcome.Done>(Submit(Grant("a", 60)));
        Assert.IsType<Outcome.Replayed>(Submit(Grant("a", 60)));
        Assert.IsType<Outcome.Refused>(Submit(Grant("a", 30)));
        var proposal = Assert.IsType<Outcome.Proposed>(Submit(Grant("big", 500))).Proposal;
        Assert.IsType<Outcome.Done>(
            _ledger.Submit(Make.Asked(new Command.ApproveProposal("acme", proposal.Id, proposal.Hash, CommandText.Parse(proposal.Content)), "tok_ben")));
        Assert.IsType<Outcome.Done>(Submit(Grant("b", 40)));
        Assert.IsType<Outcome.Proposed>(Submit(Grant("c", 1)));
    }

    private static Command.Grant Grant(string id, long nanos) => new(id, "acme", new(nanos), 0, null);

    private Outcome Submit(Command command, string by = "tok_ana", string? person = null) =>
        _ledger.Submit(Make.Asked(command, by, Limit, proposal: $"prop_{_ledger.Chain.Count}", person: person));
}
