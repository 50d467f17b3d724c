using Microsoft.Extensions.Logging;
using Tieout.Core.Attribution;
using Tieout.Server.Attribution;
using Tieout.Server.Configuration;
using Tieout.Server.Telemetry;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Hosting;

/// <summary>Reads the admin token and the envelope secret again when their files change. Of two lines both are valid, and the first one is used for what is
/// new.</summary>
internal sealed partial class SecretReload(
    ServerOptions options, ILedger ledger, AdminToken adminToken, EnvelopeSecretOf envelopeSecret, EnvelopeKeys envelopeKeys, ILogger<SecretReload> logger)
    : Worker
{
    private readonly SemaphoreSlim _one = new(1, 1);

    protected override ILogger Logger => logger;

    protected override Task RunAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(WatchAsync(options.SecretFiles.AdminToken, ReplaceTokenAsync, stoppingToken),
            WatchAsync(options.SecretFiles.EnvelopeSecret, ReplaceSecretAsync, stoppingToken));

    public override void Dispose()
    {
        base.Dispose();
        _one.Dispose();
    }

    private Task WatchAsync(string? file, Func<string, CancellationToken, Task> replace, CancellationToken cancellationToken) =>
        file is null ? Task.CompletedTask : new FileWatch([file]).RunAsync(() => ApplyAsync(file, replace, cancellationToken), cancellationToken);

    private async Task ApplyAsync(string file, Func<string, CancellationToken, Task> replace, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            await replace(file, cancellationToken);
            LogReplaced(file);
        }
        catch (Exception error) when (error is ConfigurationException or IOException or UnauthorizedAccessException or StoreUnavailableException)
        {
            LogRejected(file, error.Message);
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task ReplaceTokenAsync(string file, CancellationToken cancellationToken)
    {
        var text = AdminTokenFile.Checked(await File.ReadAllTextAsync(file, cancellationToken), file);
        if (envelopeSecret.Value is { } secret) await AgreeAsync(secret, text, cancellationToken);
        adminToken.Replace(text);
    }

    private async Task ReplaceSecretAsync(string file, CancellationToken cancellationToken)
    {
        var next = EnvelopeSecretFile.Parse(await File.ReadAllTextAsync(file, cancellationToken));
        var token = options.SecretFiles.AdminToken is { } kept ? await File.ReadAllTextAsync(kept, cancellationToken) : options.AdminToken;
        if (token is not null) await AgreeAsync(next, token, cancellationToken);
        envelopeSecret.Replace(next);
        await envelopeKeys.EnsureIssuingAsync(cancellationToken);
    }

    /// <summary>The other servers of a shared store learn that the secrets are being rotated.</summary>
    private Task AgreeAsync(EnvelopeSecret secret, string token, CancellationToken cancellationToken) =>
        options.Postgres is null ? Task.CompletedTask : SecretMarks.AgreeAsync(ledger, secret, token, changed: false, cancellationToken);

    [LoggerMessage(EventId = LogEvents.SecretReplaced, Level = LogLevel.Information,
        Message = "{File} was read again; its first line is in force, a second line stays valid until it is removed")]
    private partial void LogReplaced(string file);

    [LoggerMessage(EventId = LogEvents.SecretRejected, Level = LogLevel.Error,
        Message = "The changed {File} is not in force, the secret before it is: {Reason}")]
    private partial void LogRejected(string file, string reason);
}
