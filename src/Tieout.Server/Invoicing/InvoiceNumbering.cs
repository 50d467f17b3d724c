using Tieout.Core;
using Tieout.Core.Invoicing;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Ledger;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Invoicing;

/// <summary>The finding that a credit note repairs.</summary>
/// <param name="Closing">Closes it, in the commit of the note.</param>
internal sealed record CreditRepair(string Finding, Command.AddRecord Closing);

/// <summary>Issues invoices and credit notes: numbers without gaps, each a record that is made once and so never changes.</summary>
internal sealed class InvoiceNumbering(ILedger ledger, TimeProvider time)
{
    /// <summary>The invoice of a month: the one that was issued, or a new one. The period is closed with it.</summary>
    /// <exception cref="ApiRefusedException">The month is not over, or was issued with other taxes.</exception>
    public async Task<(bool IsNew, FinalInvoice Invoice)> FinaliseAsync(string org, Month month, IReadOnlyList<TaxRate> taxes, AdminCall call)
    {
        var turns = new NumberTurns();
        while (true)
        {
            turns.Begin();

            // One look for both: a number that follows from a later look could let the same month in twice.
            var issued = await InvoicesAsync(org, call.CancellationToken);
            if (issued.FirstOrDefault(invoice => invoice.Period == month.ToString()) is { } known)
            {
                if (taxes.Select(tax => tax.On(known.Net, known.Decimals)).SequenceEqual(known.Taxes)) return (false, known);
                throw new ApiRefusedException(ApiError.InvoiceFinal, $"{month} was issued as {known.Number} with other taxes. Issue a credit note instead.");
            }

            (await ledger.ActAsync(new Command.ClosePeriod(org, month), call)).OrThrow();
            var invoice = await MakeAsync(org, month, FinalInvoice.Numbers.After(issued.Count), time.GetUtcNow(), taxes, call.CancellationToken);
            if (await RecordAsync(invoice, call)) return (true, invoice);
        }
    }

    /// <summary>A credit note for an issued invoice, and the grant that gives the money.</summary>
    /// <param name="repair">The finding that it repairs; null: none.</param>
    /// <exception cref="ApiRefusedException">There is no such invoice, or it has less left than this, or the id stands for something else.</exception>
    public async Task<(bool IsNew, CreditNote Note)> CreditAsync(
        string org, string number, string id, Amount net, string reason, AdminCall call, CreditRepair? repair = null)
    {
        var invoice = (await InvoicesAsync(org, call.CancellationToken)).FirstOrDefault(issued => issued.Number == number)
            ?? throw new ApiRefusedException(ApiError.InvoiceNotFound, $"Org '{org}' has no invoice '{Inputs.Shown(number)}'.");
        if (net.Nanos % MinorUnit.Nanos(invoice.Decimals) != 0)
        {
            throw new ApiRefusedException(ApiError.AmountInvalid, $"{net} has too many decimals: {invoice.Asset} is paid with {invoice.Decimals}.");
        }

        var turns = new NumberTurns();
        while (true)
        {
            turns.Begin();
            var notes = await NotesAsync(org, call.CancellationToken);
            if (notes.FirstOrDefault(note => note.Id == id) is { } known)
            {
                if (known.Invoice != number || known.Net != net || known.Reason != reason)
                {
                    throw new ApiRefusedException(
                        ApiError.IdReused, $"The id '{id}' was used for the credit note {known.Number} with other content. Use another id.");
                }

                (await GiveAsync(known, repair, call)).OrThrow();
                return (false, known);
            }

            await ProposedAsync(org, number, id, net, reason, call);
            var left = invoice.Net - notes.Where(note => note.Invoice == number).Sum(note => note.Net);
            if (net > left)
            {
                throw new ApiRefusedException(ApiError.CreditTooLarge, $"The credit note is for {net}, and the invoice {number} has {left} left to credit.");
            }

            var note = CreditNote.Of(invoice, CreditNote.Numbers.After(notes.Count), id, net, reason, time.GetUtcNow());
            var outcome = await GiveAsync(note, repair, call);
            if (outcome is Outcome.Refused { Reason: Refusal.IdReused }) continue;
            return (outcome.OrThrow().IsNew, note);
        }
    }

    /// <summary>Makes an invoice from postings: as it is issued, and again whenever it is verified.</summary>
    public async Task<FinalInvoice> MakeAsync(
        string org, Month month, string number, DateTimeOffset issuedAt, IEnumerable<TaxRate> taxes, CancellationToken cancellationToken)
    {
        var state = Inputs.Org(ledger, org);
        var (invoice, lines) = await InvoiceReport.ReadAsync(state, month, ledger.Read, cancellationToken);

        // An invoice is for ever, so what it says is what its rows come to, not only what was counted of them.
        if (await RowsOfAsync(state, month, cancellationToken) is { } rows) Invariant.Holds(rows.Postings == invoice.TotalCharges, "I1");
        var sums = lines.ToDictionary(sum => (sum.Project, sum.Provider, sum.Model, sum.Source));
        var points = new Dictionary<long, ChainPoint>();
        foreach (var posting in sums.Values.SelectMany(sum => new[] { sum.FirstPosting, sum.LastPosting })
            .Append(invoice.Statement.LastPosting).Where(posting => posting > 0).Distinct())
        {
            points[posting] = Point(await ledger.Read.CommitOfAsync(org, posting, cancellationToken));
        }

        return FinalInvoice.Of(invoice, number, issuedAt, taxes, line =>
        {
            var sum = sums[(line.Project, line.Provider, line.Model, line.Source)];
            return new(sum.FirstPosting, sum.LastPosting, points[sum.FirstPosting], points[sum.LastPosting]);
        }, points.GetValueOrDefault(invoice.Statement.LastPosting));
    }

    /// <summary>Null: an archive has the month's rows. They were compared with what was counted before they left the ledger.</summary>
    private async Task<RangeTotals?> RowsOfAsync(OrgState org, Month month, CancellationToken cancellationToken)
    {
        try
        {
            return await ledger.Read.TotalsAsync(org.Org.Id, month.Start(org.Zone), month.End(org.Zone), cancellationToken);
        }
        catch (RowsArchivedException)
        {
            return null;
        }
    }

    /// <summary>By number.</summary>
    public async Task<IReadOnlyList<FinalInvoice>> InvoicesAsync(string org, CancellationToken cancellationToken) =>
        await ledger.Read.AllRecordsAsync(RecordKind.BillingDocument, org, FinalInvoice.Numbers.Prefix, cancellationToken)
            .Select(row => FinalInvoice.Parse(row.Body)).ToListAsync(cancellationToken);

    /// <summary>By number.</summary>
    public async Task<IReadOnlyList<CreditNote>> NotesAsync(string org, CancellationToken cancellationToken) =>
        await ledger.Read.AllRecordsAsync(RecordKind.BillingDocument, org, CreditNote.Numbers.Prefix, cancellationToken)
            .Select(row => CreditNote.Parse(row.Body)).ToListAsync(cancellationToken);

    /// <returns>False: another document took the number first.</returns>
    private async Task<bool> RecordAsync(FinalInvoice invoice, AdminCall call)
    {
        var outcome = await ledger.ActAsync(BillingRecord.Of(invoice), call);
        if (outcome is Outcome.Refused { Reason: Refusal.IdReused }) return false;
        outcome.OrThrow();
        return true;
    }

    /// <summary>Records the credit note and gives the money, both or neither. Sending it again is safe: it counts once.</summary>
    private Task<Outcome> GiveAsync(CreditNote note, CreditRepair? repair, AdminCall call)
    {
        var grant = new Command.Grant(note.GrantId, note.Org, note.Net, Priority: 0, ExpiresAt: null);
        Command[] parts = repair is null ? [BillingRecord.Of(note), grant] : [BillingRecord.Of(note), grant, repair.Closing];
        return ledger.ActAsync(new Command.Together(note.Org, [.. parts]), call, new(note.Id, note.Reason, repair?.Finding));
    }

    /// <exception cref="ProposedException">The same credit note was proposed before.</exception>
    /// <exception cref="ApiRefusedException">The id was used to propose another.</exception>
    private async Task ProposedAsync(string org, string number, string id, Amount net, string reason, AdminCall call)
    {
        if (await ledger.ProposedAsync<Command.Together>(org, id, call.CancellationToken) is not { } proposal) return;
        if (CommandText.Parse(proposal.Content) is Command.Together { Parts: [Command.AddRecord { Kind: RecordKind.BillingDocument } document, ..] })
        {
            var note = CreditNote.Parse(document.Body);
            if (note.Invoice == number && note.Net == net && note.Reason == reason) throw new ProposedException(new(proposal, IsNew: false));
        }

        throw new ApiRefusedException(ApiError.IdReused, $"'{Inputs.Shown(id)}' was used for the proposal {proposal.Id} with other content. Use another id.");
    }

    private static ChainPoint Point(CommitLink link) => new(link.Commit, Convert.ToHexStringLower(link.Hash.Span));
}
