using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Tests.Ledger;

/// <summary>One check in front of every way of moving money by hand: the second person, the freeze by hand and the freeze by a run.</summary>
// Goal: no door is left out. Method: a table of every command that moves money; each is sent with and without a finding, above the limit and in a frozen org.
public sealed class MoneyByHandTests
{
    /// <summary>Commands that move no money of an org, or that no person sends: time and gateway do.</summary>
    private static readonly Type[] NotByHand =
    [
        typeof(Command.PlaceHold), typeof(Command.Release), typeof(Command.ExpireHold), typeof(Command.ExpireGrant), typeof(Command.RecordHop),
        typeof(Command.KeepObject), typeof(Command.EndObject),
        typeof(Command.SetBudget), typeof(Command.ClosePeriod), typeof(Command.RejectProposal), typeof(Command.RecordAudit), typeof(Command.Announce),
    ];

    /// <summary>Commands of which only some move money: by what they record or carry.</summary>
    private static readonly Type[] ByContent = [typeof(Command.Record), typeof(Command.AddRecord), typeof(Command.OpenOrg), typeof(Command.Together),
        typeof(Command.ApproveProposal)];

    private readonly MemoryLedger _ledger = new();

    public MoneyByHandTests()
    {
        foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(500, "start"), Make.Charge(1, 40, at: _ledger.Now), Make.Charge(2, 30, at: _ledger.Now),
            Make.Hold(_ledger, 3, 10)])
        {
            Assert.IsType<Outcome.Done>(_ledger.Submit(command));
        }

        _ledger.Book.Recall(_ledger.Usage[0]);
    }

    public static TheoryData<string> Doors => [.. Table.Keys];

    private static Dictionary<string, Func<Instant, Command>> Table { get; } = new(StringComparer.Ordinal)
    {
        ["top-up"] = _ => Make.TopUp(1, "t"),
        ["grant"] = _ => new Command.Grant("g", "acme", new(1), 0, ExpiresAt: null),
        ["correction of a charge"] = _ => new Command.Correct("c", "acme", 2, new(39), "why"),
        ["repair of a posting"] = _ => new Command.Correct("c", "acme", 2, NewAmount: null, "why") { IsPostingRepair = true },
        ["reversal of a top-up"] = _ => new Command.Correct("c", "acme", 1, NewAmount: new(499), "why"),
        ["charge of a record"] = _ => new Command.ChargeRecorded("r", "acme", 1, "why"),
        ["stated charge"] = now => Make.Charge(9, 1, at: now, fact: true),
        ["usage of a lost attempt"] = _ => Make.Settle(3, 1),
        ["charges made anew"] = now => Make.Recharge([2], Make.Charge(9, 1, at: now, fact: true)),
        ["credit note"] = _ => new Command.Together("acme", [Document("CN-000001"), new Command.Grant("CN-000001", "acme", new(1), 0, ExpiresAt: null)]),
        ["repair of two postings"] = now => new Command.Together(
            "acme", [Make.Charge(9, 1, at: now, fact: true), new Command.Correct("c", "acme", 2, NewAmount: null, "why")]),
        ["price policy"] = _ => new Command.Record(SettingKind.PricePolicy, "acme", "policy", """{"markup":"9"}""", Once: false),
    };

    [Theory]
    [MemberData(nameof(Doors))]
    public void U1_above_the_limit_every_door_leads_to_a_proposal_with_and_without_a_finding(string door)
    {
        foreach (var finding in (string?[])[null, "finding-1"])
        {
            var before = (_ledger.Customer("acme").Balance, _ledger.Postings.Count, _ledger.Settings.Count);
            Assert.IsType<Outcome.Proposed>(_ledger.Submit(Make.Asked(Of(door), above: 0, proposal: $"prop_{finding}", finding: finding)));
            Assert.Equal(before, (_ledger.Customer("acme").Balance, _ledger.Postings.Count, _ledger.Settings.Count));
        }
    }

    [Theory]
    [MemberData(nameof(Doors))]
    public void A_freeze_by_hand_closes_every_door_with_and_without_a_finding_and_for_approvals(string door)
    {
        var proposal = Assert.IsType<Outcome.Proposed>(_ledger.Submit(Make.Asked(Of(door), above: 0))).Proposal;
        Freeze(by: "\"tok_ana\"");
        foreach (var finding in (string?[])[null, "finding-1"]) Assert.Equal(Refusal.AdjustmentsFrozen, Refused(Make.Asked(Of(door), finding: finding)));
        Assert.Equal(Refusal.AdjustmentsFrozen,
            Refused(Make.Asked(new Command.ApproveProposal("acme", proposal.Id, proposal.Hash, CommandText.Parse(proposal.Content)), "tok_ben")));
    }

    [Theory]
    [MemberData(nameof(Doors))]
    public void A_freeze_by_a_run_closes_every_door_but_for_repairs_of_findings(string door)
    {
        Freeze(by: "null");
        Assert.Equal(Refusal.AdjustmentsFrozen, Refused(Make.Asked(Of(door))));
        Assert.IsType<Outcome.Done>(_ledger.Submit(Make.Asked(Of(door), finding: "finding-1")));
    }

    // Goal: the kind of a document decides, never its number; a document that does not say its kind is treated as one that gives money. Method: each kind, with
    // numbers of the other.
    [Theory]
    [InlineData("INV-000001", BillingDocumentKind.CreditNote, true)]
    [InlineData("CN-000001", BillingDocumentKind.Invoice, false)]
    [InlineData("INV-000001", null, true)]
    public void U1_the_kind_of_a_document_decides_whether_it_moves_money(string number, BillingDocumentKind? kind, bool isByHand)
    {
        var document = Document(number) with { Document = kind };
        Assert.Equal(isByHand, document.IsMoneyByHand);
        Assert.Equal(kind, Assert.IsType<Command.AddRecord>(CommandText.Parse(CommandText.Write(document))).Document);
    }

    // All kinds by reflection, so that a new command is put on one of the lists.
    [Fact]
    public void Every_kind_of_command_is_by_hand_or_is_said_not_to_be()
    {
        var byHand = Table.Values.Select(make => make(_ledger.Now)).Where(command => command.IsMoneyByHand).Select(command => command.GetType());
        Assert.Equal(
            CommandSamples.All.Select(sample => sample.GetType().Name).Order(StringComparer.Ordinal),
            byHand.Concat(NotByHand).Concat(ByContent).Select(type => type.Name).Distinct().Order(StringComparer.Ordinal));
        Assert.All(CommandSamples.All.Where(sample => NotByHand.Contains(sample.GetType())), sample => Assert.False(sample.IsMoneyByHand));
        Assert.True(new Command.ApproveProposal("acme", "p", "h", Of("top-up")).IsMoneyByHand);
        Assert.False(new Command.ApproveProposal("acme", "p", "h", Make.Budget(1)).IsMoneyByHand);
        Assert.True(Make.OpenOrg("owes", BillingMode.Postpaid).IsMoneyByHand);
    }

    private Command Of(string door) => Table[door](_ledger.Now);

    private static Command.AddRecord Document(string number) => new(RecordKind.BillingDocument, "acme", number, "{}", Once: true);

    private Refusal Refused(Command command) => Assert.IsType<Outcome.Refused>(_ledger.Submit(command)).Reason;

    private void Freeze(string by) => Assert.IsType<Outcome.Done>(_ledger.Submit(new Command.Record(
        SettingKind.AdjustmentFreeze, "acme", MoneyByHand.FreezeName, $$"""{"org":"acme","frozen":true,"reason":"audit","by":{{by}},"at":"now"}""",
        Once: false)));
}
