using System.CommandLine;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Hosting;
using Tieout.Cli.Output;
using Tieout.Console;
using Tieout.Core.Attribution;
using Tieout.Server.Configuration;
using Tieout.Server.Heads;
using Tieout.Server.Hosting;
using Tieout.Server.Tenancy;
using Tieout.Storage;
using Tieout.Storage.Sqlite;

namespace Tieout.Cli.Commands;

/// <summary><c>serve</c>: the gateway, the API and the ledger, until it is told to stop.</summary>
internal static class ServeCommand
{
    public static Command Build(Globals globals)
    {
        var data = new Option<string?>("--data") { Description = $"The folder that holds everything durable. Default: {Shell.DefaultData}.", HelpName = "DIR" };
        var store =
            new Option<string?>("--store")
            {
                Description = "sqlite, or postgres://user@host:port/database, which any number of servers share. Default: sqlite.",
                HelpName = "STORE"
            };
        var listen = new Option<string?>("--listen") { Description = $"Default: {Globals.DefaultServer}.", HelpName = "URL" };
        var config = new Option<string?>("--config") { Description = "A tieout.yaml. Default: the one in this folder, if there is one.", HelpName = "FILE" };
        var changed = new Option<bool>(
            "--secrets-changed")
        { Description = "The secrets of all servers of a PostgreSQL store were changed on purpose: this one's count from now on." };
        var rollback =
            new Option<string?>(
                "--accept-rollback")
            { Description = "Why the store was put back to an earlier state on purpose. Stored in the next signed head. Without it such a store is refused.", HelpName = "REASON" };
        return globals.Running(
            new("serve", "Run the gateway and the ledger.") { data, store, listen, config, changed, rollback }, async (call, cancellationToken) =>
        {
            var options = Options(call, call.Get(config), call.Get(data), call.Get(listen), call.Get(store)) with { AcceptedRollback = call.Get(rollback) };
            await using var running = await StartAsync(options, cancellationToken, call.Get(changed));
            var token = options.SecretFiles.AdminToken ?? (options.AdminToken is not null ? AdminTokenFile.Variable : AdminTokenFile.In(options.Data));
            await call.Shell.Out.WriteLineAsync(call.Json
                ? JsonOutput.Text(json =>
                {
                    json.WriteStartObject();
                    json.WriteString("url", running.Url);
                    json.WriteString("data", options.Data);
                    json.WriteString("admin_token", token);
                    json.WriteEndObject();
                })
                : $"Tieout serves at {options.Doors.PublicUrl?.AbsoluteUri.TrimEnd('/') ?? running.Url}; the admin token is in {token}");
            await call.Shell.Out.FlushAsync(cancellationToken);
            await running.App.WaitForShutdownAsync(cancellationToken);
            return ExitCode.Ok;
        });
    }

    /// <exception cref="CommandFailedException">The configuration cannot be meant.</exception>
    public static ServerOptions Options(Invocation call, string? config, string? data, string? listen, string? store = null)
    {
        try
        {
            var file = config ?? (File.Exists("tieout.yaml") ? "tieout.yaml" : null);
            var options = file is null ? TieoutYaml.FromEnvironment(call.Shell.Variable) : TieoutYaml.Load(file, call.Shell.Variable);
            options = ServeSecrets.Given(options, call.Shell.Variable);
            if (data is not null) options = options with { Data = data };
            if (store is not null) options = options with { Postgres = StoreOption.Parse(store) };
            if (listen is null) return options;
            return options with { Listen = DoorOptions.Listening(listen) };
        }
        catch (ConfigurationException e)
        {
            throw new CommandFailedException(ExitCode.Usage, e.Message, "configuration_invalid", e);
        }
    }

    /// <summary>Opens the ledger and starts the server. What it returns stops both, in the right order.</summary>
    /// <exception cref="CommandFailedException">The folder or the address cannot be had.</exception>
    public static async Task<RunningServer> StartAsync(ServerOptions options, CancellationToken cancellationToken, bool secretsChanged = false)
    {
        var ledger = options.Postgres is { } store ? await StoreOption.OpenAsync(store, options.Data) : Open(options.Data);
        try
        {
            if (options is { Heads: { } heads, AcceptedRollback: null }) await RefuseRollbackAsync(heads, ledger, cancellationToken);
            options = ServeSecrets.Loaded(options);
            var (token, secret) = (options.AdminToken!, options.EnvelopeSecret!);
            if (options.Postgres is not null) await AgreeAsync(ledger, secret, token, secretsChanged, cancellationToken);
            var app = TieoutServer.Build(options, ledger, new ConsolePart(options.Data));
            await ListenAsync(app, options.Listen, cancellationToken);
            return new(app, ledger, token.Split('\n')[0].Trim());
        }
        catch (ConfigurationException e)
        {
            await ledger.DisposeAsync();
            throw new CommandFailedException(ExitCode.Usage, e.Message, "configuration_invalid", e);
        }
        catch
        {
            await ledger.DisposeAsync();
            throw;
        }
    }

    /// <exception cref="CommandFailedException">It cannot be had.</exception>
    public static async Task ListenAsync(WebApplication app, string listen, CancellationToken cancellationToken)
    {
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (Exception e) when (e is StoreUnavailableException or StoreCorruptException)
        {
            await app.DisposeAsync();
            throw new CommandFailedException(ExitCode.Unreachable, e.Message, e is StoreCorruptException ? "store_corrupt" : "store_unavailable", e);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            await app.DisposeAsync();
            var why = e is SocketException { SocketErrorCode: SocketError.AccessDenied } ? "this user may not listen there" : e.GetBaseException().Message;
            throw new CommandFailedException(ExitCode.Unreachable,
                $"Cannot listen on {listen}: {why.TrimEnd('.')}. Stop the program that uses the address, or choose another one with --listen.",
                "address_in_use", e);
        }
    }

    /// <exception cref="CommandFailedException">The store was put back to an earlier state.</exception>
    private static async Task RefuseRollbackAsync(HeadOptions heads, ILedger ledger, CancellationToken cancellationToken)
    {
        var found = await RollbackCheck.RunAsync(heads, ledger.Read,
            reason => System.Console.Error.WriteLine($"tieout: The last signed head cannot be read, so a rollback would not be noticed at this start: {reason}"),
            cancellationToken);
        if (found is null) return;
        throw new CommandFailedException(ExitCode.Findings,
            $"The store is not served: {found} Restore the newest copy; or, if it was put back on purpose, start with --accept-rollback REASON.",
            "store_rolled_back");
    }

    private static async Task AgreeAsync(ILedger ledger, EnvelopeSecret secret, string token, bool changed, CancellationToken cancellationToken)
    {
        try
        {
            await SecretMarks.AgreeAsync(ledger, secret, token, changed, cancellationToken);
        }
        catch (ConfigurationException e)
        {
            throw new CommandFailedException(ExitCode.Usage, e.Message, "secrets_differ", e);
        }
        catch (StoreUnavailableException e)
        {
            throw new CommandFailedException(ExitCode.Unreachable, e.Message, "store_unavailable", e);
        }
    }

    private static SqliteLedger Open(string folder)
    {
        try
        {
            return SqliteLedger.Open(folder);
        }
        catch (DataFolderInUseException e)
        {
            throw new CommandFailedException(ExitCode.Unreachable, e.Message, "data_in_use", e);
        }
        catch (StoreCorruptException e)
        {
            throw new CommandFailedException(
                ExitCode.Unreachable, $"{e.Message} Run 'tieout verify --data {folder}' to see what is damaged.", "store_corrupt", e);
        }
        catch (Exception e) when (e is StoreUnavailableException or IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ExitCode.Unreachable, $"The data folder {folder} cannot be opened: {e.Message}", "store_unavailable", e);
        }
    }
}

/// <summary>A server that runs, and the ledger under it.</summary>
internal sealed class RunningServer(WebApplication app, ILedger ledger, string adminToken) : IAsyncDisposable
{
    public WebApplication App => app;
    public ILedger Ledger => ledger;
    public string AdminToken => adminToken;

    /// <summary>Where it really listens, also if port 0 was asked for.</summary>
    public string Url => app.Urls.First();

    /// <summary>Answers in flight are settled first; then the ledger closes.</summary>
    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
        await ledger.DisposeAsync();
    }
}
