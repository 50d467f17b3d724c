using Tieout.Server.Ingest;

namespace Tieout.Server.Tests.Errors.Golden.Samples;

/// <summary>Join contracts, and usage that they put aside.</summary>
internal static class ContractSamples
{
    private const string Contract = """
        {"contract":{"name":"usage","version":"1.0.0","on_violation":"quarantine","keys":[],"segmentation":["team or key"]},"reason":"Finance splits the bill by team."}
        """;

    public static IReadOnlyList<GoldenSample> All { get; } =
    [
        new("contract_invalid", "Usage has no field pod.", """
            POST /api/v1/contracts

            {"contract":{"name":"usage","version":"1.0.0","on_violation":"charge","keys":[{"name":"pod","type":"name"}],"segmentation":[]},"reason":"The cluster team asked for it."}
            """),
        new("contract_not_found", "There is no contract usage.", "GET /api/v1/contracts/usage/completeness"),
        new("contract_breaking", "The contract usage is at version 1.0.0, and the new one asks for more.", """
            POST /api/v1/contracts

            {"contract":{"name":"usage","version":"1.1.0","on_violation":"quarantine","keys":[],"segmentation":["team or key","feature"]},"reason":"By feature, too."}
            """, world => world.DoAsync("POST", "/contracts", Contract)),
        new("contract_violated", "The event was put aside because it has neither team nor key.", """
            POST /api/v1/orgs/acme/quarantined-events/{usage}/release

            {"reason":"The month ends."}
            """, async world =>
            {
                world["usage"] = ImportedId.Of("acme", "usage", "nobodys").ToString();
                await world.DoAsync("POST", "/usage", """[{"id":"nobodys","org":"acme","occurred_at":"2026-01-01T00:00:00Z","charge":"1"}]""");
            }),
        new("quarantined_event_invalid", "Counts stay what was sent.", """
            POST /api/v1/orgs/acme/quarantined-events/{usage}/repair

            {"set":{"input_tokens":"1"},"reason":"It was less."}
            """),
        new("quarantined_event_not_found", "No event with this usage id was put aside.", """
            POST /api/v1/orgs/acme/quarantined-events/01900000-0000-7000-8000-000000000001/release

            {"reason":"It is complete."}
            """),
        new("quarantined_event_state", "The event was released before.", """
            POST /api/v1/orgs/acme/quarantined-events/{usage}/release

            {"reason":"It is complete."}
            """, async world =>
            {
                await world.DoAsync("POST", $"/orgs/acme/quarantined-events/{ImportedId.Of("acme", "usage", "nobodys")}/release", """{"reason":"The month ends.","incomplete":true}""");
                await world.DoAsync("POST", "/contracts/usage/end", """{"reason":"The samples after this one have no team."}""");
            }),
    ];
}
