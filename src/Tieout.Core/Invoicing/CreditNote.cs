using System.Collections.Immutable;
using System.Text.Json;
using Tieout.Core.Ledger;
using Tieout.Core.Money;

namespace Tieout.Core.Invoicing;

/// <summary>Money given back for an invoice that was issued, which itself stays as it is.</summary>
/// <remarks>The ledger gives it as a grant with the id <see cref="GrantId"/>, so the balance moves by exactly what the note says and charges stay what they
/// were.</remarks>
/// <param name="Number"><c>CN-000001</c>, without gaps within the org.</param>
/// <param name="Id">The caller's; counts once, for ever.</param>
/// <param name="Invoice">The number of the invoice.</param>
/// <param name="Net">In whole minor units; with the notes before it at most the invoice's net.</param>
/// <param name="Taxes">At the invoice's rates.</param>
public sealed record CreditNote(
    string Number, string Id, string Org, string Asset, string Invoice, DateTimeOffset IssuedAt, Amount Net, ImmutableArray<TaxLine> Taxes, Amount Total,
    string Reason)
{
    public static NumberSequence Numbers { get; } = new("CN-", 6);

    public string GrantId => $"credit-note:{Number}";

    public static CreditNote Of(FinalInvoice invoice, string number, string id, Amount net, string reason, DateTimeOffset issuedAt)
    {
        ImmutableArray<TaxLine> taxes = [.. invoice.Taxes.Select(tax => tax.Rate.On(net, invoice.Decimals))];
        return new(number, id, invoice.Org, invoice.Asset, invoice.Number, issuedAt, net, taxes, net + Amount.Sum(taxes.Select(tax => tax.Amount)), reason);
    }

    public string ToJson() => JsonSerializer.Serialize(this, InvoicingJson.Default.CreditNote);

    /// <exception cref="JsonException">Not a credit note.</exception>
    public static CreditNote Parse(string json) =>
        JsonSerializer.Deserialize(json, InvoicingJson.Default.CreditNote) ?? throw new JsonException("A credit note is null.");
}
