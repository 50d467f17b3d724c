using System.Text.Json;
using Tieout.Core;
using Tieout.Core.Invoicing;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Reconciliation.Inside;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Reconciliation;

/// <summary>Issued invoices against the postings of their periods.</summary>
internal sealed class InvoicePass(ILedgerTables tables, BookLabels labels)
{
    public IEnumerable<Finding> Findings()
    {
        var documents = labels.Book.Settings.Where(row => row.Kind == SettingKind.BillingDocument).OrderBy(row => row.Seq).ToList();
        var notes = documents.Where(row => row.Name.StartsWith(CreditNote.Prefix, StringComparison.Ordinal)).Select(row => CreditNote.Parse(row.Body)).ToList();
        foreach (var row in documents.Where(row => row.Name.StartsWith(FinalInvoice.Prefix, StringComparison.Ordinal)))
        {
            var invoice = Parse(row.Body);
            if (invoice is null || labels.Book.Org(row.Org) is not { } org) continue;

            // A note that was given for a finding bears its id, so that one given for another reason hides nothing.
            Amount Credited(string finding) => notes.Where(note => note.Org == row.Org && note.Invoice == invoice.Number && note.Id == finding).Aggregate(Amount.Zero, (sum, note) => sum + note.Net);
            if (RowRules.Invoice(invoice, Charged(org, invoice), Credited) is { } finding) yield return finding;
        }
    }

    private Amount Charged(OrgState org, FinalInvoice invoice)
    {
        using var rows = tables.Select(
            "SELECT CAST(coalesce(sum(CASE p.kind WHEN 4 THEN -p.amount ELSE p.amount END), 0) AS bigint) FROM postings p WHERE p.usage_seq > 0 AND p.effective_at >= ? AND p.effective_at < ? AND p.debit BETWEEN ? AND ?",
            Instant.From(invoice.From).UnixMicros, Instant.From(invoice.To).UnixMicros, org.FirstAccount, org.FirstAccount + OrgState.AccountKinds - 1);
        return rows.Step() ? new(rows.Int64(0)) : Amount.Zero;
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
}
