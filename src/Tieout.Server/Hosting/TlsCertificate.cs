using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Tieout.Server.Configuration;
using Tieout.Server.Telemetry;

namespace Tieout.Server.Hosting;

/// <summary>The certificate that new connections are given. Renewed files take its place without a restart; connections that are open keep theirs.</summary>
internal sealed class TlsCertificate
{
    private readonly TlsOptions _files;
    private SslServerAuthenticationOptions _current;

    /// <exception cref="ConfigurationException">The files hold no certificate with its private key.</exception>
    public TlsCertificate(TlsOptions files)
    {
        _files = files;
        _current = Load(files, out var until);
        ValidUntil = until;
    }

    public SslServerAuthenticationOptions Current => Volatile.Read(ref _current);

    /// <summary>When the certificate expires.</summary>
    public DateTimeOffset ValidUntil { get; private set; }

    public IReadOnlyList<string> Files => _files.Key is { } key ? [_files.Certificate, key] : [_files.Certificate];

    /// <exception cref="ConfigurationException">As for the first time. The certificate before it stays.</exception>
    public void Reload()
    {
        var next = Load(_files, out var until);
        ValidUntil = until;
        Volatile.Write(ref _current, next);
    }

    private static SslServerAuthenticationOptions Load(TlsOptions files, out DateTimeOffset until)
    {
        try
        {
            var (leaf, chain) = IsPkcs12(files.Certificate) ? FromPkcs12(files) : FromPem(files);
            if (!leaf.HasPrivateKey) throw new ConfigurationException($"{files.Certificate}: the certificate has no private key: set tls.key.");
            until = leaf.NotAfter;

            // Offline: a start must not wait for servers of the certificate's issuer.
            return new() { ServerCertificateContext = SslStreamCertificateContext.Create(leaf, chain, offline: true) };
        }
        catch (Exception error) when (error is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ConfigurationException($"{files.Certificate}: the certificate cannot be loaded: {error.Message.TrimEnd('.')}.", error);
        }
    }

    private static bool IsPkcs12(string file) => Path.GetExtension(file).ToUpperInvariant() is ".PFX" or ".P12";

    private static (X509Certificate2 Leaf, X509Certificate2Collection Chain) FromPem(TlsOptions files)
    {
        var leaf = files.Password is { } password
            ? X509Certificate2.CreateFromEncryptedPemFile(files.Certificate, password, files.Key)
            : X509Certificate2.CreateFromPemFile(files.Certificate, files.Key);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(files.Certificate);
        return (leaf, chain);
    }

    private static (X509Certificate2 Leaf, X509Certificate2Collection Chain) FromPkcs12(TlsOptions files)
    {
        var chain = X509CertificateLoader.LoadPkcs12CollectionFromFile(files.Certificate, files.Password);
        var leaf = chain.FirstOrDefault(certificate => certificate.HasPrivateKey)
            ?? throw new ConfigurationException($"{files.Certificate}: the file holds no private key.");
        return (leaf, chain);
    }
}

/// <summary>Loads the certificate again when its files change. Files that hold none change nothing and are named in the log.</summary>
internal sealed partial class TlsReload(TlsCertificate certificate, TimeProvider time, ILogger<TlsReload> logger) : Worker
{
    /// <summary>Renewal runs daily where it runs at all; a certificate this close to its end was not renewed.</summary>
    private static readonly TimeSpan WarnBefore = TimeSpan.FromDays(14);

    protected override ILogger Logger => logger;

    protected override Task RunAsync(CancellationToken stoppingToken)
    {
        WarnOfExpiry();
        return new FileWatch(certificate.Files).RunAsync(ReloadAsync, stoppingToken);
    }

    private Task ReloadAsync()
    {
        try
        {
            certificate.Reload();
            LogReloaded(certificate.ValidUntil);
            WarnOfExpiry();
        }
        catch (ConfigurationException wrong)
        {
            LogRejected(wrong.Message);
        }

        return Task.CompletedTask;
    }

    private void WarnOfExpiry()
    {
        if (certificate.ValidUntil - time.GetUtcNow() < WarnBefore) LogExpires(certificate.ValidUntil);
    }

    [LoggerMessage(EventId = LogEvents.CertificateLoaded, Level = LogLevel.Information,
        Message = "The TLS certificate was loaded again; it is valid until {Until}")]
    private partial void LogReloaded(DateTimeOffset until);

    [LoggerMessage(EventId = LogEvents.CertificateRejected, Level = LogLevel.Error,
        Message = "The changed TLS certificate is not in use, the one before it is: {Reason}")]
    private partial void LogRejected(string reason);

    [LoggerMessage(EventId = LogEvents.CertificateExpires, Level = LogLevel.Warning,
        Message = "The TLS certificate expires at {Until}: renew its files; the server loads them without a restart")]
    private partial void LogExpires(DateTimeOffset until);
}
