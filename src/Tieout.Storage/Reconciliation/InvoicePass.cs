using System.Text.Json;
using Tieout.Core;
using Tieout.Core.Invoicing;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Reconciliation.SelfCheck;

namespace Tieout.Storage.Reconciliation;

/// <summary>Issued invoices against the postings of their periods, which are summed as they go by.</summary>
internal sealed class InvoicePass
{
    private readonly Dictionary<int, List<Issued>> _byOrg = [];

    public InvoicePass(BookLabels labels)
    {
        foreach (var row in Documents(labels, FinalInvoice.Prefix))
        {
            if (Parse(row.Body) is { } invoice && labels.Book.Org(row.Org) is { } org) Of(org.FirstAccount).Add(new(invoice));
        }
    }

    /// <param name="labels">With the credit notes of now.</param>
    public IEnumerable<Finding> Findings(BookLabels labels)
    {
        var notes = Documents(labels, CreditNote.Prefix).Select(row => CreditNote.Parse(row.Body)).ToList();

        // A note that was given for a finding bears its id, so that one given for another reason hides nothing.
        Amount Credited(FinalInvoice invoice, string finding) =>
            notes.Where(note => note.Org == invoice.Org && note.Invoice == invoice.Number && note.Id == finding).Aggregate(Amount.Zero, (sum, note) => sum + note.Net);
        return _byOrg.Values.SelectMany(issued => issued)
            .Select(issued => RowRules.Invoice(issued.Invoice, issued.Charged, finding => Credited(issued.Invoice, finding))).OfType<Finding>();
    }

    /// <summary>A posting of usage.</summary>
    public void Add(in Posting posting)
    {
        if (_byOrg.Count == 0 || !_byOrg.TryGetValue(posting.Debit - ((posting.Debit - 1) % OrgState.AccountKinds), out var invoices)) return;
        foreach (var issued in invoices)
        {
            if (posting.EffectiveAt.UnixMicros >= issued.From && posting.EffectiveAt.UnixMicros < issued.To) issued.Charged += posting.Kind == PostingKind.Reversal ? -posting.Amount : posting.Amount;
        }
    }

    private List<Issued> Of(int firstAccount) => _byOrg.TryGetValue(firstAccount, out var known) ? known : _byOrg[firstAccount] = [];

    private static IEnumerable<SettingRow> Documents(BookLabels labels, string prefix) =>
        labels.Book.Settings.Where(row => row.Kind == SettingKind.BillingDocument && row.Name.StartsWith(prefix, StringComparison.Ordinal)).OrderBy(row => row.Seq);

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
