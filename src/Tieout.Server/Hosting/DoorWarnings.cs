using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tieout.Server.Configuration;
using Tieout.Server.Telemetry;
using Tieout.Storage;
using Tieout.Storage.Postgres;

namespace Tieout.Server.Hosting;

/// <summary>Names at the start, in the log, each door that somebody on the network could listen at.</summary>
internal sealed partial class DoorWarnings(ServerOptions options, ILogger<DoorWarnings> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var listen in (ReadOnlySpan<string?>)[options.Listen, options.Doors.OperationsListen])
        {
            if (listen is not null && ListenAddress.Parse(listen) is { IsTls: false, IsLoopback: false }) LogPlain(listen);
        }

        if (options.Postgres is { } store && PostgresAddress.IsUnprotected(store)) LogUnprotected(PostgresAddress.Shown(store));
        foreach (var folder in (ReadOnlySpan<string>)[options.Data, options.SpoolFolder])
        {
            foreach (var path in PrivateFiles.Close(folder)) LogClosed(path);
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(EventId = LogEvents.PlainHttp, Level = LogLevel.Warning,
        Message = "{Listen} is plain HTTP on the network: keys, prompts and answers can be read on the way unless a proxy encrypts them")]
    private partial void LogPlain(string listen);

    [LoggerMessage(EventId = LogEvents.FileModeReduced, Level = LogLevel.Warning,
        Message = "{Path} was open to other users of this machine; its mode was reduced to the owner alone")]
    private partial void LogClosed(string path);

    [LoggerMessage(EventId = LogEvents.StoreUnencrypted, Level = LogLevel.Warning,
        Message = "The connection to {Store} may be unencrypted: add ?sslmode=verify-full&sslrootcert=FILE to the store's address")]
    private partial void LogUnprotected(string store);
}
