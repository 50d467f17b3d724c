using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Tieout.Server.Configuration;
using Tieout.Server.Governor;
using Tieout.Server.Tenancy;
using Tieout.Server.Tests.Gateway;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Governor;

/// <summary>Connections have limits that always hold, and silent ones make room for those that ask something.</summary>
public sealed partial class ConnectionTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [GeneratedRegex("http://127\\.0\\.0\\.1:[0-9]+")]
    private static partial Regex Url();

    [Fact]
    public async Task Silent_connections_never_keep_others_out()
    {
        await using var world =
            await ApiWorld.StartAsync(options => options with { Governor = options.Governor with { Connections = 100, ConnectionsPerAddress = 50 } });
        var table = world.Server.Services.GetRequiredService<ConnectionTable>();
        using var silent = await SilentAsync(world.Url, 300);

        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new(world.Url) };
        using var answer = await http.GetAsync("/healthz", Stop);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);

        // Connections are taken up side by side: the one that asks may be served before the last silent ones.
        await World.SoonAsync(() => Task.FromResult(table.ClosedForOthers >= 250), "250 silent connections are closed for others");
        Assert.InRange(table.Open, 1, 50);
    }

    [Fact]
    public async Task Nine_hundred_silent_connections_leave_the_store_its_files()
    {
        var folder = Directory.CreateTempSubdirectory("tieout-");
        try
        {
            using var server = Serve(folder.FullName, openFiles: 1024);
            try
            {
                var url = await UrlAsync(server);
                using var silent = await SilentAsync(url, 950);
                using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new($"{url}/api/v1/") };
                http.DefaultRequestHeaders.Authorization = new("Bearer", (await File.ReadAllTextAsync(AdminTokenFile.In(folder.FullName), Stop)).Trim());

                // Each of these opens files of the store that it has not opened before.
                await OkAsync(http, HttpMethod.Post, "orgs", """{"id":"acme","asset":"USD","billing":"prepaid"}""");
                await OkAsync(http, HttpMethod.Post, "orgs/acme/topups", """{"id":"first","amount":"10"}""");
                await OkAsync(http, HttpMethod.Post, "usage",
                    $$"""[{"org":"acme","id":"a","occurred_at":"{{DateTimeOffset.UtcNow:yyyy-MM-ddTHH:mm:ssZ}}","provider":"openai","model":"gpt-4o","input_tokens":1000}]""");
                Assert.Contains("gpt-4o", await OkAsync(http, HttpMethod.Get, "orgs/acme/usage", null), StringComparison.Ordinal);
            }
            finally
            {
                server.Kill();
                await server.WaitForExitAsync(Stop);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_connection_in_use_is_never_closed_for_another()
    {
        var table = Table(connections: 4, perAddress: 2);
        var closed = new List<string>();
        ClientConnection Client(string address, string name) => new(IPAddress.Parse(address), () => closed.Add(name));
        var (busy, idle, late, third) = (Client("10.0.0.1", "busy"), Client("10.0.0.1", "idle"), Client("10.0.0.1", "late"), Client("10.0.0.1", "third"));
        Assert.True(table.TryAdd(busy));
        Assert.True(table.TryAdd(idle));
        table.Begin(busy);
        table.Begin(idle);
        idle.End();

        Assert.True(table.TryAdd(late));
        Assert.Equal(["idle"], closed);

        table.Begin(late);
        Assert.False(table.TryAdd(third));
        Assert.True(table.TryAdd(Client("10.0.0.2", "other")));
        Assert.Equal(3, table.Open);

        // A trusted proxy speaks for many.
        Assert.True(table.TryAdd(Client("10.9.0.1", "proxied")));
        Assert.True(table.TryAdd(Client("10.9.0.1", "proxied too")));
        Assert.True(table.TryAdd(Client("10.9.0.1", "proxied as well")));

        foreach (var gone in (ReadOnlySpan<ClientConnection>)[busy, idle, late]) table.Remove(gone);
        Assert.InRange(table.Open, 2, 4);
    }

    [Fact]
    public void One_network_is_one_address_in_IPv6()
    {
        IPAddress Of(string address) => ConnectionTable.AddressOf(new IPEndPoint(IPAddress.Parse(address), 1));

        Assert.Equal(Of("2001:db8::1"), Of("2001:db8::ffff:1"));
        Assert.NotEqual(Of("2001:db8::1"), Of("2001:db8:0:1::1"));
        Assert.Equal(Of("10.0.0.1"), Of("::ffff:10.0.0.1"));
    }

    [Theory]
    [InlineData(10_000, 1_024, 384)]
    [InlineData(10_000, 100_000, 10_000)]
    [InlineData(10_000, 64, 16)]
    [InlineData(10, null, 10)]
    public void Half_of_the_open_files_is_for_clients(int wanted, int? files, int expected) => Assert.Equal(expected, OpenFiles.Connections(wanted, files));

    private static ConnectionTable Table(int connections, int perAddress) =>
        new(new GovernorOptions { Connections = connections, ConnectionsPerAddress = perAddress }, [IPNetwork.Parse("10.9.0.0/16")], openFiles: null,
            NullLogger<ConnectionTable>.Instance);

    private static async Task<string> OkAsync(HttpClient http, HttpMethod method, string path, string? body)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };
        using var response = await http.SendAsync(request, Stop);
        var text = await response.Content.ReadAsStringAsync(Stop);
        Assert.True(response.IsSuccessStatusCode, $"{method} {path}: {(int)response.StatusCode} {text}");
        return text;
    }

    private static async Task<Sockets> SilentAsync(string url, int count)
    {
        var (address, sockets) = (new Uri(url), new Sockets());
        for (var i = 0; i < count; i++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            sockets.Add(socket);
            await socket.ConnectAsync(IPAddress.Loopback, address.Port, Stop);
        }

        return sockets;
    }

    private static Process Serve(string folder, int openFiles) => Process.Start(new ProcessStartInfo(
        "sh", ["-c", $"ulimit -n {openFiles}; exec dotnet \"$@\"", "sh", Path.Combine(AppContext.BaseDirectory, "tieout.dll"), "serve", "--data", folder,
            "--listen", "http://127.0.0.1:0"])
    {
        RedirectStandardOutput = true,
        WorkingDirectory = folder,
    })!;

    private static async Task<string> UrlAsync(Process server)
    {
        while (await server.StandardOutput.ReadLineAsync(Stop) is { } line)
        {
            if (!line.StartsWith('{') && Url().Match(line) is { Success: true, Value: var url })
            {
                _ = server.StandardOutput.ReadToEndAsync(CancellationToken.None);
                return url;
            }
        }

        throw new InvalidOperationException("The server ended before it listened.");
    }

    private sealed class Sockets : List<Socket>, IDisposable
    {
        public void Dispose()
        {
            foreach (var socket in this) socket.Dispose();
        }
    }
}
