using Microsoft.Extensions.Logging;
using Tieout.Server.Configuration;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Telemetry;

namespace Tieout.Server.Hosting;

/// <summary>Reads <c>tieout.yaml</c> again when it changes. An invalid file changes nothing, and is named in the log and in the health detail.</summary>
internal sealed partial class ConfigurationWatcher(ServerOptions options, CurrentRoutes routes, ILogger<ConfigurationWatcher> logger) : Worker
{
    protected override ILogger Logger => logger;

    protected override Task RunAsync(CancellationToken stoppingToken) =>
        options.File is { } file ? new FileWatch([file.Path, .. options.ValueFiles]).RunAsync(() => LoadAsync(file), stoppingToken) : Task.CompletedTask;

    private Task LoadAsync(ConfigurationFile file)
    {
        try
        {
            routes.Replace(TieoutYaml.Load(file.Path, file.Environment));
            LogLoaded(file.Path, routes.State.Version);
        }
        catch (ConfigurationException wrong)
        {
            routes.Reject(wrong.Message);
            LogRejected(wrong.Message);
        }

        return Task.CompletedTask;
    }

    [LoggerMessage(EventId = LogEvents.ConfigurationLoaded, Level = LogLevel.Information,
        Message = "{File} was read again; configuration {Version} is in force")]
    private partial void LogLoaded(string file, int version);

    [LoggerMessage(EventId = LogEvents.ConfigurationRejected, Level = LogLevel.Error,
        Message = "The changed configuration is not in force, the one before it is: {Reason}")]
    private partial void LogRejected(string reason);
}
