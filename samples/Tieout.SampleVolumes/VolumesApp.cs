using System.Collections.Concurrent;
using Tieout.Client;
using Tieout.Client.AspNetCore;

namespace Tieout.SampleVolumes;

/// <summary>Keeps volumes and their owners in memory. A deleted volume is gone.</summary>
public static class VolumesApp
{
    /// <param name="volumes">The owner of each volume.</param>
    public static WebApplication Build(Uri tieout, string key, IReadOnlyDictionary<string, string> volumes, params string[] args)
    {
        var builder = WebApplication.CreateSlimBuilder(args);
        builder.Services.AddTieoutGuard(tieout, key);
        var kept = new ConcurrentDictionary<string, string>(volumes);
        var app = builder.Build();
        app.MapGet("/volumes/{id}", (string id) => kept.ContainsKey(id) ? Results.Ok() : Results.NotFound());
        app.MapDelete("/volumes/{id}", (string id) => kept.TryRemove(id, out _) ? Results.NoContent() : Results.NotFound())
            .RequireGuard("volume.delete", context => ValueTask.FromResult(Resource((string)context.Request.RouteValues["id"]!)));
        return app;

        // The owner is what this service knows, never what a request says.
        GuardedResource? Resource(string id) => kept.TryGetValue(id, out var owner) ? new("volume", id, owner) : null;
    }
}
