namespace Tieout.Server.Tests.Errors.Golden.Samples;

/// <summary>Requests to models, in the form of the API that they are sent to.</summary>
internal static class GatewaySamples
{
    private const string Poor = "The org poor has a balance of 0; {poor_key} is its key.";

    public static IReadOnlyList<GoldenSample> All { get; } =
    [
        new("insufficient_balance.openai", Poor, """
            POST /v1/chat/completions
            Authorization: Bearer {poor_key}

            {"model":"gpt-4o","messages":[{"role":"user","content":"Hello"}],"max_tokens":100}
            """, async world =>
            {
                await world.OrgAsync("poor");
                await world.KeyAsync("poor_key", """{"scopes":["inference","usage.write"]}""", "poor");
            }),
        new("insufficient_balance.anthropic", Poor, """
            POST /v1/messages
            x-api-key: {poor_key}
            anthropic-version: 2023-06-01

            {"model":"claude-sonnet-4-5","messages":[{"role":"user","content":"Hello"}],"max_tokens":100}
            """),
        new("insufficient_balance.gemini", Poor, """
            POST /v1beta/models/gemini-2.5-flash:generateContent
            x-goog-api-key: {poor_key}

            {"contents":[{"role":"user","parts":[{"text":"Hello"}]}],"generationConfig":{"maxOutputTokens":100}}
            """),
        new("insufficient_balance.otlp", Poor, """
            POST /v1/traces
            Authorization: Bearer {poor_key}

            {"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","name":"chat gpt-4o","startTimeUnixNano":"1767225600000000000","endTimeUnixNano":"1767225601000000000","attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.provider.name","value":{"stringValue":"openai"}},{"key":"gen_ai.request.model","value":{"stringValue":"gpt-4o"}},{"key":"gen_ai.usage.input_tokens","value":{"intValue":"1000"}}]}]}]}]}
            """),
        new("budget_exhausted", "The org thrifty has a hard budget of 0.001 a day; {thrifty_key} is its key.", """
            POST /api/v1/usage
            Authorization: Bearer {thrifty_key}

            [{"id":"item-1","occurred_at":"{now}","provider":"openai","model":"gpt-4o","input_tokens":100000}]
            """, async world =>
            {
                await world.OrgAsync("thrifty", topUp: "100");
                await world.DoAsync("PUT", "/orgs/thrifty/budgets", """{"window":"day","limit":"0.001","hard":true}""");
                await world.KeyAsync("thrifty_key", """{"scopes":["usage.write"]}""", "thrifty");
                world["now"] = DateTime.UtcNow.AddSeconds(-1).ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture);
            }),
        new("model_not_found", "tieout.yaml has no model gpt-99.", Chat("gpt-99")),
        new("object_not_found", "acme has uploaded no file file-9.", """
            POST /v1/responses

            {"model":"gpt-4o","input":[{"role":"user","content":[{"type":"input_file","file_id":"file-9"}]}]}
            """),
        new("rate_limit_exceeded", "tieout.yaml allows one request a minute to the model limited, and one was sent.", Chat("limited"), async world =>
        {
            using var first = await world.World.ChatAsync("""{"model":"limited","messages":[{"role":"user","content":"Hello"}],"max_tokens":10}""");
            Assert.True(first.IsSuccessStatusCode);
        }),
        new("upstream_unreachable", "Nothing listens at the address of the provider.", Chat("away")),
        new("upstream_timeout", "The provider takes two seconds; its timeouts.first_byte is 50 ms.", Chat("slow", "X-Sim-Fault: slow:2000")),
        new("upstream_failed", "The provider closes the connection in the middle of its answer.", Chat("gpt-4o", "X-Sim-Fault: cut:50")),
    ];

    /// <param name="header">A header that the simulated provider reads; empty: none.</param>
    private static string Chat(string model, string header = "") =>
        $$"""
        POST /v1/chat/completions{{(header.Length == 0 ? "" : "\n" + header)}}

        {"model":"{{model}}","messages":[{"role":"user","content":"Hello"}],"max_tokens":100}
        """;
}
