using System.Globalization;
using System.Text.RegularExpressions;
using Tieout.Core;
using Tieout.Core.Invoicing;
using Tieout.Core.Ledger;
using Tieout.Core.Pricing;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Invoicing;
using Tieout.Storage;

namespace Tieout.Server.Triage.Packets;

/// <summary>Finds what is disputed: a usage record, an operation, or a line of an issued invoice such as <c>INV-000001:3</c>.</summary>
internal sealed partial class DisputeSearch(ILedger ledger, TimeProvider time)
{
    /// <summary>A person reads so many; the page says how many more there are.</summary>
    public const int AttemptsMax = 100;

    private const int PageRows = 500;

    /// <summary>Pages of an invoiced month that are looked at for a line.</summary>
    private const int PagesMax = 40;

    /// <param name="orgs">Where to look: ids are unique within an org only, so the first that has it is meant.</param>
    /// <exception cref="ApiRefusedException">None of the orgs has it.</exception>
    /// <exception cref="RowsArchivedException">An archive has it.</exception>
    public async Task<Dispute> FindAsync(IReadOnlyList<OrgState> orgs, string id, CancellationToken cancellationToken)
    {
        if (LineForm().Match(id) is { Success: true } line) return await OfLineAsync(orgs, id, line, cancellationToken);
        foreach (var org in orgs)
        {
            if (Guid.TryParseExact(id, "D", out var guid) && await ledger.Read.AttemptAsync(org.Org.Id, new(guid), cancellationToken) is { } one)
            {
                return new(id, "usage_id", org, [await CompleteAsync(org, one, [], cancellationToken)]);
            }

            var attempts = await ledger.Read.OperationAsync(org.Org.Id, id, cancellationToken);
            if (attempts.Count > 0)
            {
                return new(
                    id, "operation_id", org, await CompleteAsync(org, attempts.Take(AttemptsMax), cancellationToken),
                    LeftOut: Math.Max(0, attempts.Count - AttemptsMax));
            }
        }

        throw new ApiRefusedException(
            ApiError.TraceNotFound,
            $"No usage record, operation or invoice line is '{Inputs.Shown(id)}'{(orgs.Count == 1 ? $" of {orgs[0].Org.Id}" : "")}. Send a usage id, an operation id, or an invoice and its line such as INV-000001:3.");
    }

    private async Task<Dispute> OfLineAsync(IReadOnlyList<OrgState> orgs, string id, Match named, CancellationToken cancellationToken)
    {
        if (orgs is not [var org])
        {
            throw new ApiRefusedException(ApiError.ParameterInvalid, $"Say the org: every org has invoices of its own, and '{Inputs.Shown(id)}' may be a line of several.");
        }

        var (number, isNumber) = (named.Groups[1].Value, int.TryParse(named.Groups[2].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var no));
        var invoice = (await new InvoiceNumbering(ledger, time).InvoicesAsync(org.Org.Id, cancellationToken)).FirstOrDefault(issued => issued.Number == number)
            ?? throw new ApiRefusedException(ApiError.InvoiceNotFound, $"Org '{org.Org.Id}' has no invoice '{number}'.");
        if (!isNumber || no < 1 || no > invoice.Lines.Length)
        {
            throw new ApiRefusedException(ApiError.InvoiceNotFound, $"The invoice {number} of {org.Org.Id} has the lines 1 to {invoice.Lines.Length}, not {Inputs.Shown(named.Groups[2].Value)}.");
        }

        var line = new DisputedLine(invoice, no);
        var attempts = await OfLineAsync(org, line, cancellationToken);
        if (attempts.Count == 0)
        {
            throw new ApiRefusedException(ApiError.TraceNotFound, $"The ledger has no usage of {id}: the line says {line.Line.Attempts} attempts. Run tieout verify.");
        }

        return new(id, "invoice_line", org, await CompleteAsync(org, attempts, cancellationToken), line, Math.Max(0, line.Line.Attempts - attempts.Count));
    }

    /// <summary>The first attempts that the line sums, by the hour in which they count.</summary>
    private async Task<List<Attempt>> OfLineAsync(OrgState org, DisputedLine disputed, CancellationToken cancellationToken)
    {
        var (line, invoice) = (disputed.Line, disputed.Invoice);
        var filter = new UsageFilter(org.Org.Id, Instant.From(invoice.From), Instant.From(invoice.To)).Where("source", SnakeCase.Of(line.Source));
        foreach (var (name, value) in new[] { ("project", line.Project), ("provider", line.Provider), ("model", line.Model) })
        {
            if (value is not null) filter = filter.Where(name, value);
        }

        var found = new Dictionary<Guid, Attempt>();
        UsagePlace? place = null;
        for (var pages = 0; pages < PagesMax && found.Count < AttemptsMax; pages++)
        {
            var page = await ledger.Read.PageAsync(new(org, filter, OldestFirst: true, place, PageRows), cancellationToken);
            foreach (var entry in page)
            {
                place = UsagePlace.After(place, entry);
                var usage = entry.Usage.Usage;
                if (found.Count == AttemptsMax || found.ContainsKey(usage.Id.Value) || !IsOf(line, usage.Labels)) continue;
                if (await ledger.Read.AttemptAsync(org.Org.Id, usage.Id, cancellationToken) is { } attempt) found[usage.Id.Value] = attempt;
            }

            if (page.Count < PageRows) break;
        }

        return [.. found.Values];
    }

    private static bool IsOf(FinalLine line, Core.Metering.UsageLabels labels) =>
        labels.Project == line.Project && labels.Provider == line.Provider && labels.Model == line.Model && labels.Source == line.Source;

    private async Task<IReadOnlyList<DisputedAttempt>> CompleteAsync(OrgState org, IEnumerable<Attempt> attempts, CancellationToken cancellationToken)
    {
        var prices = new Dictionary<int, ResolvedPrice?>();
        var complete = new List<DisputedAttempt>();
        foreach (var attempt in attempts) complete.Add(await CompleteAsync(org, attempt, prices, cancellationToken));
        return complete;
    }

    private async Task<DisputedAttempt> CompleteAsync(
        OrgState org, Attempt attempt, Dictionary<int, ResolvedPrice?> prices, CancellationToken cancellationToken)
    {
        var number = attempt.Usage?.Price ?? 0;
        if (number > 0 && !prices.ContainsKey(number)) prices[number] = await ledger.Read.PriceAsync(org.Org.Id, number, cancellationToken);
        return new(attempt, await ledger.Read.RecordsAsync(org.Org.Id, attempt, cancellationToken), prices.GetValueOrDefault(number));
    }

    [GeneratedRegex("^(INV-[0-9]+):([0-9]+)$")]
    private static partial Regex LineForm();
}
