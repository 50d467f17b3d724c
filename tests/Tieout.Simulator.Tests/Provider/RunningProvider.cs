using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Simulator.Provider;

namespace Tieout.Simulator.Tests.Provider;

/// <summary>A simulated provider on a free port of this machine, and a client for it.</summary>
internal sealed class RunningProvider : IAsyncDisposable
{
    private readonly WebApplication _app;

    private RunningProvider(WebApplication app)
    {
        _app = app;
        Root = new(app.Urls.Single());
        Client = new() { BaseAddress = Root };
    }

    public Uri Root { get; }

    public HttpClient Client { get; }

    public ServedLog Log => _app.Services.GetRequiredService<ServedLog>();

    public static async Task<RunningProvider> StartAsync(SimulatedProviderOptions? options = null)
    {
        var app = SimulatedProviderApp.Build((options ?? new()) with { Listen = "http://127.0.0.1:0" });
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new(app);
    }

    /// <summary>Posts a chat request; the answer's headers have arrived, its body may not have.</summary>
    public Task<HttpResponseMessage> PostAsync(string body, params (string Name, string Value)[] headers) => PostToAsync("/v1/chat/completions", body, headers);

    /// <summary>Posts JSON to any path; the answer's headers have arrived, its body may not have.</summary>
    public async Task<HttpResponseMessage> PostToAsync(string path, string body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        foreach (var (name, value) in headers) request.Headers.Add(name, value);
        return await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }

    public async Task<JsonElement> PostJsonAsync(string body, params (string Name, string Value)[] headers)
    {
        using var response = await PostAsync(body, headers);
        return JsonElement.Parse(await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
    }

    public async Task<JsonElement> PostJsonToAsync(string path, string body, params (string Name, string Value)[] headers)
    {
        using var response = await PostToAsync(path, body, headers);
        return JsonElement.Parse(await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
    }

    public async Task<JsonElement> GetJsonAsync(string path) =>
        JsonElement.Parse(await Client.GetByteArrayAsync(path, TestContext.Current.CancellationToken));

    /// <summary>The <c>data:</c> lines of a stream in order, <c>[DONE]</c> included, and whether the stream came to its end.</summary>
    public Task<(List<string> Events, bool Whole)> PostStreamAsync(string body, params (string Name, string Value)[] headers) =>
        PostStreamToAsync("/v1/chat/completions", body, headers);

    public async Task<(List<string> Events, bool Whole)> PostStreamToAsync(string path, string body, params (string Name, string Value)[] headers)
    {
        var events = new List<string>();
        using var response = await PostToAsync(path, body, headers);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        try
        {
            while (await reader.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
            {
                if (line.StartsWith("data: ", StringComparison.Ordinal)) events.Add(line["data: ".Length..]);
            }

            return (events, true);
        }
        catch (IOException)
        {
            return (events, false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }
}
