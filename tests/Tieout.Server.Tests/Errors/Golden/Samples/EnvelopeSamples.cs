using Tieout.Core.Ledger;
using Tieout.Server.Tests.Attribution;

namespace Tieout.Server.Tests.Errors.Golden.Samples;

/// <summary>Identity envelopes and their keys.</summary>
internal static class EnvelopeSamples
{
    private const string Claims = """{"org_id":"acme","originator_id":"user:jane","workflow_id":"wf-1","operation_id":"op-1"}""";
    private const string Child = """{"parent":"{envelope}","workflow_id":"wf-1","operation_id":"op-2"}""";

    public static IReadOnlyList<GoldenSample> All { get; } =
    [
        new("envelopes_off", "The server was started without TIEOUT_ENVELOPE_SECRET.", $"POST /api/v1/envelopes\n\n{Claims}") { Server = GoldenServer.Bare },
        new("envelope_invalid", "The lifetime is zero.", """
            POST /api/v1/envelopes

            {"org_id":"acme","originator_id":"user:jane","workflow_id":"wf-1","operation_id":"op-1","expires_in_seconds":0}
            """),
        new("envelope_refused", "{rewritten} is an envelope of acme in which another hop wrote another tenant.", """
            POST /api/v1/envelopes/revoke

            {"envelope":"{rewritten}"}
            """, async world =>
            {
                await IssueAsync(world, "envelope");
                world["rewritten"] = EnvelopeWorld.Rewritten(world.Value("envelope"), "acme", "beta");
            }),
        new("envelope_required", "{worker_key} is the key of a worker that may act for acme.", $$"""
            POST /api/v1/envelopes
            Authorization: Bearer {worker_key}

            {"workflow_id":"wf-1","operation_id":"op-2"}
            """, world => world.KeyAsync("worker_key", """{"worker":true,"tenants":["acme"],"scopes":["envelopes"]}""")),
        new("identity_rebind", "{envelope} is of acme, and {beta_key} is a key of beta.", $$"""
            POST /api/v1/envelopes
            Authorization: Bearer {beta_key}

            {{Child}}
            """, async world =>
            {
                await world.OrgAsync("beta");
                await world.KeyAsync("beta_key", """{"scopes":["envelopes"]}""", "beta");
            }),
        new("envelope_expired", "{envelope} expired.", $"POST /api/v1/envelopes\n\n{Child}", world =>
        {
            world.Time.Ahead = TimeSpan.FromDays(2);
            return Task.CompletedTask;
        }),
        new("envelope_revoked", "{envelope} was revoked.", $"POST /api/v1/envelopes\n\n{Child}",
            world => world.DoAsync("POST", "/envelopes/revoke", """{"envelope":"{envelope}"}""")),
        new("lineage_moved", "Other attempts of the operation take the next place in its lineage again and again.", """
            POST /api/v1/envelopes/hops

            {"envelope":"{busy}","id":"message-1","target":"queue-a"}
            """, async world =>
            {
                await IssueAsync(world, "busy");
                world.World.Ledger.Decides = command => command is Command.RecordHop ? new Outcome.Refused(Refusal.LineageMoved) : null;
            }),
        new("too_many_steps", "The limit governor.lineage_steps is 1, and {envelope} has one step.", """
            POST /api/v1/envelopes/hops

            {"envelope":"{envelope}","id":"message-2","target":"queue-a"}
            """, async world =>
            {
                await IssueAsync(world, "envelope");
                await world.DoAsync("POST", "/envelopes/hops", """{"envelope":"{envelope}","id":"message-1","target":"queue-a"}""");
            })
        {
            Server = GoldenServer.Tight,
        },
        new("envelope_key_not_found", "There is no envelope key ek-9.", """
            POST /api/v1/envelope-keys/ek-9/state

            {"state":"revoked"}
            """),
        new("envelope_key_state", "The envelope key ek-1 is verify_only, because ek-2 came after it.", """
            POST /api/v1/envelope-keys/ek-1/state

            {"state":"active"}
            """, async world =>
            {
                foreach (var key in (string[])["ek-1", "ek-2"]) await world.DoAsync("POST", "/envelope-keys", $$"""{"id":"{{key}}"}""");
            }),
    ];

    private static async Task IssueAsync(GoldenWorld world, string name) =>
        world[name] = (await world.DoAsync("POST", "/envelopes", Claims)).GetProperty("envelope").GetString()!;
}
