using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
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

public sealed record FinaliseBody(IReadOnlyList<TaxBody>? Taxes = null);

/// <param name="RatePct">0 to 100, with at most four decimals, as text.</param>
public sealed record TaxBody(string Name, string RatePct);

/// <param name="Net">Without taxes; those are added at the invoice's rates.</param>
public sealed record CreditBody(Amount Net, string Reason, string? Id = null);

/// <param name="Kind">invoice or credit_note.</param>
/// <param name="Period">Of an invoice.</param>
/// <param name="Invoice">Of a credit note: what it is for.</param>
public sealed record DocumentBody(string Number, string Kind, string? Period, string? Invoice, DateTimeOffset IssuedAt, Amount Net, Amount Total);

public sealed record DocumentListBody(string Org, string Asset, IReadOnlyList<DocumentBody> Items, long AsOf);

/// <param name="Ok">Every check holds.</param>
/// <param name="Differences">What a new making of it from the ledger's postings differs in; empty: nothing.</param>
public sealed record DocumentCheckBody(string Number, bool Ok, IReadOnlyList<string> Differences);

public sealed record DocumentChecksBody(string Org, bool Ok, IReadOnlyList<DocumentCheckBody> Items, long AsOf);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, AllowDuplicateProperties = false, Converters = [typeof(AmountConverter)])]
[JsonSerializable(typeof(InvoiceBody))]
[JsonSerializable(typeof(FinaliseBody))]
[JsonSerializable(typeof(CreditBody))]
[JsonSerializable(typeof(DocumentListBody))]
[JsonSerializable(typeof(DocumentChecksBody))]
[JsonSerializable(typeof(SpendBody))]
[JsonSerializable(typeof(JsonElement))]
public sealed partial class IssuedJson : JsonSerializerContext;

/// <summary>Issued invoices and credit notes. What was issued is answered byte for byte as it was recorded.</summary>
internal static class IssuedEndpoints
{
    private const int TaxesMax = 10;
    private const int ReasonMax = 500;

    public static void MapIssued(this IEndpointRouteBuilder api)
    {
        api.MapPost("/orgs/{org}/invoices/{month}/finalise", FinaliseAsync).Allow(Access.Roles(AdminRole.Finance))
            .Irreversible("tieout.invoice.finalise", "month", "month");
        api.MapGet("/orgs/{org}/documents", ListAsync).Allow(Access.Tenant(KeyScope.ReadBilling).OrEveryRole());
        api.MapGet("/orgs/{org}/documents/verify",
            (string org, HttpContext context, ILedger ledger, TimeProvider time) => VerifyAsync(org, null, context, ledger, time)).Allow(Access.EveryRole);
        api.MapGet("/orgs/{org}/documents/{number}", GetAsync).Allow(Access.Tenant(KeyScope.ReadBilling).OrEveryRole());
        api.MapGet("/orgs/{org}/documents/{number}/verify",
            (string org, string number, HttpContext context, ILedger ledger, TimeProvider time) => VerifyAsync(org, number, context, ledger, time)).Allow(
                Access.EveryRole);
        api.MapPost("/orgs/{org}/documents/{number}/credit-notes", CreditAsync).Allow(Access.Roles(AdminRole.Finance));
    }

    private static async Task<IResult> FinaliseAsync(string org, string month, HttpContext context, ILedger ledger, TimeProvider time)
    {
        var period = Inputs.Month(month);
        Inputs.Org(ledger, org);
        var body = context.Request.ContentLength is null or 0 ? new() : await Inputs.BodyAsync(context, IssuedJson.Default.FinaliseBody);
        var taxes = (body.Taxes ?? []).Select(tax => TaxRate.Parse($"{tax.Name}={tax.RatePct}")
            ?? throw new ApiRefusedException(ApiError.ParameterInvalid,
                $"'{Inputs.Shown(tax.Name)}' at '{Inputs.Shown(tax.RatePct)}' is not a tax: a name of 1 to {TaxRate.NameMax} characters and 0 to 100 per cent with at most four decimals.")).ToList();
        if (taxes.Count > TaxesMax) throw new ApiRefusedException(ApiError.ParameterInvalid, $"An invoice has at most {TaxesMax} taxes.");
        var (isNew, invoice) = await new InvoiceNumbering(ledger, time).FinaliseAsync(org, period, taxes, AdminCalls.Of(context));
        return Json(invoice.ToJson(), isNew);
    }

    private static async Task<IResult> CreditAsync(string org, string number, HttpContext context, ILedger ledger, TimeProvider time)
    {
        var body = await Inputs.BodyAsync(context, IssuedJson.Default.CreditBody);
        var id = Inputs.CommandId(context, body.Id);
        var net = Inputs.Positive(body.Net, "a credit note");
        if (string.IsNullOrWhiteSpace(body.Reason) || body.Reason.Length > ReasonMax || body.Reason.Any(char.IsControl))
        {
            throw new ApiRefusedException(ApiError.ParameterInvalid, $"Give a reason of 1 to {ReasonMax} characters on one line.");
        }

        Inputs.Org(ledger, org);
        var (isNew, note) = await new InvoiceNumbering(ledger, time).CreditAsync(org, number, id, net, body.Reason, AdminCalls.Of(context));
        return Json(note.ToJson(), isNew);
    }

    private static async Task<IResult> ListAsync(string org, HttpContext context, ILedger ledger, TimeProvider time)
    {
        var asOf = ledger.Read.AsOf;
        var state = Inputs.Org(ledger, org);
        var issuing = new InvoiceNumbering(ledger, time);
        var invoices = (await issuing.InvoicesAsync(org, context.RequestAborted)).Select(
            issued => new DocumentBody(issued.Number, "invoice", issued.Period, null, issued.IssuedAt, issued.Net, issued.Total));
        var notes = (await issuing.NotesAsync(org, context.RequestAborted)).Select(
            note => new DocumentBody(note.Number, "credit_note", null, note.Invoice, note.IssuedAt, note.Net, note.Total));
        return Answer.Ok(new DocumentListBody(org, state.Org.Asset, [.. invoices.Concat(notes)], asOf), IssuedJson.Default.DocumentListBody);
    }

    private static async Task<IResult> GetAsync(string org, string number, HttpContext context, ILedger ledger)
    {
        Inputs.OnlyQuery(context, "format");
        Inputs.Org(ledger, org);
        var row = await ledger.Read.RecordAsync(new(RecordKind.BillingDocument, org, number), context.RequestAborted)
            ?? throw new ApiRefusedException(ApiError.InvoiceNotFound, $"Org '{org}' has no document '{Inputs.Shown(number)}'.");
        var isInvoice = FinalInvoice.Numbers.Has(number);
        return Inputs.Query(context, "format") switch
        {
            null or "json" => Json(row.Body, isNew: false),
            "html" => TypedResults.Text(
                isInvoice ? FinalInvoicePage.Html(FinalInvoice.Parse(row.Body)) : Page(CreditNote.Parse(row.Body)), "text/html; charset=utf-8"),
            "pdf" => TypedResults.Bytes(
                isInvoice ? DocumentPdf.Of(FinalInvoice.Parse(row.Body)) : Pdf(CreditNote.Parse(row.Body)), "application/pdf", $"{org}-{number}.pdf"),
            _ => throw new ApiRefusedException(ApiError.ParameterInvalid, "The format is json, html or pdf."),
        };

        static string Page(CreditNote note) => FinalInvoicePage.Html(note, MinorUnit.Decimals(note.Asset));
        static byte[] Pdf(CreditNote note) => DocumentPdf.Of(note, MinorUnit.Decimals(note.Asset));
    }

    private static async Task<IResult> VerifyAsync(string org, string? number, HttpContext context, ILedger ledger, TimeProvider time)
    {
        var asOf = ledger.Read.AsOf;
        Inputs.Org(ledger, org);
        var all = await new DocumentChecks(ledger.Read, new InvoiceNumbering(ledger, time)).AllAsync(org, context.RequestAborted);
        var asked = number is null ? all : [.. all.Where(check => check.Number == number)];
        if (number is not null && asked.Count == 0)
        {
            throw new ApiRefusedException(ApiError.InvoiceNotFound, $"Org '{org}' has no document '{Inputs.Shown(number)}'.");
        }

        return Answer.Ok(new DocumentChecksBody(org, asked.All(check => check.Ok), asked, asOf), IssuedJson.Default.DocumentChecksBody);
    }

    private static ContentHttpResult Json(string body, bool isNew) =>
        TypedResults.Text(body, "application/json; charset=utf-8", statusCode: isNew ? StatusCodes.Status201Created : StatusCodes.Status200OK);
}
