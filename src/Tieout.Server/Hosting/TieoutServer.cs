using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Tieout.Server.Attribution;
using Tieout.Server.Configuration;
using Tieout.Server.Gateway;
using Tieout.Server.Governor;
using Tieout.Server.Heads;
using Tieout.Server.Ingest;
using Tieout.Server.Outbox;
using Tieout.Server.Telemetry;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Hosting;

/// <summary>Puts the whole server together.</summary>
public static class TieoutServer
{
    /// <summary>Long enough for answers in flight to be settled, short enough for a service manager's patience.</summary>
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(25);

    /// <summary>Ready to start. The ledger is the caller's: it outlives the server, and the caller disposes of it.</summary>
    /// <param name="parts">What other assemblies bring.</param>
    public static WebApplication Build(ServerOptions options, ILedger ledger, params ReadOnlySpan<IServerPart> parts)
    {
        // An empty builder reads no files or environment of the folder it happens to be started in.
        var builder = WebApplication.CreateEmptyBuilder(new() { ApplicationName = "tieout" });
        var certificate = options.Doors.Tls is { } tls ? new TlsCertificate(tls) : null;
        builder.WebHost.UseKestrelCore().ConfigureKestrel(server =>
        {
            // Before any address is opened: defaults hold for those that are opened after them.
            server.LimitConnections();
            Listeners.Open(server, options, certificate);
            server.AddServerHeader = false;
            server.Limits.MaxRequestBodySize = options.Gateway.BodyBytesMax;
            server.Limits.MaxRequestHeaderCount = 100;
            server.Limits.MaxRequestHeadersTotalSize = 32 * 1024;
            server.Limits.RequestHeadersTimeout = options.Governor.HeaderTimeout;
            server.Limits.KeepAliveTimeout = options.Governor.IdleTimeout;
            server.Limits.MinRequestBodyDataRate = new(options.Governor.BodyBytesPerSecond, gracePeriod: TimeSpan.FromSeconds(10));

            // Counted from all that is waiting for the client, so that the usual 240 would let a large answer wait for days.
            server.Limits.MinResponseDataRate = new(bytesPerSecond: 4096, gracePeriod: TimeSpan.FromSeconds(10));
        });
        AddLogging(builder.Logging, builder.Services, options);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
        builder.Services.AddRouting();
        builder.Services.AddDoors(options.Doors, certificate);
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(options.Time);

        // Given, not made here, so that the container does not dispose of it.
        builder.Services.AddSingleton<ILedger>(new TrackedLedger(ledger));
        builder.Services.AddLedgerReaders();
        builder.Services.AddSingleton<OutageLog>();
        builder.Services.AddHostedService(services => services.GetRequiredService<OutageLog>());
        builder.Services.AddGovernor(options.Governor, options.Doors.TrustedProxies);
        ledger.Limit(options.Governor.Ledger);
        builder.Services.AddAttribution(options.EnvelopeSecret);
        builder.Services.AddOutbox();
        builder.Services.AddIngest();
        builder.Services.AddGateway();
        builder.Services.AddHostedService<ConfigurationWatcher>();
        builder.Services.AddApi(options.AdminToken);
        builder.Services.AddSingleton<RefusedCalls>();
        builder.Services.AddSingleton<HeadWriter>();
        builder.Services.AddHostedService(services => services.GetRequiredService<HeadWriter>());
        builder.Services.AddSingleton<AccessCheck>();
        builder.Services.AddHostedService(services => services.GetRequiredService<AccessCheck>());

        foreach (var part in parts) part.Add(builder.Services);

        var app = builder.Build();
        app.UseDoors(options.Doors);
        app.UseMiddleware<RequestScope>();
        app.UseMiddleware<OperationsDoor>();
        app.UseRouting();
        app.UseMiddleware<AccessGate>();
        app.UseMiddleware<OccupancyGate>();
        app.MapHealth();
        app.MapMetrics();
        app.MapGateway();
        app.MapApi();
        app.MapIngest();
        foreach (var part in parts) part.Map(app);
        app.Services.GetRequiredService<AccessCheck>().Watch(app);
        return app;
    }

    private static void AddLogging(ILoggingBuilder logging, IServiceCollection services, ServerOptions options)
    {
        logging.SetMinimumLevel(LogLevel.Information);
        logging.AddFilter("Microsoft", LogLevel.Warning);
        if (!options.LogsRefused) logging.AddFilter(typeof(RefusedLog).FullName, LogLevel.None);

        // Ids and unexpected errors are RequestScope's; with this on, the host makes an Activity and a scope of its own for every request.
        logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        logging.AddConsole(console => console.FormatterName = JsonLines.FormatterName);
        services.AddSingleton<ConsoleFormatter, JsonLines>();
    }
}
