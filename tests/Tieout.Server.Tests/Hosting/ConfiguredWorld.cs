using System.Net.Http.Json;
using System.Text.Json;
using Tieout.Server.Configuration;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Hosting;

/// <summary>A server with a <c>tieout.yaml</c> of its own, which a test may rewrite, and an operations address.</summary>
internal sealed class ConfiguredWorld : IAsyncDisposable
{
    private ConfiguredWorld(ApiWorld api, DirectoryInfo folder)
    {
        Api = api;
        Folder = folder;
        Operations = new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new(api.Server.Urls.Last()) };
    }

    public ApiWorld Api { get; }

    public DirectoryInfo Folder { get; }

    public HttpClient Http => Api.Http;

    public HttpClient Operations { get; }

    private string File => Path.Combine(Folder.FullName, "tieout.yaml");

    public static async Task<ConfiguredWorld> StartAsync(string yaml = "{}")
    {
        var folder = Directory.CreateTempSubdirectory("tieout-yaml-");
        var file = Path.Combine(folder.FullName, "tieout.yaml");
        await System.IO.File.WriteAllTextAsync(file, yaml);
        var read = TieoutYaml.Load(file, _ => null);
        var api = await ApiWorld.StartAsync(options => options with { File = read.File, Doors = read.Doors with { OperationsListen = "http://127.0.0.1:0" } });
        return new(api, folder);
    }

    public Task WriteAsync(string yaml) => System.IO.File.WriteAllTextAsync(File, yaml);

    public Task<JsonElement> DetailAsync() => Operations.GetFromJsonAsync<JsonElement>("/healthz");

    public async ValueTask DisposeAsync()
    {
        Operations.Dispose();
        await Api.DisposeAsync();
        Folder.Delete(recursive: true);
    }
}
