using Tieout.Server.Attribution;
using Tieout.Server.Tests.Http;
using Tieout.Server.Tests.Tenancy;
using Tieout.Storage.Postgres;
using Tieout.Storage.Postgres.Verification;
using Tieout.Storage.Sqlite.Verification;
using Tieout.Storage.Tests.Postgres;

namespace Tieout.Server.Tests.Ingest;

/// <summary>Every number of every public door, as large, small and odd as JSON can write it: answered or refused, and figures, reports and verification go
/// on.</summary>
public sealed class ExtremeDoorTests
{
    private static readonly string[] Numbers =
    [
        "0", "100", "-1", "1.5", "1000000000000", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "79228162514264337593543950335",
        "170141183460469231731687303715884105727", "1e999", "-1e-999", "null", "true", "[]", "{}",
        "\"9223372036854775807\"", "\"-9223372036854775808\"", "\"9223372036.854775807\"", "\"9223372036.854775808\"",
        "\"170141183460469231731687303715.884105727\"", "\"79228162514264337593543950335\"",
        "\"0.000000001\"", "\"-0.000000001\"", "\"1e30\"", "\"NaN\"", "\"Infinity\"", "\"\"",
    ];

    private static readonly (HttpMethod Method, string Address, string Body)[] Doors =
    [
        .. ((string[])["\"input_tokens\":#", "\"output_tokens\":#", "\"cache_read_tokens\":#", "\"duration_ms\":#", "\"attempt\":#", "\"charge\":#",
            "\"charge\":#,\"provider_cost\":#", "\"units\":{\"web_searches\":#}", "\"units\":{\"gpu_seconds\":#}"])
            .Select(field => (HttpMethod.Post, "/api/v1/usage",
                $$"""[{"id":"u@","occurred_at":"{{Sending.At}}","org":"acme","provider":"openai","model":"gpt-4o",{{field}}}]""")),
        (HttpMethod.Post, "/api/v1/events",
            $$$"""{"specversion":"1.0","id":"e@","source":"s","type":"ai.usage.attempt.v1","subject":"acme","time":"{{{Sending.At}}}","data":{"model":"gpt-4o","input_tokens":#,"output_tokens":#}}"""),
        (HttpMethod.Post, "/v1/traces", """
            {"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"00000000000000@","name":"x","kind":3,"startTimeUnixNano":#,"endTimeUnixNano":"1763625601500000000",
            "attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.request.model","value":{"stringValue":"gpt-4o"}}]}]}],"resource":{"attributes":[{"key":"tenant.id","value":{"stringValue":"acme"}}]}}]}
            """),
        (HttpMethod.Post, "/v1/traces", """
            {"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc61c","spanId":"00000000000000@","name":"x","kind":3,"startTimeUnixNano":"1763625600000000000","endTimeUnixNano":"1763625601500000000",
            "attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.request.model","value":{"stringValue":"gpt-4o"}},{"key":"gen_ai.usage.input_tokens","value":{"intValue":#}}]}]}],"resource":{"attributes":[{"key":"tenant.id","value":{"stringValue":"acme"}}]}}]}
            """),
        (HttpMethod.Post, "/api/v1/tool-calls", $$"""[{"id":"t@","occurred_at":"{{Sending.At}}","org":"acme","tool":"search","retries":#}]"""),
        (HttpMethod.Post, "/api/v1/orgs/acme/topups", """{"id":"t@","amount":#}"""),
        (HttpMethod.Post, "/api/v1/orgs/acme/grants", """{"id":"g@","amount":#}"""),
        (HttpMethod.Post, "/api/v1/orgs/acme/grants", """{"id":"p@","amount":"1","priority":#}"""),
        (HttpMethod.Post, "/api/v1/orgs/acme/corrections", """{"id":"c@","posting":2,"new_amount":#,"reason":"because"}"""),
        (HttpMethod.Post, "/api/v1/orgs/acme/corrections", """{"id":"d@","posting":#,"reason":"because"}"""),
        (HttpMethod.Put, "/api/v1/orgs/acme/budgets", """{"window":"month","limit":#,"hard":false}"""),
        (HttpMethod.Put, "/api/v1/orgs/acme/budgets", """{"window":"day","limit":"5","hard":false,"thresholds":[#]}"""),
        (HttpMethod.Post, "/api/v1/orgs", """{"id":"o@","asset":"USD","billing":"postpaid","credit_line":#}"""),
        (HttpMethod.Post, "/api/v1/orgs/acme/keys", """{"name":"k","facts_per_call":#}"""),
        (HttpMethod.Post, "/api/v1/orgs/acme/keys", """{"name":"k","facts_per_day":#}"""),
        (HttpMethod.Post, "/api/v1/orgs/acme/keys", """{"name":"k","cap":{"limit":#}}"""),
        (HttpMethod.Put, "/api/v1/orgs/acme/keys/{key}/cap", """{"limit":#}"""),
        (HttpMethod.Put, "/api/v1/orgs/acme/keys/{key}/terms", """{"facts_per_day":#}"""),
        (HttpMethod.Post, "/api/v1/orgs/acme/keys/{key}/rotate", """{"grace_seconds":#}"""),
        (HttpMethod.Put, "/api/v1/orgs/acme/price-policy", """{"markup":#}"""),
        (HttpMethod.Post, "/api/v1/prices?format=tieout",
            """{"format":"tieout-prices/1","list":"extreme","version":"@","asset":"USD","providers":[{"id":"elsewhere","models":[{"id":"m","match":"m","rates":{"input_tokens":#}}]}]}"""),
        (HttpMethod.Post, "/api/v1/usage",
            $$"""[{"id":"x@","occurred_at":"{{Sending.At}}","org":"acme","provider":"elsewhere","model":"m","input_tokens":#}]"""),
        (HttpMethod.Post, "/api/v1/prices?format=tieout",
            """{"format":"tieout-prices/1","list":"gpus","version":"@","asset":"USD","providers":[{"id":"gpus","models":[{"id":"h100","match":"h100","rates":{"gpu_seconds":"3.6","instance_seconds":"1"}}]}]}"""),
        (HttpMethod.Post, "/api/v1/runtimes",
            """{"org":"acme","id":"g@","source":"app_runtime","provider":"gpus","components":[{"name":"w","model":"h100","gpus":#}]}"""),
        (HttpMethod.Post, "/api/v1/runtimes",
            """{"org":"acme","id":"r@","source":"app_runtime","provider":"gpus","components":[{"name":"w","model":"h100","replicas":#}]}"""),
        (HttpMethod.Post, "/api/v1/runtimes",
            """{"org":"acme","id":"h@","source":"app_runtime","provider":"gpus","heartbeat_seconds":#,"components":[{"name":"w","model":"h100","gpus":1}]}"""),
        (HttpMethod.Post, "/api/v1/runtimes/only/events?org=acme",
            $$"""{"items":[{"id":"e@","at":"{{Sending.At}}","type":"scale","component":"w","replicas":#}]}"""),
        (HttpMethod.Post, "/api/v1/envelopes", """{"org_id":"acme","originator_id":"user","aud":"a","expires_in_seconds":#}"""),
        (HttpMethod.Post, "/api/v1/contracts",
            """{"contract":{"name":"c@","version":"1.0.0","on_violation":"charge","keys":[],"segmentation":["team"],"objective":#},"reason":"r"}"""),
        (HttpMethod.Post, "/api/v1/shared-costs",
            """{"name":"s@","window":"2026-01","method":"fixed","asset":"USD","costs":[{"kind":"shared","name":"c","cost":#}],"parts":{"acme":"100"},"charge":true,"reason":"r"}"""),
        (HttpMethod.Post, "/api/v1/guard/overrides", """{"actions":"volume.*","reason":"r","expires_in_seconds":#}"""),
        .. OfMitigations(HttpMethod.Put, "/api/v1/orgs/acme/mitigations/m"), .. OfMitigations(HttpMethod.Post, "/api/v1/orgs/acme/mitigation-previews"),
        .. ((string[])["\"threshold\",\"measure\":\"spend\",\"limit\":#", "\"threshold\",\"measure\":\"tokens\",\"period\":\"day\",\"count\":#",
            "\"ratio\",\"measure\":\"failures\",\"percent\":200,\"count\":#", "\"ratio\",\"measure\":\"spend\",\"limit\":\"1\",\"percent\":#",
            "\"forecast\",\"percent\":#", "\"spike\",\"percent\":#", "\"spike\",\"limit\":#"])
            .Select(rule => (HttpMethod.Put, "/api/v1/orgs/acme/alert-rules/r", $$"""{"kind":{{rule}},"owner":"ann","reason":"r"}""")),
        (HttpMethod.Put, "/api/v1/orgs/acme/mitigations/m", """{"kind":"off","scope":{"feature":"f"},"owner":"ann","reason":"r","expires_in_seconds":#}"""),
    ];

    private static IEnumerable<(HttpMethod Method, string Address, string Body)> OfMitigations(HttpMethod method, string address)
    {
        foreach (var (kind, rule) in ((string, string)[])
        [
            ("rate_limit", "\"requests\":#"), ("rate_limit", "\"requests\":3,\"period_seconds\":#"), ("output_cap", "\"output_tokens\":#"),
            ("cost_cap", "\"limit\":#"), ("retry_budget", "\"percent\":#"), ("retry_budget", "\"floor\":#"), ("tool_breaker", "\"failures\":#"),
            ("tool_breaker", "\"open_seconds\":#"), ("tool_breaker", "\"retries\":#"), ("coalesce", "\"wait_seconds\":#"),
        ])
        {
            yield return (method, address,
                $$"""{"kind":"{{kind}}","scope":{"feature":"f"},"rule":{ {{rule}} },"owner":"ann","reason":"r","expires_in_seconds":60}""");
        }
    }

    /// <summary>Bodies without a number, or with one that needs a document, a finding or a proposal first (tests of their own).</summary>
    private static readonly string[] WithoutNumbers =
    [
        "/api/v1/archive/detach", "/api/v1/contracts/{contract}/end", "/api/v1/costs/replay-dlq", "/api/v1/envelope-keys", "/api/v1/envelope-keys/{key}/state", "/api/v1/envelopes/hops", "/api/v1/envelopes/revoke",
        "/api/v1/envelopes/verify", "/api/v1/findings/{finding}/correct",
        "/api/v1/guard/decide", "/api/v1/guard/overrides/{id}/approve", "/api/v1/guard/overrides/{id}/end", "/api/v1/guard/policies",
        "/api/v1/guard/policies/{policy}/promote",
        "/api/v1/incidents", "/api/v1/incidents/{id}/close", "/api/v1/incidents/{id}/evidence", "/api/v1/incidents/{id}/follow-up",
        "/api/v1/incidents/{id}/notes",
        "/api/v1/lineage/audit",
        "/api/v1/orgs/{org}/adjustments/freeze", "/api/v1/orgs/{org}/adjustments/unfreeze",
        "/api/v1/orgs/{org}/documents/{number}/credit-notes", "/api/v1/orgs/{org}/invoices/{month}/close", "/api/v1/orgs/{org}/invoices/{month}/finalise",
        "/api/v1/orgs/{org}/keys/{key}/block",
        "/api/v1/orgs/{org}/keys/{key}/end-previous", "/api/v1/orgs/{org}/keys/{key}/expire", "/api/v1/orgs/{org}/keys/{key}/unblock",
        "/api/v1/orgs/{org}/projects", "/api/v1/orgs/{org}/quarantined-events/{usage}/release", "/api/v1/orgs/{org}/quarantined-events/{usage}/repair",
        "/api/v1/orgs/{org}/teams", "/api/v1/orgs/{org}/ties",
        "/api/v1/orgs/{org}/proposals/{proposal}/approve", "/api/v1/orgs/{org}/proposals/{proposal}/reject", "/api/v1/outbox/replay",
        "/api/v1/proposals/{proposal}/approve", "/api/v1/proposals/{proposal}/reject",
        "/api/v1/reconciliations", "/api/v1/runtimes/{id}/retire", "/api/v1/surfaces/{name}/ties", "/api/v1/ties", "/api/v1/tokens",
        "/api/v1/tokens/{token}/revoke", "/api/v1/webhooks", "/api/v1/webhooks/{id}/remove",
        "/api/v1/webhooks/{id}/rotate", "/api/v1/webhooks/{id}/test",
    ];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // Goal: 923 records of 10^12 tokens ended the process; one commit above 9.2 billion ended verify and costs today. Method: each number in turn at each place
    // of each door.
    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task L1_whatever_number_comes_through_whatever_door_the_book_goes_on_and_verifies(string store)
    {
        var database = store == "postgres" ? PostgresServer.Instance.NewStore() : null;
        var world = await ApiWorld.StartAsync(
            options => options with { EnvelopeSecret = EnvelopeSecretFile.Parse("an envelope secret 0123456789abcdef") },
            open: database is null ? null : async () => await PostgresLedger.OpenAsync(database));
        await using (world)
        {
            AssertEveryDoorIsTried(world);
            var key = (await world.OkAsync(HttpMethod.Post, "/orgs/acme/keys", """{"name":"tried"}""")).GetProperty("id").GetString();
            Assert.Equal(1, (await world.UsageAsync($"[{Sending.Record("posting-2")}]")).Accepted);
            var (sent, taken, closed) = (0, 0, new List<string>());
            foreach (var (method, path, body) in Doors)
            {
                var (address, before) = (path.Replace("{key}", key, StringComparison.Ordinal), taken);
                if (path.EndsWith("only/events?org=acme",
                    StringComparison.Ordinal)) await world.OkAsync(HttpMethod.Post, "/runtimes",
                        """{"org":"acme","id":"only","source":"app_runtime","provider":"gpus","components":[{"name":"w","model":"h100","gpus":1}]}""");
                foreach (var number in Numbers)
                {
                    var text = body.Replace("@", (10 + sent++ % 90).ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal)
                        .Replace("#", number, StringComparison.Ordinal);
                    using var response = await SendAsync(world, method, address, text);
                    var answer = await response.Content.ReadAsStringAsync(Stop);
                    Assert.True((int)response.StatusCode < 500, $"{method} {address} {text}: {(int)response.StatusCode} {answer}");
                    if (response.IsSuccessStatusCode) taken++;
                }

                // No number is a posting's that can be corrected.
                if (taken == before && !body.Contains("\"posting\":#", StringComparison.Ordinal)) closed.Add($"{path} {body}");
            }

            Assert.True(closed.Count == 0, $"Nothing is let in, so these are not tried:\n{string.Join('\n', closed)}");
            Assert.True(taken > 100, $"Only {taken} of {sent} requests were let in.");
            foreach (var shown in (string[])["/costs/today", "/orgs/acme/balance", "/orgs/acme/usage?limit=1000", "/orgs/acme/budgets", "/findings",
                "/orgs/acme"])
            {
                await world.GetAsync(shown);
            }

            Assert.Equal(1, (await world.UsageAsync($"[{Sending.Record("fine", ",\"team\":\"red\"")}]")).Accepted);
            Assert.Equal(0, world.Ledger.Health.Quarantined);
            Assert.True(world.Ledger.Health.IsWritable, world.Ledger.Health.Reason);
            await world.Server.StopAsync(Stop);
            await world.Ledger.DisposeAsync();
            var report = database is null
                ? SqliteVerification.Run(world.Folder.FullName) : await PostgresVerification.RunAsync(database, cancellationToken: Stop);
            Assert.Equal("", string.Join('\n', report.Checks.SelectMany(check => check.Rows.Select(row => $"{check.Id}: {row}"))));
        }
    }

    private static void AssertEveryDoorIsTried(ApiWorld world)
    {
        var doors = MappedRoute.Of(world.Server)
            .Where(route => route.Method is "POST" or "PUT" or "PATCH"
                && (route.Pattern.StartsWith("/api/", StringComparison.Ordinal) || route.Pattern == "/v1/traces")).Select(route => route.Pattern).ToHashSet(
                    StringComparer.Ordinal);
        var tried =
            Doors.Select(door => door.Address.Split('?')[0].Replace("/orgs/acme/", "/orgs/{org}/", StringComparison.Ordinal).Replace(
                "/only/", "/{id}/", StringComparison.Ordinal).Replace("/mitigations/m", "/mitigations/{id}", StringComparison.Ordinal)
                .Replace("/alert-rules/r", "/alert-rules/{id}", StringComparison.Ordinal)).Concat(WithoutNumbers).ToHashSet(StringComparer.Ordinal);
        Assert.Empty(doors.Except(tried));
    }

    private static async Task<HttpResponseMessage> SendAsync(ApiWorld world, HttpMethod method, string address, string body)
    {
        using var request = new HttpRequestMessage(method,
            address)
        {
            Content = new StringContent(
                body, System.Text.Encoding.UTF8, address == "/api/v1/events" ? "application/cloudevents+json" : "application/json")
        };
        request.Headers.Authorization = new("Bearer", ApiWorld.Admin);
        return await world.Http.SendAsync(request, Stop);
    }
}
