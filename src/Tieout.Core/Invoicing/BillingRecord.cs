using System.Text.Json;
using Tieout.Core.Ledger;

namespace Tieout.Core.Invoicing;

/// <summary>The command that records an issued document under its number and announces it. Recorded once, so a document never changes.</summary>
public static class BillingRecord
{
    public static Command.AddRecord Of(FinalInvoice invoice) =>
        Of(BillingDocumentKind.Invoice, invoice.Org, invoice.Number, "invoice.issued", invoice.ToJson());

    public static Command.AddRecord Of(CreditNote note) => Of(BillingDocumentKind.CreditNote, note.Org, note.Number, "credit_note.issued", note.ToJson());

    internal static Command.AddRecord Of(BillingDocumentKind kind, string org, string number, string type, string document) =>
        new(RecordKind.BillingDocument, org, number, document, Once: true)
        {
            Document = kind,
            Announcement = new(new RecordMessage($"document/{number}", type, Summary(number, document))),
        };

    /// <summary>What a document says at the top: its number, period, sums. The lines are found by the number.</summary>
    private static string Summary(string number, string document) => Details.Write(json =>
    {
        json.WriteString("document", number);
        using var parsed = JsonDocument.Parse(document);
        foreach (var member in parsed.RootElement.EnumerateObject())
        {
            if (member.Value.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array or JsonValueKind.Null)) member.WriteTo(json);
        }
    });
}
