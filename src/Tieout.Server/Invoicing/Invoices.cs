using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core.Invoicing;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Invoicing;

/// <param name="From">Half-open, cut in <paramref name="TimeZone"/>.</param>
/// <param name="Status">open: late usage may still come in; closed: never changes again.</param>
/// <param name="TotalCharges">Σ charge postings of the period; what the balance moved by charges.</param>
/// <param name="Lines">Sum to <paramref name="TotalCharges"/> exactly.</param>
public sealed record InvoiceBody(
    string Invoice, string Org, string Asset, string Period, string TimeZone, string From, string To, string Status,
    Amount TotalCharges, IReadOnlyList<InvoiceLineBody> Lines, StatementBody Statement, long AsOf);

/// <param name="Charge">Charges plus corrections.</param>
/// <param name="Corrections">Part of <paramref name="Charge"/> that corrections made; below zero: given back.</param>
public sealed record InvoiceLineBody(
    string? Project, string? Provider, string? Model, string UsageSource, long Attempts, Int128 InputTokens, Int128 OutputTokens, Amount Charge,
    Amount Corrections);

/// <summary>opening + top_ups + grants − grants_expired − charges − corrections = closing.</summary>
/// <param name="LastPosting">The last posting it contains.</param>
public sealed record StatementBody(
    Amount Opening, Amount TopUps, Amount Grants, Amount GrantsExpired, Amount Charges, Amount Corrections, Amount Closing, long LastPosting);

/// <summary>Invoices, made from postings whenever they are asked for, and the closing of periods.</summary>
internal static class InvoiceEndpoints
{
    public static void MapInvoices(this IEndpointRouteBuilder api)
    {
        api.MapGet("/orgs/{org}/invoices/{month}", Get).Allow(Access.Tenant(KeyScope.ReadBilling).OrEveryRole());
        api.MapPost("/orgs/{org}/invoices/{month}/close", Close).Allow(Access.Roles(AdminRole.Finance)).Irreversible("tieout.invoice.close", "month", "month");
    }

    private static async Task<IResult> Get(string org, string month, HttpContext context, ILedger ledger)
    {
        Inputs.OnlyQuery(context, "format");
        var format = Inputs.Query(context, "format") ?? "json";
        if (format is not ("json" or "html")) throw new ApiRefusedException(ApiError.ParameterInvalid, "The format is json or html.");
        var period = Inputs.Month(month);
        var asOf = ledger.Read.AsOf;
        var invoice = (await InvoiceReport.ReadAsync(Inputs.Org(ledger, org), period, ledger.Read, context.RequestAborted)).Invoice;
        return format == "html"
            ? TypedResults.Text(InvoicePage.Html(invoice), "text/html; charset=utf-8")
            : Answer.Ok(Body(invoice, asOf), IssuedJson.Default.InvoiceBody);
    }

    private static async Task<IResult> Close(string org, string month, HttpContext context, ILedger ledger)
    {
        var period = Inputs.Month(month);
        Inputs.Org(ledger, org);
        (await ledger.ActAsync(new Command.ClosePeriod(org, period), AdminCalls.Of(context))).OrThrow();
        var asOf = ledger.Read.AsOf;
        var report = await InvoiceReport.ReadAsync(Inputs.Org(ledger, org), period, ledger.Read, context.RequestAborted);
        return Answer.Ok(Body(report.Invoice, asOf), IssuedJson.Default.InvoiceBody);
    }

    private static InvoiceBody Body(Invoice invoice, long asOf)
    {
        var (org, statement) = (invoice.Org, invoice.Statement);
        return new(
            $"{org.Id}-{invoice.Period}", org.Id, org.Asset, invoice.Period.ToString(), org.TimeZone, statement.From.ToString(), statement.To.ToString(),
            invoice.Closed ? "closed" : "open", invoice.TotalCharges,
            [.. invoice.Lines.Select(line => new InvoiceLineBody(
                line.Project, line.Provider, line.Model, SnakeCase.Of(line.Source), line.Attempts, line.InputTokens, line.OutputTokens, line.Total,
                line.Corrections))],
            new StatementBody(
                statement.Opening, statement.TopUps, statement.Grants, statement.GrantsExpired, statement.Charges, statement.Corrections, statement.Closing,
                statement.LastPosting),
            asOf);
    }
}
