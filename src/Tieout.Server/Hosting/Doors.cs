using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Server.Configuration;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Hosting;

/// <summary>What stands between callers and the server: proxies that are believed, TLS, and who may see the server's own state.</summary>
internal static class Doors
{
    public static void AddDoors(this IServiceCollection services, DoorOptions doors, TlsCertificate? certificate)
    {
        services.AddSingleton<HealthReport>();
        services.AddSingleton<MetricsPage>();
        services.AddSingleton<Credentials>();
        services.AddSingleton(provider => new GuessTable(doors.WrongCredentials, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<KeyUseRecorder>();
        services.AddHostedService(provider => provider.GetRequiredService<KeyUseRecorder>());
        services.AddSingleton<RefusedLog>();
        services.AddHostedService(provider => provider.GetRequiredService<RefusedLog>());
        services.AddHostedService<DoorWarnings>();
        services.AddHostedService<SecretReload>();
        if (certificate is not null)
        {
            services.AddSingleton(certificate);
            services.AddHostedService<TlsReload>();
        }

        if (doors.TrustedProxies.IsEmpty) return;
        services.Configure<ForwardedHeadersOptions>(forwarded =>
        {
            forwarded.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedHost;

            // Each proxy in the chain must be a trusted one, however many there are: the first address that is not is the caller's.
            forwarded.ForwardLimit = null;
            forwarded.KnownProxies.Clear();
            forwarded.KnownIPNetworks.Clear();
            foreach (var network in doors.TrustedProxies) forwarded.KnownIPNetworks.Add(network);
        });
    }

    /// <summary>First of all: everything after it sees the caller's own address and scheme.</summary>
    public static void UseDoors(this IApplicationBuilder app, DoorOptions doors)
    {
        if (!doors.TrustedProxies.IsEmpty) app.UseForwardedHeaders();
    }

    /// <summary>At the server's own address metrics are for a token with a role; at the operations address for everybody there.</summary>
    public static void MapMetrics(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/metrics", (HttpContext context, MetricsPage page) => page.AnswerAsync(context)).Allow(Access.EveryRole);
}
