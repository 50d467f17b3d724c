using Tieout.Core;
using Tieout.Core.Invoicing;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Invoicing;

/// <summary>Makes every issued document again from the ledger's postings and compares. Nothing of the document itself is believed.</summary>
internal sealed class DocumentChecks(IPostingsReader postings, InvoiceNumbering issuing)
{
    public async Task<IReadOnlyList<DocumentCheckBody>> AllAsync(string org, CancellationToken cancellationToken)
    {
        var (invoices, notes) = (await issuing.InvoicesAsync(org, cancellationToken), await issuing.NotesAsync(org, cancellationToken));
        var checks = new List<DocumentCheckBody>();
        foreach (var (place, issued) in invoices.Index())
        {
            var differences = new List<string>();
            if (issued.Number != FinalInvoice.Numbers.After(place)) differences.Add($"its number should be {place + 1}: one before it is missing");
            if (invoices.Count(other => other.Period == issued.Period) > 1) differences.Add($"{issued.Period} was issued more than once");
            if (!Month.TryParse(issued.Period, out var month)) differences.Add("its period is no month");
            else
            {
                var again = await issuing.MakeAsync(org, month, issued.Number, issued.IssuedAt, issued.Taxes.Select(tax => tax.Rate), cancellationToken);
                differences.AddRange(issued.Differences(again));
            }

            checks.Add(new(issued.Number, differences.Count == 0, differences));
        }

        var (grants, detached) = await GrantsAsync(org, cancellationToken);
        foreach (var (place, note) in notes.Index())
        {
            checks.Add(Check(note, place, notes, invoices, grants, detached is not null && Instant.From(note.IssuedAt) <= detached.RecordedAt));
        }

        return checks;
    }

    /// <param name="isArchived">An archive has the note's grant: it was checked before its row left the ledger, and <c>verify --archive</c> proves it.</param>
    private static DocumentCheckBody Check(
        CreditNote note, int place, IReadOnlyList<CreditNote> notes, IReadOnlyList<FinalInvoice> invoices, Dictionary<string, Amount> grants, bool isArchived)
    {
        var differences = new List<string>();
        if (note.Number != CreditNote.Numbers.After(place)) differences.Add($"its number should be {place + 1}: one before it is missing");
        if (!grants.TryGetValue(note.GrantId, out var granted))
        {
            if (!isArchived) differences.Add($"the ledger has no grant {note.GrantId}");
        }
        else if (granted != note.Net) differences.Add($"the ledger granted {granted}, not {note.Net}");
        if (invoices.FirstOrDefault(invoice => invoice.Number == note.Invoice) is not { } issued) differences.Add($"the invoice {note.Invoice} does not exist");
        else
        {
            var again = CreditNote.Of(issued, note.Number, note.Id, note.Net, note.Reason, note.IssuedAt);
            if (again.Total != note.Total || !again.Taxes.SequenceEqual(note.Taxes)) differences.Add($"with taxes it comes to {again.Total}, not {note.Total}");
            var credited = notes.Where(other => other.Invoice == note.Invoice).Sum(other => other.Net);
            if (credited > issued.Net) differences.Add($"the notes for {note.Invoice} come to {credited}, more than its {issued.Net}");
        }

        return new(note.Number, differences.Count == 0, differences);
    }

    /// <returns>Grants by their command, and the rows that an archive has; null: the ledger has all.</returns>
    private async Task<(Dictionary<string, Amount> Grants, Detachment? Detached)> GrantsAsync(string org, CancellationToken cancellationToken)
    {
        try
        {
            return (await GrantsAsync(org, after: 0, cancellationToken), null);
        }
        catch (RowsArchivedException archived)
        {
            return (await GrantsAsync(org, archived.Detached.Last.Posting, cancellationToken), archived.Detached);
        }
    }

    private async Task<Dictionary<string, Amount>> GrantsAsync(string org, long after, CancellationToken cancellationToken)
    {
        var grants = new Dictionary<string, Amount>(StringComparer.Ordinal);
        await foreach (var posting in postings.PostingsAsync(org, Instant.UnixEpoch, Instant.EndOfTime, after, cancellationToken))
        {
            if (posting is { Kind: PostingKind.Grant, CommandId: { } id }) grants[id] = posting.Amount;
        }

        return grants;
    }
}
