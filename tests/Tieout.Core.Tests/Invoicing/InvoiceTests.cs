using FsCheck;
using FsCheck.Fluent;
using Tieout.Core.Invoicing;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Core.Tests.Ledger;

namespace Tieout.Core.Tests.Invoicing;

public sealed class InvoiceTests
{
    private static readonly Config Runs = Config.QuickThrowOnFailure.WithMaxTest(150).WithEndSize(120);

    [Fact]
    public void I1_lines_sum_to_the_total_and_the_total_is_what_the_balance_moved_by_charges() => Check.One(Runs, Prop.ForAll(Histories.Any, steps =>
    {
        var ledger = After(steps);
        foreach (var org in ledger.Book.Orgs.Values)
        {
            foreach (var month in Months(ledger, org))
            {
                var invoice = InvoiceOf(ledger, org, month);
                var lines = invoice.Lines.Sum(line => line.Total);
                if (lines != invoice.TotalCharges || invoice.TotalCharges != ChargesOf(ledger, org, month)) return false;
                var statement = invoice.Statement;
                var moved = Of(ledger, org).Where(posting => posting.EffectiveAt < month.End(org.Zone))
                    .Sum(posting => posting.Credit == org.FirstAccount ? posting.Amount : -posting.Amount);
                if (statement.Closing != moved) return false;
            }
        }

        return true;
    }));

    [Fact]
    public void I1_each_statement_opens_where_the_one_before_closed_and_the_last_closes_at_the_balance() => Check.One(Runs, Prop.ForAll(Histories.Any, steps =>
    {
        var ledger = After(steps);
        foreach (var org in ledger.Book.Orgs.Values)
        {
            var closing = Amount.Zero;
            foreach (var month in Months(ledger, org))
            {
                var statement = InvoiceOf(ledger, org, month).Statement;
                if (statement.Opening != closing) return false;
                closing = statement.Closing;
            }

            if (closing != ledger.Customer(org.Org.Id).Balance) return false;
        }

        return true;
    }));

    [Fact]
    public void I2_what_comes_late_leaves_the_invoice_of_a_closed_period_as_it_was() =>
    Check.One(Runs, Prop.ForAll(Histories.Any, Histories.Any, (steps, later) =>
    {
        var ledger = After(steps);
        var org = ledger.Book.Org("acme")!;
        var last = Month.Of(ledger.Now, org.Zone);
        var month = new Month(last.Number == 1 ? last.Year - 1 : last.Year, last.Number == 1 ? 12 : last.Number - 1);
        ledger.Submit(new Command.ClosePeriod("acme", month));
        var before = InvoicePage.Html(InvoiceOf(ledger, ledger.Book.Org("acme")!, month));
        foreach (var step in later) Histories.Take(ledger, step);
        return before == InvoicePage.Html(InvoiceOf(ledger, ledger.Book.Org("acme")!, month));
    }));

    /// <summary>RUNBOOKS R5: 416 of 861 were charged with a key; the rest were searches that bore none.</summary>
    [Fact]
    public void R5_charges_without_a_key_are_on_the_invoice_like_any_other()
    {
        var ledger = Histories.Begin();
        ledger.Submit(Make.TopUp(1_000, "more"));
        var before = ledger.Customer("acme").Balance;
        ledger.Submit(Make.Charge(1, 416, Make.Labels("acme", "red", "k1"), at: ledger.Now));
        ledger.Submit(Make.Charge(2, 445, Make.Labels("acme", null, null), at: ledger.Now));

        var org = ledger.Book.Org("acme")!;
        var invoice = InvoiceOf(ledger, org, Month.Of(ledger.Now, org.Zone));

        Assert.Equal(new Amount(861), invoice.TotalCharges);
        Assert.Equal(before - ledger.Customer("acme").Balance, invoice.TotalCharges);
    }

    [Fact]
    public void A_correction_shows_beside_the_charge_that_it_corrects()
    {
        var ledger = Histories.Begin();
        ledger.Submit(Make.Charge(1, 100, Make.Labels("acme"), at: ledger.Now));
        var posting = ledger.Postings[^1].Posting.Seq;
        ledger.Submit(new Command.Correct("c1", "acme", posting, new Amount(30), "counted twice"));

        var org = ledger.Book.Org("acme")!;
        var invoice = InvoiceOf(ledger, org, Month.Of(ledger.Now, org.Zone));

        var line = Assert.Single(invoice.Lines);
        Assert.Equal((new Amount(100), new Amount(-70), new Amount(30)), (line.Charges, line.Corrections, line.Total));
        Assert.Equal(new Amount(30), invoice.TotalCharges);
    }

    [Fact]
    public void What_of_a_grant_ended_unused_is_told_apart_from_what_was_granted()
    {
        var ledger = Histories.Begin();
        ledger.Submit(new Command.Grant("g", "acme", new Amount(50), 0, ledger.Now + TimeSpan.FromHours(1)));
        ledger.Submit(Make.Charge(1, 20, Make.Labels("acme"), at: ledger.Now));
        ledger.Now += TimeSpan.FromHours(2);
        ledger.Submit(new Command.ExpireGrant("acme", "g"));

        var org = ledger.Book.Org("acme")!;
        var statement = InvoiceOf(ledger, org, Month.Of(ledger.Now, org.Zone)).Statement;

        Assert.Equal((new Amount(50), new Amount(30), new Amount(300)), (statement.Grants, statement.GrantsExpired, statement.Closing));
    }

    [Fact]
    public void I1_lines_that_do_not_come_to_the_postings_are_never_shown()
    {
        var ledger = Histories.Begin();
        ledger.Submit(Make.Charge(1, 10, Make.Labels("acme"), at: ledger.Now));
        var org = ledger.Book.Org("acme")!;
        var month = Month.Of(ledger.Now, org.Zone);
        var wrong = Lines(ledger, org, month).Select(line => line with { Charges = line.Charges + new Amount(1) });

        Assert.Throws<InvariantBrokenException>(() => Invoice.Of(org, month, wrong, StatementOf(ledger, org, month)));
    }

    [Fact]
    public void The_page_escapes_names_and_loads_nothing()
    {
        var ledger = Histories.Begin();
        var org = ledger.Book.Org("acme")!;
        var month = Month.Of(ledger.Now, org.Zone);
        var line = new InvoiceLine("<script>x</script>", "p&q", null, UsageSource.Gateway, 1, 2, 3, Amount.Zero, Amount.Zero);

        var page = InvoicePage.Html(Invoice.Of(org, month, [line], StatementOf(ledger, org, month)));

        Assert.Contains("&lt;script&gt;x&lt;/script&gt;", page, StringComparison.Ordinal);
        Assert.Contains("p&amp;q", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        Assert.DoesNotContain("http", page, StringComparison.Ordinal);
    }

    private static MemoryLedger After(List<Histories.Step> steps)
    {
        var ledger = Histories.Begin();
        foreach (var step in steps) Histories.Take(ledger, step);
        return ledger;
    }

    /// <summary>Every month that has a posting, and those between.</summary>
    private static IEnumerable<Month> Months(MemoryLedger ledger, OrgState org)
    {
        var months = Of(ledger, org).Select(posting => Month.Of(posting.EffectiveAt, org.Zone)).ToList();
        if (months.Count == 0) yield break;
        for (var month = months.Min(); month.CompareTo(months.Max()) <= 0; month = month.Next) yield return month;
    }

    private static Invoice InvoiceOf(MemoryLedger ledger, OrgState org, Month month) =>
        Invoice.Of(org, month, Lines(ledger, org, month), StatementOf(ledger, org, month));

    private static Statement StatementOf(MemoryLedger ledger, OrgState org, Month month)
    {
        var recount = new Recount();
        foreach (var posting in Of(ledger, org))
        {
            recount.Add(
                new CountedPosting(
                    posting.Seq, posting.Kind, posting.Debit, posting.Credit, posting.Amount, 0, posting.EffectiveAt, posting.RecordedAt,
                    posting.IsPostingRepair),
                org);
        }

        return Statement.Of(org, month, [.. recount.Months]);
    }

    private static List<InvoiceLine> Lines(MemoryLedger ledger, OrgState org, Month month) =>
    [
        .. from posting in Of(ledger, org)
           where posting.UsageSeq != 0 && Within(posting, org, month)
           group posting by ledger.Usage[(int)posting.UsageSeq - 1].Usage.Labels into same
           select new InvoiceLine(
               same.Key.Project, same.Key.Provider, same.Key.Model, same.Key.Source, same.Count(), 0, 0,
               Sum(same.Where(posting => posting.Kind == PostingKind.Charge)), Sum(same.Where(posting => posting.Kind != PostingKind.Charge))),
    ];

    /// <summary>By the accounts that were moved, which the lines do not look at.</summary>
    private static Amount ChargesOf(MemoryLedger ledger, OrgState org, Month month)
    {
        var revenue = org.AccountNo(AccountKind.Revenue);
        var entries = Of(ledger, org).Where(posting => Within(posting, org, month)).SelectMany(
            posting => new[] { posting.Entries.Debit, posting.Entries.Credit });
        return entries.Where(entry => entry.Account == revenue).Sum(entry => entry.Change);
    }

    private static bool Within(Posting posting, OrgState org, Month month) =>
        posting.EffectiveAt >= month.Start(org.Zone) && posting.EffectiveAt < month.End(org.Zone);

    private static IEnumerable<Posting> Of(MemoryLedger ledger, OrgState org) =>
        ledger.Postings.Select(row => row.Posting).Where(posting => posting.Org == org.Org.Id);

    private static Amount Sum(IEnumerable<Posting> postings) =>
        postings.Aggregate(Amount.Zero, (sum, posting) => posting.Kind == PostingKind.Reversal ? sum - posting.Amount : sum + posting.Amount);
}
