namespace Tieout.Server.Tests.Errors.Golden.Samples;

/// <summary>The second person. The server asks for one above 100 EUR.</summary>
internal static class ProposalSamples
{
    private const string Approve = "POST /api/v1/orgs/euro/proposals/{proposal}/approve";

    public static IReadOnlyList<GoldenSample> All { get; } =
    [
        new("reason_needed", "euro is billed in EUR, and approvals.above is 100 EUR.", """
            POST /api/v1/orgs/euro/topups

            {"id":"topup-1","amount":"5000"}
            """, async world =>
            {
                await world.OrgAsync("euro", asset: "EUR");
                await world.TokenAsync("ben", "finance");
            }),
        new("approval_required", "approvals.above is 100 EUR.", """
            POST /api/v1/usage

            [{"id":"stated","org":"euro","occurred_at":"2026-01-01T00:00:00Z","charge":"101"}]
            """),
        new("proposal_not_found", "euro has no proposal prop-9.", "GET /api/v1/orgs/euro/proposals/prop-9"),
        new("proposal_own", "The admin token proposed {proposal}, whose hash is {hash}.", $$"""
            {{Approve}}

            {"hash":"{hash}"}
            """, ProposeAsync),
        new("proposal_differs", "{ben} is a finance token of another person. The proposal has another hash.", $$"""
            {{Approve}}
            Authorization: Bearer {ben}

            {"hash":"0000000000000000000000000000000000000000000000000000000000000000"}
            """),
        new("proposal_expired", "The proposal of the same top-up expired undecided.", """
            POST /api/v1/orgs/euro/topups

            {"id":"topup-1","amount":"5000","reason":"contract 17"}
            """, world =>
            {
                world.Time.Ahead = TimeSpan.FromDays(60);
                return Task.CompletedTask;
            }),
        new("proposal_closed", "The proposal was rejected.", $$"""
            {{Approve}}
            Authorization: Bearer {ben}

            {"hash":"{hash}"}
            """, world => world.DoAsync("POST", "/orgs/euro/proposals/{proposal}/reject", """{"reason":"too much"}""")),
    ];

    private static async Task ProposeAsync(GoldenWorld world)
    {
        var proposal = await world.DoAsync("POST", "/orgs/euro/topups", """{"id":"topup-1","amount":"5000","reason":"contract 17"}""");
        foreach (var (name, member) in ((string, string)[])[("proposal", "id"), ("hash", "hash")]) world[name] = proposal.GetProperty(member).GetString()!;
    }
}
