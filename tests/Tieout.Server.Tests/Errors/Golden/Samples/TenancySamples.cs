namespace Tieout.Server.Tests.Errors.Golden.Samples;

/// <summary>Orgs and what belongs to them: teams, projects, keys, budgets, prices.</summary>
internal static class TenancySamples
{
    public static IReadOnlyList<GoldenSample> All { get; } =
    [
        new("org_not_found", "There is no org globex.", "GET /api/v1/orgs/globex/balance"),
        new("team_not_found", "acme has no team blue.", """
            POST /api/v1/orgs/acme/keys

            {"team":"blue"}
            """),
        new("project_not_found", "acme has no project web.", """
            POST /api/v1/orgs/acme/keys

            {"project":"web"}
            """),
        new("key_not_found", "acme has no key key-9.", "POST /api/v1/orgs/acme/keys/key-9/block"),
        new("token_not_found", "There is no token tok-9.", "POST /api/v1/tokens/tok-9/revoke"),
        new("operation_not_found", "acme has no usage of the operation op-9.", "GET /api/v1/orgs/acme/operations/op-9"),
        new("trace_not_found", "The ledger has no row with the id nothing-9.", "GET /api/v1/orgs/acme/trace/nothing-9"),
        new("budget_invalid", "The thresholds are not ascending.", """
            PUT /api/v1/orgs/acme/budgets

            {"window":"day","limit":"10","hard":true,"thresholds":[90,50]}
            """),
        new("price_not_found", "No price list has the model gpt-99.", "GET /api/v1/prices/openai/gpt-99"),
        new("price_list_invalid", "The body is an object; a price list of this format is an array.", """
            POST /api/v1/prices?format=genai-prices&effective=2026-12-01

            {}
            """),
        new("too_many_settings", "The limit governor.settings_per_kind is 2, and acme has the teams red and blue.", """
            POST /api/v1/orgs/acme/teams

            {"name":"green"}
            """, async world =>
            {
                foreach (var team in (string[])["red", "blue"]) await world.DoAsync("POST", "/orgs/acme/teams", $$"""{"name":"{{team}}"}""");
            })
        {
            Server = GoldenServer.Tight,
        },
    ];
}
