using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Tieout.Server.Configuration;
using Tieout.Server.Hosting;
using Tieout.Storage.Sqlite;

namespace Tieout.Console.Tests;

/// <summary>A server with the console on a free port, and a browser without scripts: a client that keeps cookies and follows no redirect by itself.</summary>
internal sealed partial class ConsoleWorld : IAsyncDisposable
{
    public const string Admin = "an-admin-token";

    private readonly DirectoryInfo _folder;

    public WebApplication Server { get; private init; } = default!;

    public HttpClient Browser { get; private init; } = default!;

    private SqliteLedger Ledger { get; init; } = default!;

    private HttpClient Api { get; init; } = default!;

    public static async Task<ConsoleWorld> StartAsync()
    {
        var folder = Directory.CreateTempSubdirectory("tieout-console-");
        var ledger = SqliteLedger.Open(folder.FullName);
        var options = new ServerOptions { Listen = "http://127.0.0.1:0", Data = folder.FullName, AdminToken = Admin };
        var server = TieoutServer.Build(options, ledger, new ConsolePart(folder.FullName));
        await server.StartAsync();
        return new(folder)
        {
            Server = server,
            Ledger = ledger,
            Browser = NewBrowser(server),
            Api = new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new(server.Urls.First() + "/api/v1/") },
        };
    }

    private ConsoleWorld(DirectoryInfo folder) => _folder = folder;

    public static HttpClient NewBrowser(WebApplication server) => new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false })
    {
        BaseAddress = new(server.Urls.First()),
    };

    /// <summary>An address of the API, with the admin token.</summary>
    public async Task<JsonElement> ApiAsync(HttpMethod method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Authorization = new("Bearer", Admin);
        using var answer = await Api.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, $"{method} {path}: {text}");
        return JsonElement.Parse(text);
    }

    /// <summary>Two orgs with usage of today and yesterday in UTC.</summary>
    public async Task FillAsync()
    {
        foreach (var org in (string[])["acme", "beta"])
        {
            await ApiAsync(HttpMethod.Post, "orgs", new { id = org, asset = "USD", billing = "prepaid" });
            await ApiAsync(HttpMethod.Post, $"orgs/{org}/topups", new { id = "first", amount = "1000" });
        }

        var now = DateTimeOffset.UtcNow;
        await ApiAsync(HttpMethod.Post, "usage", new
        {
            items = Enumerable.Range(0, 12).Select(i => new
            {
                id = $"u{i}",
                org = i % 3 == 0 ? "beta" : "acme",
                occurred_at = now.AddHours(-2 * i).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture),
                provider = "openai",
                model = i % 2 == 0 ? "gpt-4o" : "<b>odd & long</b>",
                input_tokens = 100 + i,
                output_tokens = 10,
                charge = $"1.{i:00}0000007",
            }).ToList(),
        });
    }

    public async Task<(HttpStatusCode Status, string Html)> GetAsync(string path)
    {
        using var answer = await Browser.GetAsync(path, TestContext.Current.CancellationToken);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>Fills in the form of a page and sends it.</summary>
    /// <param name="action">Null: where the form stands.</param>
    public async Task<HttpResponseMessage> SubmitAsync(string page, string? action, params (string Name, string Value)[] typed)
    {
        var (_, html) = await GetAsync(page);
        var fields = Hidden().Matches(html).ToDictionary(field => field.Groups[1].Value, field => WebUtility.HtmlDecode(field.Groups[2].Value));
        foreach (var (name, value) in typed) fields[name] = value;
        return await Browser.PostAsync(action ?? page, new FormUrlEncodedContent(fields), TestContext.Current.CancellationToken);
    }

    public async Task SignInAsync(string token = Admin)
    {
        using var answer = await SubmitAsync("/sign-in", action: null, ("Sent.Token", token));
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
    }

    public async ValueTask DisposeAsync()
    {
        Browser.Dispose();
        Api.Dispose();
        await Server.DisposeAsync();
        await Ledger.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [GeneratedRegex("""<input type="hidden" name="([^"]+)" value="([^"]*)""")]
    private static partial Regex Hidden();
}
