namespace Tieout.Server.Tests.Errors.Golden.Samples;

/// <summary>Costs that tenants share.</summary>
internal static class SharedCostSamples
{
    private const string Split = """
        {"name":"k8s-prod","window":"2026-01","method":"fixed","asset":"USD","costs":[{"kind":"shared","name":"nodes","cost":"10.00"}],"parts":{"acme":"60"},"charge":true,"reason":"January's cluster."}
        """;

    public static IReadOnlyList<GoldenSample> All { get; } =
    [
        new("shared_cost_invalid", "No method is called fair.", """
            POST /api/v1/shared-costs

            {"name":"k8s-prod","window":"2026-01","method":"fair","asset":"USD","costs":[{"kind":"shared","name":"nodes","cost":"10.00"}]}
            """),
        new("shared_cost_charged", "The tenants were charged for January before.", $"""
            POST /api/v1/shared-costs

            {Split}
            """, world => world.DoAsync("POST", "/shared-costs", Split)),
    ];
}
