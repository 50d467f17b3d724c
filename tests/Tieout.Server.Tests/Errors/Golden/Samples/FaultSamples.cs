using Microsoft.Extensions.DependencyInjection;
using Tieout.Core.Ledger;
using Tieout.Server.Ledger;
using Tieout.Storage;
using Tieout.Storage.Detaching;

namespace Tieout.Server.Tests.Errors.Golden.Samples;

/// <summary>The store is away, or the program has a fault.</summary>
internal static class FaultSamples
{
    private const string TopUp = """
        POST /api/v1/orgs/acme/topups

        {"id":"topup-1","amount":"10"}
        """;

    public static IReadOnlyList<GoldenSample> All { get; } =
    [
        new("store_unavailable", "The disk of the ledger is full.", TopUp, world =>
        {
            world.World.Ledger.Fault = new StoreUnavailableException("SQLite: database or disk is full.", StoreEffect.None, StoreFault.Full);
            return Task.CompletedTask;
        }),
        new("command_quarantined", "A rule of the ledger threw an exception.", TopUp, world =>
        {
            world.World.Ledger.Decides = _ => new Outcome.Refused(Refusal.CommandQuarantined, "qrt_0123456789abcdef");
            return Task.CompletedTask;
        }),
        new("rows_archived", "The posting 7 is in a month that was detached for the archive /archive/tieout.", """
            POST /api/v1/orgs/acme/corrections

            {"id":"fix-1","posting":7,"reason":"typed wrong"}
            """, world =>
        {
            world.World.Ledger.Decides = _ => new Outcome.Refused(Refusal.RowsArchived, "/archive/tieout");
            return Task.CompletedTask;
        }),
        new("detach_running", "The server takes months out of the ledger by another plan.", """
            POST /api/v1/archive/detach

            {"before":"2026-05","archive":"/","plan":"0123456789abcdef"}
            """, world =>
        {
            world.World.Ledger.Detaches = _ => new TaskCompletionSource<DetachReport>().Task;
            world.World.Server.Services.GetRequiredService<DetachJob>().Start(new(new(2026, 4), "/", "fedcba9876543210", _ => throw new InvalidOperationException()));
            return Task.CompletedTask;
        }),
        new("internal_error", "The server threw an exception that no code expects.", TopUp, world =>
        {
            world.World.Ledger.Fault = new InvalidOperationException("A fault of a test.");
            return Task.CompletedTask;
        }),
    ];
}
