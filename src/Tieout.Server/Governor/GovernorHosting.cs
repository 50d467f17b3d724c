using System.Collections.Immutable;
using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Tieout.Server.Configuration;

namespace Tieout.Server.Governor;

/// <summary>Puts the governor into a server.</summary>
internal static class GovernorHosting
{
    public static void AddGovernor(this IServiceCollection services, GovernorOptions options, ImmutableArray<IPNetwork> trustedProxies)
    {
        services.AddSingleton(
            provider => new ConnectionTable(options, trustedProxies, OpenFiles.Limit(), provider.GetRequiredService<ILogger<ConnectionTable>>()));
        services.AddSingleton(new Occupancy(options));
        services.AddSingleton(provider => new ReadLane(options, provider.GetRequiredService<TimeProvider>()));
    }

    /// <summary>On every address that the server listens on.</summary>
    public static void LimitConnections(this KestrelServerOptions server) => server.ConfigureEndpointDefaults(listen =>
    {
        var table = listen.ApplicationServices.GetRequiredService<ConnectionTable>();
        listen.Use(next => connection => table.ServeAsync(connection, next));
    });
}
