namespace Tieout.Server.Tests.Errors.Golden.Samples;

/// <summary>Credentials, and what they allow.</summary>
internal static class AccessSamples
{
    private const string Item =
        """[{"id":"of-a-key","occurred_at":"2026-01-01T00:00:00Z","provider":"openai","model":"gpt-4o","input_tokens":1000,"user":"ben"}]""";

    public static IReadOnlyList<GoldenSample> All { get; } =
    [
        new("unauthorized", "The request has no credential.", "GET /api/v1/orgs/acme/balance") { Anonymous = true },
        new("invalid_api_key", "No key of the server has this secret.", """
            POST /v1/chat/completions
            Authorization: Bearer not-a-key

            {"model":"gpt-4o","messages":[{"role":"user","content":"Hello"}]}
            """),
        new("forbidden", "{viewer} is a token of the role viewer.", """
            POST /api/v1/orgs/acme/topups
            Authorization: Bearer {viewer}

            {"id":"topup-1","amount":"10"}
            """, world => world.TokenAsync("viewer", "viewer")),
        new("scope_not_allowed", "{chat_key} is a key of acme without scopes of its own, so its only scope is inference.", """
            GET /api/v1/orgs/acme/balance
            Authorization: Bearer {chat_key}
            """, world => world.KeyAsync("chat_key", "{}")),
        new("model_not_allowed", "{mini_key} is a key of acme that is limited to the model gpt-4o-mini.", $$"""
            POST /api/v1/usage
            Authorization: Bearer {mini_key}

            {{Item}}
            """, world => world.KeyAsync("mini_key", """{"scopes":["usage.write"],"models":["gpt-4o-mini"]}""")),
        new("address_not_allowed", "{office_key} is a key of acme that may be used from 203.0.113.0/24 only.", """
            GET /api/v1/orgs/acme/balance
            Authorization: Bearer {office_key}
            """, world => world.KeyAsync("office_key", """{"scopes":["read.billing"],"addresses":["203.0.113.0/24"]}""")),
        new("tag_pinned", "{ana_key} is a key of acme whose requests always have the user ana.", $$"""
            POST /api/v1/usage
            Authorization: Bearer {ana_key}

            {{Item}}
            """, world => world.KeyAsync("ana_key", """{"scopes":["usage.write"],"pins":{"user":"ana"}}""")),
        new("too_many_attempts", "As many wrong credentials came from the address as are free.", """
            GET /api/v1/orgs/acme/balance
            Authorization: Bearer guess-2
            """, async world =>
            {
                using var wrong = await world.World.Http.SendAsync(new(HttpMethod.Get,
                    "/api/v1/orgs/acme/balance") { Headers = { Authorization = new("Bearer", "guess-1") } }, TestContext.Current.CancellationToken);
            })
        {
            Server = GoldenServer.Bare,
        },
    ];
}
