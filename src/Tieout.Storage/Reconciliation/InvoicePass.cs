using System.Text.Json;
using Tieout.Core;
using Tieout.Core.Invoicing;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Storage.Rows;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Reconciliation;

/// <summary>Issued invoices against the postings of their periods, which are summed as they go by.</summary>
internal sealed class InvoicePass
{
    private readonly Dictionary<int, List<Issued>> _byOrg = [];

    /// <remarks>An invoice whose postings are in an archive was compared with them before they went.</remarks>
    public InvoicePass(ILedgerTables tables, BookLabels labels)
    {
        var detached = tables.Detached;
        foreach (var row in Documents(tables, FinalInvoice.Numbers.Prefix))
        {
            if (Parse(row.Body) is not { } invoice || labels.Book.Org(row.Org) is not { } org) continue;
            var issued = new Issued(invoice);
            if (detached is null || issued.From > detached.RecordedAt.UnixMicros) Of(org.FirstAccount).Add(issued);
        }
    }

    /// <param name="tables">With the credit notes of now.</param>
    public IEnumerable<Finding> Findings(ILedgerTables tables)
    {
        var notes = Documents(tables, CreditNote.Numbers.Prefix).Select(row => CreditNote.Parse(row.Body)).ToList();

        // A note that was given for a finding bears its id, so that one given for another reason hides nothing.
        Amount Credited(FinalInvoice invoice, string finding) =>
            notes.Where(note => note.Org == invoice.Org && note.Invoice == invoice.Number && note.Id == finding).Sum(note => note.Net);
        return _byOrg.Values.SelectMany(issued => issued)
            .Select(issued => RowRules.Invoice(issued.Invoice, issued.Charged, finding => Credited(issued.Invoice, finding))).OfType<Finding>();
    }

    /// <summary>A posting of usage.</summary>
    public void Add(in Posting posting)
    {
        if (_byOrg.Count == 0 || !_byOrg.TryGetValue(posting.Debit - ((posting.Debit - 1) % OrgState.AccountKinds), out var invoices)) return;
        foreach (var issued in invoices)
        {
            if (posting.EffectiveAt.UnixMicros >= issued.From && posting.EffectiveAt.UnixMicros < issued.To)
            {
                issued.Charged += posting.Kind == PostingKind.Reversal ? -posting.Amount : posting.Amount;
            }
        }
    }

    private List<Issued> Of(int firstAccount) => _byOrg.TryGetValue(firstAccount, out var known) ? known : _byOrg[firstAccount] = [];

    private static List<RecordRow> Documents(ILedgerTables tables, string prefix)
    {
        var documents = new List<RecordRow>();
        using var rows = tables.Select(
            $"SELECT {RowReads.RecordColumns} FROM records WHERE kind = {(int)RecordKind.BillingDocument} AND name LIKE '{prefix}%' ORDER BY seq");
        while (rows.Step()) documents.Add(RowReads.Record(rows));
        return documents;
    }

    private static FinalInvoice? Parse(string json)
    {
        try
        {
            return FinalInvoice.Parse(json);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private sealed class Issued(FinalInvoice invoice)
    {
        public FinalInvoice Invoice => invoice;
        public long From { get; } = Instant.From(invoice.From).UnixMicros;
        public long To { get; } = Instant.From(invoice.To).UnixMicros;
        public Amount Charged { get; set; }
    }
}
