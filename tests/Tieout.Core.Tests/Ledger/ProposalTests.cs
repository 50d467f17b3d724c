using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Tests.Ledger;

/// <summary>Above a limit money moves by hand only when another person approves exactly that.</summary>
public sealed class ProposalTests
{
    private const long Limit = 100;

    private readonly MemoryLedger _ledger = new();

    public ProposalTests()
    {
        foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(50, "start"), Make.Charge(1, 10, at: _ledger.Now),
            Make.Charge(2, 500, at: _ledger.Now, fact: true)])
        {
            Assert.IsType<Outcome.Done>(_ledger.Submit(command));
        }

        _ledger.Audit.Clear();
    }

    // What a person submits, and what it moves. Null: without an amount, so it always needs a second person.
    public static TheoryData<string, long?> ByHand => new()
    {
        { "top_up", 101 }, { "grant", 101 }, { "correct", 500 }, { "policy", null }, { "credit_note", 101 }, { "postpaid", null }, { "credit_line", 101 },
        { "stated", 101 },
        { "recharge", 500 }, { "prices", null },
    };

    [Theory]
    [MemberData(nameof(ByHand))]
    public void U1_every_way_of_moving_money_by_hand_above_the_limit_becomes_a_proposal_and_moves_nothing(string kind, long? moves)
    {
        var balance = _ledger.Customer("acme").Balance;
        var (postings, settings) = (_ledger.Postings.Count, _ledger.Settings.Count);
        var proposed = Assert.IsType<Outcome.Proposed>(_ledger.Submit(Make.Asked(Of(kind), above: Limit)));
        Assert.Equal((true, moves, "tok_ana"), (proposed.IsNew, proposed.Proposal.Moves?.Nanos, proposed.Proposal.By));
        Assert.Equal((balance, postings, settings), (_ledger.Customer("acme").Balance, _ledger.Postings.Count, _ledger.Settings.Count));
        Assert.Equal("proposed", Assert.Single(_ledger.Audit).Outcome);

        // Another person approves it: it is carried out and closed in one commit.
        var commits = _ledger.Chain.Count;
        Assert.IsType<Outcome.Done>(_ledger.Submit(Approval(proposed.Proposal)));
        Assert.Equal(commits + 1, _ledger.Chain.Count);
        Assert.True(_ledger.Postings.Count > postings || _ledger.Settings.Count > settings);
        var end = ProposalEnd.Of(_ledger.Book.Object(proposed.Proposal.Org, ObjectKind.Proposal, "prop_1")!.End!);
        Assert.Equal((true, "tok_ben"), (end.Approved, end.By));
        Assert.Equal(("done", "tok_ben"), (_ledger.Audit[^1].Outcome, _ledger.Audit[^1].Actor.Id));
    }

    [Theory]
    [MemberData(nameof(ByHand))]
    public void The_text_of_a_command_is_the_command(string kind, long? moves)
    {
        _ = moves;
        var text = CommandText.Write(Of(kind));
        Assert.Equal(text, CommandText.Write(CommandText.Parse(text)));
    }

    [Fact]
    public void The_text_of_a_correction_says_whether_it_repairs_a_posting()
    {
        var command = new Command.Correct("c1", "acme", 3, new Amount(5), "found") { IsPostingRepair = true };
        Assert.Equal(command, CommandText.Parse(CommandText.Write(command)));
        Assert.NotEqual(CommandText.Write(command), CommandText.Write(command with { IsPostingRepair = false }));
    }

    [Fact]
    public void The_text_of_a_budget_in_a_command_with_others_is_the_command()
    {
        var command = new Command.Together(
            "acme", [new Command.Record(SettingKind.Key, "acme", "key_1", "{}", Once: false), Make.Budget(5, new("acme", Key: "key_1")), Make.Budget(7)]);
        var again = Assert.IsType<Command.Together>(CommandText.Parse(CommandText.Write(command)));
        Assert.Equal(command.Parts.AsEnumerable(), again.Parts);
    }

    [Fact]
    public void U1_at_the_limit_one_person_is_enough()
    {
        Assert.IsType<Outcome.Done>(_ledger.Submit(Make.Asked(Make.TopUp(Limit), above: Limit)));
        Assert.IsType<Outcome.Done>(_ledger.Submit(Make.Asked(new Command.Correct("c1", "acme", 2, new Amount(9), "typo"), by: "tok_ben", above: Limit)));
    }

    [Fact]
    public void U1_nobody_approves_their_own_proposal_another_content_or_one_that_has_expired()
    {
        var proposal = Proposed(Make.TopUp(200));
        Assert.Equal(Refusal.ProposalOwn, Refused(Approval(proposal, by: "tok_ana")));
        Assert.Equal(Refusal.ProposalDiffers, Refused(Approval(proposal with { Moves = new Amount(2) })));
        Assert.Equal(Refusal.ProposalDiffers, Refused(Make.Asked(new Command.ApproveProposal("acme", "prop_1", proposal.Hash, Make.TopUp(2_000)), "tok_ben")));
        Assert.Equal(Refusal.ProposalNotFound, Refused(Make.Asked(new Command.ApproveProposal("acme", "prop_2", proposal.Hash, Make.TopUp(200)), "tok_ben")));
        _ledger.Now = proposal.ExpiresAt;
        Assert.Equal(Refusal.ProposalExpired, Refused(Approval(proposal)));
        Assert.Equal(
            ["proposed", "refused:proposal_own", "refused:proposal_differs", "refused:proposal_differs", "refused:proposal_not_found",
                "refused:proposal_expired"],
            _ledger.Audit.Select(row => row.Outcome));
        Assert.Single(_ledger.Postings, row => row.Posting.Kind == PostingKind.TopUp);
    }

    [Fact]
    public void L3_proposing_and_approving_twice_is_doing_it_once_and_other_content_under_the_same_id_is_a_conflict()
    {
        var proposal = Proposed(Make.TopUp(200));
        _ledger.Now += TimeSpan.FromMinutes(5);
        Assert.Equal(
            (proposal, false), _ledger.Submit(Make.Asked(Make.TopUp(200), above: Limit)) is Outcome.Proposed again ? (again.Proposal, again.IsNew) : default);
        Assert.Equal(Refusal.IdReused, Refused(Make.Asked(Make.TopUp(201), above: Limit)));
        Assert.Equal(Refusal.IdReused, Refused(Make.Asked(Make.TopUp(200), by: "tok_ben", above: Limit)));
        var made = Assert.IsType<Outcome.Done>(_ledger.Submit(Approval(proposal))).Seq;
        Assert.Equal(made, Assert.IsType<Outcome.Replayed>(_ledger.Submit(Approval(proposal))).Seq);
        Assert.Equal(Refusal.ProposalClosed, Refused(Approval(proposal, by: "tok_cleo")));

        // The action is carried out now, so its own sender gets the answer of a replay.
        Assert.Equal(made, Assert.IsType<Outcome.Replayed>(_ledger.Submit(Make.Asked(Make.TopUp(200), above: Limit))).Seq);
        Assert.Single(_ledger.Postings, row => row.Posting.Amount == new Amount(200));
    }

    [Fact]
    public void L6_an_approval_whose_action_is_refused_leaves_the_proposal_open()
    {
        var proposal = Proposed(new Command.Together("acme", [Make.TopUp(200, "t2"), new Command.Grant("start", "acme", new(1), 0, null)]));
        var before = _ledger.Customer("acme").Balance;
        Assert.Equal(Refusal.IdReused, Refused(Approval(proposal)));
        Assert.Equal(before, _ledger.Customer("acme").Balance);
        Assert.True(_ledger.Book.Object("acme", ObjectKind.Proposal, "prop_1")!.IsPending);
    }

    [Fact]
    public void U1_a_rejected_proposal_is_never_carried_out()
    {
        var proposal = Proposed(Make.TopUp(200));
        var reject = new Command.RejectProposal("acme", "prop_1", proposal.Hash, "too much");
        Assert.IsType<Outcome.Done>(_ledger.Submit(Make.Asked(reject, "tok_ben")));
        Assert.IsType<Outcome.Replayed>(_ledger.Submit(Make.Asked(reject, "tok_ben")));
        Assert.Equal(Refusal.ProposalClosed, Refused(Approval(proposal, by: "tok_cleo")));
        Assert.Equal(2, _ledger.Postings.Count(row => row.Posting.Kind == PostingKind.Charge));
        Assert.DoesNotContain(_ledger.Postings, row => row.Posting.Amount == new Amount(200));
    }

    [Fact]
    public void A_proposal_needs_a_reason() =>
        Assert.Equal(Refusal.ReasonNeeded, Refused(Make.Asked(Make.TopUp(200), above: Limit, reason: " ")));

    [Theory]
    [MemberData(nameof(ByHand))]
    public void A_freeze_refuses_every_way_of_moving_money_by_hand_but_opening_an_org_and_price_lists_of_all(string kind, long? moves)
    {
        _ = moves;
        var approved = Proposed(Make.TopUp(200, "before"));
        Freeze(frozen: true, "tok_ana");
        if (kind is not ("postpaid" or "credit_line" or "prices")) Assert.Equal(Refusal.AdjustmentsFrozen, Refused(Make.Asked(Of(kind))));
        Assert.Equal(Refusal.AdjustmentsFrozen, Refused(Make.Asked(Make.TopUp(1, "f"), finding: "finding-1")));
        Assert.Equal(Refusal.AdjustmentsFrozen, Refused(Approval(approved)));

        // What was done before is still a replay, and what the gateway measures is charged.
        Assert.IsType<Outcome.Replayed>(_ledger.Submit(Make.Asked(Make.TopUp(50, "start"))));
        Assert.IsType<Outcome.Done>(_ledger.Submit(Make.Charge(7, 1, at: _ledger.Now, fact: true)));
        Freeze(frozen: false, "tok_ana");
        Assert.IsType<Outcome.Done>(_ledger.Submit(Make.Asked(Of(kind))));
    }

    [Fact]
    public void A_freeze_that_a_reconciliation_brought_lets_findings_be_repaired()
    {
        Freeze(frozen: true, by: null);
        Assert.Equal(Refusal.AdjustmentsFrozen, Refused(Make.Asked(new Command.Correct("c1", "acme", 2, null, "goodwill"))));
        Assert.IsType<Outcome.Done>(_ledger.Submit(Make.Asked(new Command.Correct("c1", "acme", 2, null, "finding-1"), finding: "finding-1")));
    }

    private Command Of(string kind) => kind switch
    {
        "top_up" => Make.TopUp(101),
        "grant" => new Command.Grant("g1", "acme", new(101), 0, _ledger.Now + TimeSpan.FromDays(30)),
        "correct" => new Command.Correct("c1", "acme", 3, null, "goodwill"),
        "policy" => new Command.Record(SettingKind.PricePolicy, "acme", "policy", """{"markup":"9"}""", Once: false),
        "prices" => new Command.Record(SettingKind.PriceList, "", "vendor@2", """{"list":"vendor"}""", Once: true),
        "credit_note" => new Command.Together("acme",
            [new Command.AddRecord(RecordKind.BillingDocument, "acme", "CN-000001", "{}", Once: true),
                new Command.Grant("CN-000001", "acme", new(101), 0, null)]),
        "postpaid" => Make.OpenOrg("owes", BillingMode.Postpaid),
        "credit_line" => Make.OpenOrg("owes", BillingMode.Prepaid, creditLine: 101),
        "recharge" => Make.Recharge([3]),
        _ => Make.Charge(9, 101, at: _ledger.Now, fact: true),
    };

    private Proposal Proposed(Command command) => Assert.IsType<Outcome.Proposed>(_ledger.Submit(Make.Asked(command, above: Limit))).Proposal;

    private static Command Approval(Proposal proposal, string by = "tok_ben") =>
        Make.Asked(new Command.ApproveProposal(proposal.Org, proposal.Id, proposal.Hash, CommandText.Parse(proposal.Content)), by);

    private Refusal Refused(Command command) => Assert.IsType<Outcome.Refused>(_ledger.Submit(command)).Reason;

    private void Freeze(bool frozen, string? by) => Assert.IsType<Outcome.Done>(_ledger.Submit(Make.Asked(new Command.Record(
        SettingKind.AdjustmentFreeze, "acme", MoneyByHand.FreezeName,
        $$"""{"org":"acme","frozen":{{(frozen ? "true" : "false")}},"reason":"audit","by":{{(by is null ? "null" : $"\"{by}\"")}},"at":"now"}""",
        Once: false))));
}
