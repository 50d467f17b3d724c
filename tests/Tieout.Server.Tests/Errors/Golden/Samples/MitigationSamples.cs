using System.Text.Json;
using Tieout.Server.Tests.Gateway;

namespace Tieout.Server.Tests.Errors.Golden.Samples;

/// <summary>Mitigations that the API refuses, and the answers that clients of a mitigated gateway get.</summary>
internal static class MitigationSamples
{
    private const string Chat = """


        {"model":"gpt-4o","messages":[{"role":"user","content":"Hello"}],"max_tokens":100}
        """;

    public static IReadOnlyList<GoldenSample> All { get; } =
    [
        new("mitigation_invalid", "A rate limit needs a number of requests.", """
            PUT /api/v1/orgs/acme/mitigations/undo

            {"kind":"rate_limit","scope":{"trigger":"undo","user":"*"},"owner":"ann","reason":"Undo calls the model.","expires_in_seconds":3600}
            """),
        new("mitigation_not_found", "There is no mitigation m-9.", "GET /api/v1/orgs/acme/mitigations/m-9"),
        new("mitigation_off", "The mitigation off switches the feature editor off for an hour.", """
            POST /v1/chat/completions
            Tieout-Feature: editor
            """ + Chat, world => SetAsync(world, "off", "off", """{"feature":"editor"}""", "{}")),
        new("mitigation_limited", "The mitigation undo admits one undo an hour for each user, and ann had hers.", """
            POST /v1/chat/completions
            Tieout-Trigger: undo
            Tieout-User: ann
            """ + Chat, async world =>
            {
                await SetAsync(world, "undo", "rate_limit", """{"trigger":"undo","user":"*"}""", """{"requests":1,"period_seconds":3600}""");
                await SendAsync(world, "Tieout-Trigger: undo", "Tieout-User: ann");
            }),
        new("mitigation_retries", "The mitigation retries admits no retry of the feature search.", """
            POST /v1/chat/completions
            Tieout-Feature: search
            x-stainless-retry-count: 1
            """ + Chat, world => SetAsync(world, "retries", "retry_budget", """{"feature":"search"}""", """{"percent":0,"floor":0}""")),
        new("mitigation_superseded", "The mitigation saves lets the newest auto-save go, and newer ones than this one come.", """
            POST /v1/chat/completions
            Tieout-Trigger: auto_save
            Tieout-User: ann
            """ + Chat, async world =>
            {
                await SetAsync(world, "saves", "coalesce", """{"trigger":"auto_save"}""", """{"wait_seconds":60}""");
                await SendAsync(world, "Tieout-Trigger: auto_save", "Tieout-User: ann");
                _ = KeepSavingAsync(world);
            }),
        new("mitigation_cost_cap", "The mitigation cap lets the feature costly cost nothing.", """
            POST /v1/chat/completions
            Tieout-Feature: costly
            """ + Chat, world => SetAsync(world, "cap", "cost_cap", """{"feature":"costly"}""", """{"limit":"0"}""")),
    ];

    private static Task<JsonElement> SetAsync(GoldenWorld world, string id, string kind, string scope, string rule) => world.DoAsync(
        "PUT", $"/orgs/acme/mitigations/{id}",
        $$"""{"kind":"{{kind}}","scope":{{scope}},"rule":{{rule}},"owner":"ann","reason":"A sample.","expires_in_seconds":3600}""");

    private static async Task SendAsync(GoldenWorld world, params string[] headers)
    {
        using var answer = await world.World.ChatAsync(World.Hello, headers);
    }

    /// <summary>Sends saves, each of which replaces the one that waits, until the sample was among them.</summary>
    private static async Task KeepSavingAsync(GoldenWorld world)
    {
        for (var i = 0; i < 20; i++)
        {
            _ = SendAsync(world, "Tieout-Trigger: auto_save", "Tieout-User: ann").ContinueWith(static sent => sent.Exception, TaskScheduler.Default);
            await Task.Delay(100, CancellationToken.None);
        }

        world.World.Http.CancelPendingRequests();
    }
}
