namespace Tieout.Server.Tests.Errors.Golden.Samples;

/// <summary>Invoices and credit notes.</summary>
internal static class InvoicingSamples
{
    public static IReadOnlyList<GoldenSample> All { get; } =
    [
        new("period_not_over", "The month is in the future.", "POST /api/v1/orgs/acme/invoices/2999-01/finalise"),
        new("invoice_not_found", "acme has no invoice INV-000009.", "GET /api/v1/orgs/acme/documents/INV-000009"),
        new("invoice_final", "The invoice INV-000001 of billed for 2024-01 was issued without taxes.", """
            POST /api/v1/orgs/billed/invoices/2024-01/finalise

            {"taxes":[{"name":"VAT","rate_pct":"19"}]}
            """, async world =>
            {
                await world.OrgAsync("billed", topUp: "100");
                await world.DoAsync("POST", "/usage", """[{"id":"january","org":"billed","occurred_at":"2024-01-15T00:00:00Z","charge":"10"}]""");
                await world.DoAsync("POST", "/orgs/billed/invoices/2024-01/finalise");
            }),
        new("credit_too_large", "The invoice INV-000001 of billed has a net of 10.", """
            POST /api/v1/orgs/billed/documents/INV-000001/credit-notes

            {"id":"credit-1","net":"11","reason":"outage of 3 January"}
            """),
    ];
}
