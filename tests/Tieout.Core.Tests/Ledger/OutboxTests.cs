using System.Text.Json;
using Tieout.Core.Invoicing;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;

using Outcome = Tieout.Core.Ledger.Outcome;

namespace Tieout.Core.Tests.Ledger;

/// <summary>What is told, and that it is told once.</summary>
public sealed class OutboxTests
{
    private readonly MemoryLedger _ledger = Histories.Begin();

    private string Org => _ledger.Book.Orgs.Keys.First();

    [Fact]
    public void L3_what_is_announced_twice_is_told_once()
    {
        var told = Alert();
        Assert.IsType<Outcome.Done>(_ledger.Submit(told));
        var commits = _ledger.Chain.Count;
        Assert.IsType<Outcome.Replayed>(_ledger.Submit(told));
        Assert.Equal(Refusal.IdReused, Assert.IsType<Outcome.Refused>(_ledger.Submit(told with { Body = """{"depth":2}""" })).Reason);
        Assert.Single(_ledger.Outbox, row => row.Id == told.Id);
        Assert.Equal(commits, _ledger.Chain.Count);
    }

    [Fact]
    public void L3_what_is_announced_twice_in_one_batch_is_told_once() =>
        Assert.Collection(_ledger.Submit([Alert(), Alert()]), first => Assert.IsType<Outcome.Done>(first), second => Assert.IsType<Outcome.Replayed>(second));

    [Fact]
    public void The_same_id_counts_once_in_each_org()
    {
        Assert.IsType<Outcome.Done>(_ledger.Submit(Alert()));
        Assert.IsType<Outcome.Done>(_ledger.Submit(Alert() with { Org = Org }));
    }

    [Fact]
    public void L8_a_message_alone_is_a_commit_of_the_chain()
    {
        var before = _ledger.Book.ChainHash;
        _ledger.Submit(Alert());
        Assert.NotEqual(before, _ledger.Book.ChainHash);
    }

    [Fact]
    public void L6_a_refused_announcement_leaves_everything_as_it_was()
    {
        var before = _ledger.State();
        Assert.Equal(("id", Refusal.NameInvalid), Refused(Alert() with { Id = "two words" }));
        Assert.Equal(("type", Refusal.NameInvalid), Refused(Alert() with { Type = "" }));
        Assert.Equal(("body", Refusal.NameInvalid), Refused(Alert() with { Body = "[]" }));
        Assert.Equal(((string?)null, Refusal.OrgNotFound), Refused(Alert() with { Org = "nobody" }));
        Assert.Equal(before, _ledger.State());
    }

    [Fact]
    public void An_issued_document_is_told_with_its_sums_and_without_its_lines()
    {
        _ledger.Submit(BillingRecord.Of(BillingDocumentKind.Invoice, Org, "INV-000001", "invoice.issued",
            """{"number":"INV-000001","period":"2026-02","total":"4.16","lines":[{"amount":"4.16"}],"proof":null}"""));
        _ledger.Submit(BillingRecord.Of(BillingDocumentKind.CreditNote, Org, "CN-000001", "credit_note.issued", """{"number":"CN-000001","total":"1"}"""));
        Assert.Equal(["invoice.issued", "credit_note.issued"], _ledger.Outbox.TakeLast(2).Select(row => row.Type));
        Assert.Equal("""{"document":"INV-000001","number":"INV-000001","period":"2026-02","total":"4.16"}""", _ledger.Outbox[^2].Body);
    }

    [Fact]
    public void Opening_an_org_and_closing_a_period_are_told()
    {
        _ledger.Submit(new Command.OpenOrg(new Org("fresh", "USD", BillingMode.Prepaid, null, "Europe/Berlin")));
        _ledger.Submit(new Command.ClosePeriod("fresh", new Month(2026, 2)));
        Assert.Equal([("fresh", "org.opened"), ("fresh", "period.closed")], _ledger.Outbox.TakeLast(2).Select(row => (row.Org, row.Type)));
    }

    [Fact]
    public void A_finding_is_told_with_its_code_severity_and_detail()
    {
        _ledger.Submit(new Command.AddRecord(RecordKind.IdentityFinding, Org, "identity_rebind:1", """{"cause":"x"}""",
            Once: true)
        { Announcement = new(Finding: new(FindingCode.RefusedRebind)) });
        using var body = JsonDocument.Parse(_ledger.Outbox[^1].Body);
        Assert.Equal(
            ("identity_rebind", "high", "x"), (Text("code"), Text("severity"), body.RootElement.GetProperty("detail").GetProperty("cause").GetString()));
        string? Text(string name) => body.RootElement.GetProperty(name).GetString();
    }

    private (string?, Refusal) Refused(Command command) => _ledger.Submit(command) is Outcome.Refused refused ? (refused.Limit, refused.Reason) : default;

    private static Command.Announce Alert() => new("alert/spool/1", "", "alert.spool_backlog", """{"depth":51}""");
}
