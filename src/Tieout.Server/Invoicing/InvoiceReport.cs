using Tieout.Core.Invoicing;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Invoicing;

/// <summary>An org's invoice of a month, and the sums that its lines are made of: lines and statement as of one commit.</summary>
internal sealed record InvoiceReport(Invoice Invoice, IReadOnlyList<ChargeSum> Sums)
{
    /// <summary>The one way to an invoice.</summary>
    public static async Task<InvoiceReport> ReadAsync(OrgState org, Month period, IRecountReader read, CancellationToken cancellationToken)
    {
        var month = await read.MonthAsync(org, period.Start(org.Zone), period.End(org.Zone), cancellationToken);
        var sums = ChargeSum.ByModel(month.Lines);
        return new(Invoice.Of(org, period, sums.Select(Line), Statement.Of(org, period, month.Months)), sums);
    }

    private static InvoiceLine Line(ChargeSum sum) => new(
        sum.Project, sum.Provider, sum.Model, sum.Source, sum.Attempts, sum.InputTokens, sum.OutputTokens, sum.Charge - sum.Corrections, sum.Corrections);
}
