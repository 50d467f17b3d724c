namespace Tieout.Server.Tests.Errors.Golden.Samples;

/// <summary>The guard of destructive actions: policies, questions, overrides.</summary>
internal static class GuardSamples
{
    private const string Policy = """{"name":"volumes","actions":"volume.*","irreversible":true,"mode":"shadow","reason":"A deleted volume is gone."}""";
    private const string Keys =
        """{"name":"keys","actions":"tieout.key.*","irreversible":true,"mode":"enforce","reason":"An expired key never works again."}""";

    private const string Override = """{"actions":"volume.*","reason":"disk full","expires_in_seconds":600,"needs_approval":true}""";

    public static IReadOnlyList<GoldenSample> All { get; } =
    [
        new("guard_blocked", "The policy of {policy} names the expiry of keys, and no envelope of acme came.", "POST /api/v1/orgs/acme/keys/key-9/expire",
            async world =>
            {
                world["policy"] = "keys";
                await world.DoAsync("POST", "/guard/policies", Keys);
            }),
        new("guard_policy_invalid", "Scaling a cluster can be undone.", """
            POST /api/v1/guard/policies

            {"name":"scaling","actions":"cluster.scale","irreversible":false,"mode":"enforce","reason":"It costs money."}
            """),
        new("guard_policy_not_found", "There is no guard policy pods.", "GET /api/v1/guard/policies/pods/versions"),
        new("guard_policy_changed", "The policy volumes is at version 1.", """
            POST /api/v1/guard/policies/volumes/promote

            {"version":2,"reason":"A week without hits."}
            """, world => world.DoAsync("POST", "/guard/policies", Policy)),
        new("guard_question_invalid", "The action is not in the form of an action.", """
            POST /api/v1/guard/decide

            {"action":"Delete Volume","resource":{"type":"volume","id":"vol-1","owner_org":"acme"}}
            """),
        new("guard_override_invalid", "The override would last a day.", """
            POST /api/v1/guard/overrides

            {"actions":"volume.delete","reason":"disk full","expires_in_seconds":86400}
            """),
        new("guard_override_not_found", "There is no override ov-9.", "POST /api/v1/guard/overrides/ov-9/end"),
        new("guard_override_state", "{override} waits for another person, and the person who asked for it approves it.",
            "POST /api/v1/guard/overrides/{override}/approve",
            async world => world["override"] = (await world.DoAsync("POST", "/guard/overrides", Override)).GetProperty("id").GetString()!),
    ];
}
