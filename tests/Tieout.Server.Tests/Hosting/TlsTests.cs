using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tieout.Server.Configuration;
using Tieout.Server.Tests.Gateway;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Hosting;

/// <summary>TLS at the server's own address: certificates from files, renewed while requests run; plain HTTP only where it is safe or allowed.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tieout-tls-");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Certificate => Path.Combine(_folder.FullName, "certificate.pem");

    private string Key => Path.Combine(_folder.FullName, "key.pem");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_certificate_is_renewed_under_load_without_a_restart_and_without_a_failed_request()
    {
        var first = Renew();
        await using var world = await StartAsync(new(Certificate, Key, null));
        Assert.Equal(first, await ServedAsync(world));
        using var over = new CancellationTokenSource();
        var load = Enumerable.Range(0, 4).Select(_ => Task.Run(() => LoadAsync(world, over.Token), Stop)).ToList();

        var second = Renew();
        await World.SoonAsync(async () => await ServedAsync(world) == second, "new connections get the renewed certificate");
        await File.WriteAllTextAsync(Certificate, "-----BEGIN CERTIFICATE-----\nnot one\n-----END CERTIFICATE-----", Stop);
        await Task.Delay(300, Stop);
        Assert.Equal(second, await ServedAsync(world));
        var third = Renew();
        await World.SoonAsync(async () => await ServedAsync(world) == third, "a good certificate after a broken one is taken");

        await over.CancelAsync();
        var answered = await Task.WhenAll(load);
        Assert.All(answered, count => Assert.True(count > 0));
    }

    [Fact]
    public async Task A_PFX_file_with_a_password_serves_too()
    {
        var file = Path.Combine(_folder.FullName, "tieout.pfx");
        using var made = Make();
        await File.WriteAllBytesAsync(file, made.Export(X509ContentType.Pkcs12, "a password"), Stop);
        await using var world = await StartAsync(new(file, null, "a password"));

        Assert.Equal(made.Thumbprint, await ServedAsync(world));
    }

    [Theory]
    [InlineData("http://0.0.0.0:0", "'http://0.0.0.0:0' would send keys over the network unencrypted: listen at https://")]
    [InlineData("http://*:0", "'http://*:0' would send keys over the network unencrypted: listen at https://")]
    [InlineData("https://127.0.0.1:0", "'https://127.0.0.1:0' needs a certificate: set tls.certificate in tieout.yaml.")]
    public async Task An_address_that_is_not_safe_is_refused_at_the_start(string listen, string message)
    {
        var refused = await Assert.ThrowsAsync<ConfigurationException>(() => ApiWorld.StartAsync(options => options with { Listen = listen }));

        Assert.StartsWith(message, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plain_HTTP_on_the_network_is_served_where_it_is_allowed()
    {
        await using var world = await ApiWorld.StartAsync(
            options => options with { Listen = "http://127.0.0.1:0", Doors = new() { AllowPlainHttp = true, OperationsListen = "http://0.0.0.0:0" } });
        using var answer = await world.Http.GetAsync("/healthz", Stop);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public void The_configuration_names_certificate_proxies_and_addresses()
    {
        var doors = TieoutYaml.Read(
            """
            listen: https://*:4443
            tls: { certificate: /etc/tieout/full.pem, key: /etc/tieout/key.pem, password: "${PASSWORD}" }
            operations_listen: http://127.0.0.1:4081
            public_url: https://tieout.example.com/
            trusted_proxies: [10.0.0.0/8, 192.0.2.7]
            allow_plain_http: true
            """, "t.yaml", name => name == "PASSWORD" ? "hidden" : null).Doors;

        Assert.Equal(new TlsOptions("/etc/tieout/full.pem", "/etc/tieout/key.pem", "hidden"), doors.Tls);
        Assert.Equal(
            ("http://127.0.0.1:4081", "https://tieout.example.com/", true), (doors.OperationsListen, doors.PublicUrl!.AbsoluteUri, doors.AllowPlainHttp));
        Assert.Equal(["10.0.0.0/8", "192.0.2.7/32"], doors.TrustedProxies.Select(proxy => proxy.ToString()));
        Assert.DoesNotContain("hidden", doors.Tls!.ToString(), StringComparison.Ordinal);
    }

    private static X509Certificate2 Make()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(60));
    }

    /// <returns>The thumbprint.</returns>
    private string Renew()
    {
        using var made = Make();
        File.WriteAllText(Key, made.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(Certificate, made.ExportCertificatePem());
        return made.Thumbprint;
    }

    private static Task<TlsWorld> StartAsync(TlsOptions tls) => TlsWorld.StartAsync(tls);

    private static async Task<string> ServedAsync(TlsWorld world)
    {
        string served = "";
        using var http = world.Client((_, certificate, _, _) => (served = certificate!.GetCertHashString()).Length > 0);
        using var answer = await http.GetAsync("/healthz", Stop);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return served;
    }

    /// <returns>How many requests, each on a connection of its own, were answered. One that fails fails the test.</returns>
    private static async Task<int> LoadAsync(TlsWorld world, CancellationToken over)
    {
        var answered = 0;
        while (!over.IsCancellationRequested)
        {
            using var http = world.Client((_, certificate, _, _) => certificate is not null);
            using var answer = await http.GetAsync("/healthz", CancellationToken.None);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            answered++;
        }

        return answered;
    }

    private sealed class TlsWorld : IAsyncDisposable
    {
        public required Microsoft.AspNetCore.Builder.WebApplication Server { get; init; }
        public required BreakableLedger Ledger { get; init; }
        public required DirectoryInfo Folder { get; init; }

        public static async Task<TlsWorld> StartAsync(TlsOptions tls)
        {
            var folder = Directory.CreateTempSubdirectory("tieout-");
            var ledger = new BreakableLedger(Storage.Sqlite.SqliteLedger.Open(folder.FullName));
            var server = Build(folder, ledger, tls);
            await server.StartAsync(Stop);
            return new() { Server = server, Ledger = ledger, Folder = folder };
        }

        public HttpClient Client(RemoteCertificateValidationCallback check) =>
            new(new SocketsHttpHandler { UseProxy = false, SslOptions = new() { RemoteCertificateValidationCallback = check } })
            {
                BaseAddress = new(Server.Urls.First()),
            };

        public async ValueTask DisposeAsync()
        {
            await Server.StopAsync(new CancellationTokenSource(TimeSpan.FromSeconds(2)).Token);
            await Server.DisposeAsync();
            await Ledger.DisposeAsync();
            Folder.Delete(recursive: true);
        }

        private static Microsoft.AspNetCore.Builder.WebApplication Build(DirectoryInfo folder, BreakableLedger ledger, TlsOptions tls) =>
            Tieout.Server.Hosting.TieoutServer.Build(
                new() { Listen = "https://127.0.0.1:0", Data = folder.FullName, AdminToken = ApiWorld.Admin, Doors = new() { Tls = tls } }, ledger);
    }
}
