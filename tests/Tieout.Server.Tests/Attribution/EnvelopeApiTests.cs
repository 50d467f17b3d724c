using System.Text.Json;
using Tieout.Core.Attribution;
using Tieout.Server.Attribution;
using Tieout.Server.Configuration;
using Tieout.Server.Tests.Gateway;
using Tieout.Tests;

namespace Tieout.Server.Tests.Attribution;

/// <summary>InvoiceNumbering, verifying and keys, over HTTP.</summary>
public sealed class EnvelopeApiTests
{
    [Fact]
    public async Task Who_may_have_an_envelope_for_whom()
    {
        await using var world = await EnvelopeWorld.StartAsync();
        var own = await world.IssueAsync();
        var beta = await world.IssueAsync("{}", EnvelopeWorld.BetaSecret);
        var table = new (string What, string Token, string Body, int Status, string Answer)[]
        {
            ("the platform, for any org", EnvelopeWorld.Admin, """{"org_id":"acme","operation_id":"op-5"}""", 201, "acme admin op-5"),
            ("the platform, by the other name", EnvelopeWorld.Admin, """{"tenant_id":"acme","originator_id":"cron","operation_id":"op-5"}""", 201,
                "acme cron op-5"),
            ("the platform, for nobody", EnvelopeWorld.Admin, "{}", 400, "parameter_invalid"),
            ("the platform, for an org that is not", EnvelopeWorld.Admin, """{"org_id":"nobody"}""", 404, "org_not_found"),
            ("two names that differ", EnvelopeWorld.Admin, """{"org_id":"acme","tenant_id":"beta"}""", 400, "envelope_invalid"),
            ("a key, for its own org", World.Secret, """{"operation_id":"op-5"}""", 201, "acme key-1 op-5"),
            ("a key, for another org", World.Secret, """{"org_id":"beta"}""", 404, "org_not_found"),
            ("a worker, for itself", EnvelopeWorld.WorkerSecret, "{}", 403, "envelope_required"),
            ("a worker, for a tenant it may act for", EnvelopeWorld.WorkerSecret, """{"org_id":"acme"}""", 403, "envelope_required"),
            ("a worker, a step of what it works on", EnvelopeWorld.WorkerSecret, $$"""{"parent":"{{own}}","operation_id":"op-1.1"}""", 201,
                "acme user:jane op-1.1"),
            ("a worker, a step of what it may not work on", EnvelopeWorld.WorkerSecret, $$"""{"parent":"{{beta}}"}""", 403, "identity_rebind"),
            ("a step for another tenant", EnvelopeWorld.Admin, $$"""{"parent":"{{own}}","org_id":"beta"}""", 400, "parameter_invalid"),
            ("a step of something rewritten", EnvelopeWorld.Admin, $$"""{"parent":"{{EnvelopeWorld.Rewritten(own, "acme", "beta")}}"}""", 403,
                "envelope_refused"),
            ("an operation that is no name", World.Secret, """{"operation_id":"op 5"}""", 400, "envelope_invalid"),
            ("a life of no time", World.Secret, """{"expires_in_seconds":0}""", 400, "envelope_invalid"),
            ("a life too long", World.Secret, """{"expires_in_seconds":604801}""", 400, "envelope_invalid"),
            ("a member nobody knows", World.Secret, """{"org":"acme"}""", 400, "body_malformed"),
            ("a stranger", "tk-unknown", "{}", 401, "unauthorized"),
        };

        foreach (var row in table)
        {
            var (status, body) = await world.ApiAsync("/envelopes", row.Body, row.Token);
            var answer = status == 201 ? Claims(body, "org_id", "originator_id", "operation_id") : body.GetProperty("code").GetString();
            Assert.Equal((row.What, row.Status, row.Answer), (row.What, status, answer));
        }
    }

    [Fact]
    public async Task A_step_says_what_it_is_a_step_of()
    {
        await using var world = await EnvelopeWorld.StartAsync();
        var (_, parent) = await world.ApiAsync("/envelopes", """{"workflow_id":"wf-1"}""", World.Secret);

        var (_, child) = await world.ApiAsync("/envelopes", $$"""{"parent":"{{parent.GetProperty("envelope").GetString()}}"}""", EnvelopeWorld.WorkerSecret);

        Assert.Equal(Claims(parent, "issuance_id"), Claims(child, "parent_issuance_id"));
        Assert.Equal(Claims(parent, "org_id", "tenant_id", "originator_id", "workflow_id", "aud"),
            Claims(child, "org_id", "tenant_id", "originator_id", "workflow_id", "aud"));
        Assert.NotEqual(Claims(parent, "operation_id"), Claims(child, "operation_id"));
    }

    [Fact]
    public async Task Verifying_says_what_it_is_worth_and_to_whom()
    {
        var time = new AheadClock();
        await using var world = await EnvelopeWorld.StartAsync(time);
        var token = await world.IssueAsync();

        Assert.Equal("valid null null acme", await VerdictAsync(world, token, EnvelopeWorld.Admin));
        Assert.Equal("valid null bound acme", await VerdictAsync(world, token, World.Secret));
        Assert.Equal("valid null bound acme", await VerdictAsync(world, token, EnvelopeWorld.WorkerSecret));
        Assert.Equal("valid null tenant_foreign null", await VerdictAsync(world, token, EnvelopeWorld.BetaSecret));
        Assert.Equal("refused signature_wrong null null", await VerdictAsync(world, EnvelopeWorld.Rewritten(token, "acme", "beta"), EnvelopeWorld.Admin));
        Assert.Equal("refused not_three_segments envelope_refused null", await VerdictAsync(world, "hello", World.Secret));
        time.Ahead = TimeSpan.FromDays(1);
        Assert.Equal("expired null null acme", await VerdictAsync(world, token, EnvelopeWorld.Admin));
        Assert.Equal("expired null bound acme", await VerdictAsync(world, token, World.Secret));
        Assert.Equal("expired null envelope_expired acme", await VerdictAsync(world, token, EnvelopeWorld.WorkerSecret));
    }

    [Fact]
    public async Task Keys_rotate_go_forward_only_and_show_no_secret()
    {
        await using var world = await EnvelopeWorld.StartAsync();

        var (made, next) = await world.ApiAsync("/envelope-keys", """{"id":"ek_next"}""");
        var (again, same) = await world.ApiAsync("/envelope-keys", """{"id":"ek_next"}""");
        var (_, keys) = await world.ApiAsync("/envelope-keys", null);
        var (back, problem) =
            await world.ApiAsync($"/envelope-keys/{keys.GetProperty("items")[0].GetProperty("id").GetString()}/state", """{"state":"active"}""");
        var (missing, _) = await world.ApiAsync("/envelope-keys/ek_none/state", """{"state":"revoked"}""");
        var (forbidden, _) = await world.ApiAsync("/envelope-keys", null, World.Secret);

        Assert.Equal((201, 200, next.ToString()), (made, again, same.ToString()));
        Assert.Equal(["verify_only", "active"], keys.GetProperty("items").EnumerateArray().Select(key => key.GetProperty("state").GetString()));
        Assert.All(keys.GetProperty("items").EnumerateArray(), key => Assert.True(key.GetProperty("available").GetBoolean()));
        Assert.Equal((409, "envelope_key_state", 404, 403), (back, problem.GetProperty("code").GetString(), missing, forbidden));
    }

    [Fact]
    public async Task A_workers_key_is_made_with_the_tenants_it_may_act_for()
    {
        await using var world = await EnvelopeWorld.StartAsync();

        var (status, key) = await world.ApiAsync("/orgs/platform/keys", """{"worker":true,"tenants":["acme"]}""");
        var (notWorker, _) = await world.ApiAsync("/orgs/platform/keys", """{"tenants":["acme"]}""");
        var (nobody, _) = await world.ApiAsync("/orgs/platform/keys", """{"worker":true,"tenants":["nobody"]}""");
        using var spent = await world.ChatAsync(key.GetProperty("key").GetString()!, $"Tieout-Envelope: {await world.IssueAsync()}");

        Assert.Equal((201, 400, 404, 200), (status, notWorker, nobody, (int)spent.StatusCode));
    }

    [Fact]
    public void The_secret_is_made_once_kept_for_its_owner_only_and_never_replaced()
    {
        var folder = Directory.CreateTempSubdirectory("tieout-").FullName;
        try
        {
            var first = EnvelopeSecretFile.Load(folder);
            var second = EnvelopeSecretFile.Load(folder);

            Assert.Equal(first.Signing("k"), second.Signing("k"));
            if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(EnvelopeSecretFile.In(folder)));
            File.WriteAllText(EnvelopeSecretFile.In(folder), "short");
            Assert.Throws<ConfigurationException>(() => EnvelopeSecretFile.Load(folder));
            Assert.Equal("short", File.ReadAllText(EnvelopeSecretFile.In(folder)));
            Assert.DoesNotContain("secret that", new EnvelopeSecret("a secret that is long enough, really"u8).ToString(), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<string> VerdictAsync(EnvelopeWorld world, string envelope, string token)
    {
        var (status, body) =
            await world.ApiAsync("/envelopes/verify", JsonSerializer.Serialize(new Dictionary<string, string> { ["envelope"] = envelope }), token);
        Assert.Equal(200, status);
        var claims = body.GetProperty("claims");
        return string.Join(' ', Or(body.GetProperty("verdict")), Or(body.GetProperty("reason")), Or(body.GetProperty("identity")),
            claims.ValueKind is JsonValueKind.Null ? "null" : Or(claims.GetProperty("org_id")));

        static string Or(JsonElement text) => text.GetString() ?? "null";
    }

    private static string Claims(JsonElement issued, params string[] names) =>
        string.Join(' ', names.Select(name => issued.GetProperty("claims").GetProperty(name).GetString()));
}
