using Tieout.Core.Ledger;

using Outcome = Tieout.Core.Ledger.Outcome;

namespace Tieout.Core.Tests.Ledger;

/// <summary>Records: what happened is appended, and announced as the command says.</summary>
public sealed class RecordTests
{
    private readonly MemoryLedger _ledger = Histories.Begin();

    [Fact]
    public void A_record_is_a_row_of_its_own_and_no_setting()
    {
        var settings = _ledger.Settings.Count;
        var done = Assert.IsType<Outcome.Done>(_ledger.Submit(Finding("open", 1)));
        var row = Assert.Single(_ledger.Records);
        Assert.Equal((done.Seq, RecordKind.Finding, "acme", "f1", _ledger.Now), (row.Seq, row.Kind, row.Org, row.Name, row.RecordedAt));
        Assert.Equal(settings, _ledger.Settings.Count);
    }

    [Fact]
    public void A_finding_is_announced_when_it_opens_ends_and_opens_again_and_not_for_other_figures()
    {
        Assert.Equal(["finding.opened"], Told(Finding("open", 1)));
        Assert.Empty(Told(Finding("open", 2)));
        Assert.Equal(["finding.ended"], Told(Finding("ended", 2)));
        Assert.Equal(["finding.opened"], Told(Finding("open", 2)));
        Assert.Equal(["finding.ended"], Told(Finding("accepted", 2)));
        Assert.Equal(2, _ledger.Findings.Count(row => row.Code.Name == "thing"));
    }

    [Fact]
    public void A_replay_announces_nothing()
    {
        _ledger.Submit(Finding("ended", 1));
        Assert.Empty(Told(Finding("ended", 1)));
    }

    // A name that can be recorded again is announced again, so each message has an id of its own.
    [Fact]
    public void A_message_has_the_id_that_the_command_says_and_the_number_of_the_record_where_the_name_may_come_again()
    {
        _ledger.Submit(Finding("ended", 1));
        Assert.Equal($"finding/f1/{_ledger.Records[^1].Seq}", _ledger.Outbox[^1].Id);
        _ledger.Submit(Finding("ended", 1) with { Name = "f2", Once = true });
        Assert.Equal("finding/f1", _ledger.Outbox[^1].Id);
    }

    [Fact]
    public void L6_a_refused_record_leaves_everything_as_it_was()
    {
        _ledger.Submit(Finding("open", 1) with { Once = true });
        var before = _ledger.State();
        Assert.Equal(Refusal.IdReused, Refused(Finding("open", 2) with { Once = true }));
        Assert.Equal(Refusal.NameInvalid, Refused(Finding("open", 1) with { Name = "two words" }));
        Assert.Equal(Refusal.OrgNotFound, Refused(Finding("open", 1) with { Org = "nobody" }));
        Assert.Equal(before, _ledger.State());
    }

    // Goal: who closes a finding decides on the record that was read. Method: the number that was read, an older one, and none.
    [Fact]
    public void R1_a_record_that_replaces_another_is_refused_when_the_other_is_not_the_newest_any_more()
    {
        Assert.Equal(Refusal.RecordChanged, Refused(Finding("corrected", 1) with { Replaces = 7 }));
        var opened = Assert.IsType<Outcome.Done>(_ledger.Submit(Finding("open", 1) with { Replaces = 0 })).Seq;
        Assert.Equal(Refusal.RecordChanged, Refused(Finding("corrected", 1) with { Replaces = 0 }));
        Assert.IsType<Outcome.Done>(_ledger.Submit(Finding("accepted", 1) with { Replaces = opened }));

        // The same content is a replay (L3), whatever it replaced.
        Assert.IsType<Outcome.Replayed>(_ledger.Submit(Finding("accepted", 1) with { Replaces = opened }));
        Assert.Equal(Refusal.RecordChanged, Refused(Finding("corrected", 1) with { Replaces = opened }));
        Assert.Equal(Finding("open", 1) with { Replaces = opened }, CommandText.Parse(CommandText.Write(Finding("open", 1) with { Replaces = opened })));
    }

    // Goal: a correction and the closing of its finding are one (R1, L6). Method: money and a closing together, once on the newest record and once on an older
    // one.
    [Fact]
    public void R1_L6_money_moves_together_with_the_closing_of_a_finding_or_not_at_all()
    {
        var opened = Assert.IsType<Outcome.Done>(_ledger.Submit(Finding("open", 1))).Seq;
        var before = _ledger.State();
        Assert.Equal(
            Refusal.RecordChanged, Refused(new Command.Together("acme", [Make.TopUp(5, "fix"), Finding("corrected", 1) with { Replaces = opened + 1 }])));
        Assert.Equal(
            Refusal.AmountNotPositive, Refused(new Command.Together("acme", [Finding("corrected", 1) with { Replaces = opened }, Make.TopUp(-5, "fix")])));
        Assert.Equal(before, _ledger.State());

        // The outcome is the posting's, not the record's.
        var done = Assert.IsType<Outcome.Done>(
            _ledger.Submit(new Command.Together("acme", [Make.TopUp(5, "fix"), Finding("corrected", 1) with { Replaces = opened }])));
        Assert.Equal((_ledger.Postings[^1].Posting.Seq, _ledger.Now), (done.Seq, _ledger.Records[^1].RecordedAt));
    }

    [Fact]
    public void Its_text_is_read_back_with_what_it_announces() => Assert.Equal(Finding("ended", 1), CommandText.Parse(CommandText.Write(Finding("ended", 1))));

    private IEnumerable<string> Told(Command command)
    {
        var before = _ledger.Outbox.Count;
        _ledger.Submit(command);
        return _ledger.Outbox.Skip(before).Select(row => row.Type);
    }

    private Refusal? Refused(Command command) => (_ledger.Submit(command) as Outcome.Refused)?.Reason;

    private static Command.AddRecord Finding(string state, int figure) =>
        new(RecordKind.Finding, "acme", "f1", $$"""{"state":"{{state}}","figure":{{figure}}}""", Once: false)
        {
            Announcement = state == "open"
            ? new(Finding: new(new FindingCode("thing", "high")), OnChangeOf: "state") : new(new RecordMessage("finding/f1", "finding.ended")),
        };
}
