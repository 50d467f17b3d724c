using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Server.Tests.Gateway;
using Tieout.Server.Tests.Outage;

namespace Tieout.Server.Tests.Errors.Golden.Samples;

/// <summary>Limits of the governor.</summary>
internal static class LimitSamples
{
    public static IReadOnlyList<GoldenSample> All { get; } =
    [
        Tight("occupancy_exceeded", "The limit governor.body_bytes_per_caller is 10000; {twenty} is 20,000 characters.", Chat("{twenty}"),
            world => FillAsync(world, "twenty", 20_000)),
        Tight("server_busy", "The limit governor.body_bytes is 8000; {eight} is 8,400 characters.", Chat("{eight}"), world => FillAsync(world, "eight", 8_400)),
        Tight("read_too_long", "The limit governor.read_time is 50 ms, and the read takes longer.", "GET /api/v1/orgs/acme/usage", world =>
        {
            world.World.Ledger.Reader = SlowReader.Of(world.World.Ledger.Inner.Read);
            return Task.CompletedTask;
        }),
        Tight("too_many_open_holds", "The limit governor.open_holds_per_org is 1, and another request of acme is in flight.", Chat("Hello"),
            world => world.World.DoAsync(
            new Command.PlaceHold(new(Guid.CreateVersion7()), new() { Org = World.Org, Source = UsageSource.Gateway }, null, "op-1", Amount.Parse("1"),
                TimeSpan.FromMinutes(5)))),
        Tight("too_many_objects", "The limit governor.objects_per_org is 1, and acme has one file.", """
            POST /v1/files
            Content-Type: multipart/form-data; boundary=x

            --x--
            """, async world =>
            {
                using var first = await world.World.UploadAsync(BatchesWorld.Line("a") + "\n");
                Assert.True(first.IsSuccessStatusCode);
            }),
    ];

    private static GoldenSample Tight(string code, string state, string request, Func<GoldenWorld, Task> before) =>
        new(code, state, request, before) { Server = GoldenServer.Tight };

    private static string Chat(string content) => $$"""
        POST /v1/chat/completions

        {"model":"gpt-4o","messages":[{"role":"user","content":"{{content}}"}],"max_tokens":100}
        """;

    private static Task FillAsync(GoldenWorld world, string name, int length)
    {
        world[name] = new string('x', length);
        return Task.CompletedTask;
    }
}
