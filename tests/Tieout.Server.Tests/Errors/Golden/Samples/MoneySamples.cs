namespace Tieout.Server.Tests.Errors.Golden.Samples;

/// <summary>Money that is moved by hand.</summary>
internal static class MoneySamples
{
    private const string Org = "wallet";

    public static IReadOnlyList<GoldenSample> All { get; } =
    [
        new("id_reused", "The top-up topup-1 of wallet was 1000.", """
            POST /api/v1/orgs/wallet/topups

            {"id":"topup-1","amount":"500"}
            """, async world =>
            {
                await world.OrgAsync(Org);
                world["topup"] = Posting(await world.DoAsync("POST", "/orgs/wallet/topups", """{"id":"topup-1","amount":"1000"}"""));
            }),
        new("already_expired", "The expiry is in the past.", """
            POST /api/v1/orgs/wallet/grants

            {"id":"grant-1","amount":"10","expires_at":"2020-01-01"}
            """),
        new("posting_not_found", "wallet has no posting 999999.", """
            POST /api/v1/orgs/wallet/corrections

            {"id":"fix-1","posting":999999,"reason":"typed wrong"}
            """),
        new("posting_not_correctable", "The posting {grant} is a grant.", """
            POST /api/v1/orgs/wallet/corrections

            {"id":"fix-1","posting":{grant},"reason":"typed wrong"}
            """, async world => world["grant"] = Posting(await world.DoAsync("POST", "/orgs/wallet/grants", """{"id":"grant-1","amount":"5"}"""))),
        new("insufficient_balance", "wallet has spent 600 of the top-up {topup} of 1000.", """
            POST /api/v1/orgs/wallet/corrections

            {"id":"fix-1","posting":{topup},"reason":"the transfer bounced"}
            """, world => world.DoAsync("POST", "/usage", """[{"id":"spent","org":"wallet","occurred_at":"2026-01-01T00:00:00Z","charge":"600"}]""")),
        new("posting_reversed", "The posting {small} was corrected before.", """
            POST /api/v1/orgs/wallet/corrections

            {"id":"fix-3","posting":{small},"reason":"typed wrong"}
            """, async world =>
            {
                world["small"] = Posting(await world.DoAsync("POST", "/orgs/wallet/topups", """{"id":"topup-2","amount":"10"}"""));
                await world.DoAsync("POST", "/orgs/wallet/corrections", """{"id":"fix-2","posting":{small},"reason":"typed wrong"}""");
            }),
        new("adjustments_frozen", "wallet is frozen.", """
            POST /api/v1/orgs/wallet/topups

            {"id":"topup-3","amount":"10"}
            """, world => world.DoAsync("POST", "/orgs/wallet/adjustments/freeze", """{"reason":"fraud case 9"}""")),
    ];

    private static string Posting(System.Text.Json.JsonElement made) => made.GetProperty("posting").GetRawText();
}
