using System.Text.Json;

using Tieout.Server.Tests.Runtime;

namespace Tieout.Server.Tests.Errors.Golden.Samples;

/// <summary>App instances and allocations.</summary>
internal static class RuntimeSamples
{
    public static IReadOnlyList<GoldenSample> All { get; } =
    [
        new("runtime_invalid", "The registration has no component.", """
            POST /api/v1/runtimes

            {"org":"acme","id":"rent-1","source":"allocation","components":[]}
            """),
        new("runtime_not_found", "acme has no app instance or allocation rent-9.", "GET /api/v1/orgs/acme/runtimes/rent-9"),
        new("activity_too_late", "The allocation rent-1 is registered. The event is older than runtime.lateness_days.", """
            POST /api/v1/runtimes/rent-1/events?org=acme

            {"items":[{"id":"event-1","at":"2025-01-01T00:00:00Z","type":"start"}]}
            """, async world =>
            {
                await world.DoAsync("POST", "/prices?format=tieout", RuntimeTests.Prices);
                await RegisterAsync(world, "rent-1");
            }),
        new("runtime_active", "The allocation rent-1 was started an hour ago and not stopped.", "POST /api/v1/runtimes/rent-1/retire?org=acme", world =>
            world.DoAsync("POST", "/runtimes/rent-1/events?org=acme",
                $$"""{"items":[{"id":"event-2","at":"{{DateTime.UtcNow.AddHours(-1):yyyy-MM-ddTHH:mm:ssZ}}","type":"start"}]}""")),
        new("runtime_retired", "The allocation rent-2 was retired.", """
            POST /api/v1/runtimes/rent-2/events?org=acme

            {"items":[{"id":"event-1","at":"2025-01-01T00:00:00Z","type":"start"}]}
            """, async world =>
            {
                await RegisterAsync(world, "rent-2");
                await world.DoAsync("POST", "/runtimes/rent-2/retire?org=acme");
            }),
    ];

    private static Task<JsonElement> RegisterAsync(GoldenWorld world, string id) =>
        world.DoAsync("POST", "/runtimes",
            $$"""{"org":"acme","id":"{{id}}","source":"allocation","provider":"gpus","components":[{"name":"node","model":"h100","gpus":1}]}""");
}
