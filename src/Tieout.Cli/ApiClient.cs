using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Tieout.Server.Http;
using Tieout.Server.Ledger;

namespace Tieout.Cli;

/// <summary>The API as the commands call it.</summary>
internal sealed class ApiClient : IDisposable
{
    public static ApiJson Json => ApiJson.Default;

    private readonly HttpClient _http;

    /// <param name="token">Null: none is sent.</param>
    public ApiClient(Uri server, string? token)
    {
        Server = server;
        _http = new(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5), UseProxy = !server.IsLoopback, AllowAutoRedirect = false })
        {
            BaseAddress = new(server.AbsoluteUri.TrimEnd('/') + ApiPath.Root + "/"),
            Timeout = TimeSpan.FromMinutes(5),
        };
        if (token is not null) _http.DefaultRequestHeaders.Authorization = new("Bearer", token);
    }

    public Uri Server { get; }

    /// <param name="path">Below <c>/api/v1/</c>; made with <see cref="Path"/>.</param>
    /// <exception cref="CommandFailedException">The server cannot be reached, or refused.</exception>
    public Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        SendAsync(new(HttpMethod.Get, path), type, cancellationToken);

    /// <inheritdoc cref="GetAsync"/>
    public Task<TAnswer> SendAsync<TBody, TAnswer>(
        HttpMethod method, string path, TBody body, JsonTypeInfo<TBody> bodyType, JsonTypeInfo<TAnswer> type, CancellationToken cancellationToken) =>
        SendAsync(new(method, path) { Content = new StringContent(JsonSerializer.Serialize(body, bodyType), Encoding.UTF8, "application/json") }, type,
            cancellationToken);

    /// <inheritdoc cref="GetAsync"/>
    public Task<T> PostAsync<T>(string path, HttpContent? content, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        SendAsync(new(HttpMethod.Post, path) { Content = content }, type, cancellationToken);

    /// <inheritdoc cref="GetAsync"/>
    public Task<T> DeleteAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        SendAsync(new(HttpMethod.Delete, path), type, cancellationToken);

    /// <summary>Copies an answer as it comes, however long.</summary>
    /// <inheritdoc cref="GetAsync"/>
    public async Task CopyAsync(string path, Stream to, CancellationToken cancellationToken)
    {
        using var response = await AnswerAsync(new(HttpMethod.Get, path), cancellationToken);
        try
        {
            await response.Content.CopyToAsync(to, cancellationToken);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw Unreachable(e);
        }
    }

    /// <summary>Reads an answer of JSON Lines as it comes, however long.</summary>
    /// <inheritdoc cref="GetAsync"/>
    public async IAsyncEnumerable<T> LinesAsync<T>(string path, JsonTypeInfo<T> type, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var response = await AnswerAsync(new(HttpMethod.Get, path), cancellationToken);
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        await foreach (var line in JsonSerializer.DeserializeAsyncEnumerable(body, type, topLevelValues: true, cancellationToken))
        {
            if (line is not null) yield return line;
        }
    }

    /// <summary>A path with its parts escaped, and the query parameters that have a value.</summary>
    public static string Path(string[] parts, params (string Name, string? Value)[] query)
    {
        var path = string.Join('/', parts.Select(Uri.EscapeDataString));
        var given =
            query.Where(parameter => parameter.Value is not null).Select(parameter => $"{parameter.Name}={Uri.EscapeDataString(parameter.Value!)}").ToArray();
        return given.Length == 0 ? path : $"{path}?{string.Join('&', given)}";
    }

    public void Dispose() => _http.Dispose();

    private async Task<T> SendAsync<T>(HttpRequestMessage request, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var response = await AnswerAsync(request, cancellationToken);
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            if (response.StatusCode == HttpStatusCode.Accepted)
            {
                throw Proposed(await JsonSerializer.DeserializeAsync(body, Json.ProposalBody, cancellationToken) ?? throw new JsonException("null"));
            }

            return await JsonSerializer.DeserializeAsync(body, type, cancellationToken) ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new CommandFailedException(ExitCode.Unreachable, $"The program at {Server} is not a Tieout server of this version.", inner: e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw Unreachable(e);
        }
    }

    private async Task<HttpResponseMessage> AnswerAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using (request)
        {
            HttpResponseMessage response;
            try
            {
                response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            }
            catch (Exception e) when (e is HttpRequestException or IOException || (e is TaskCanceledException && !cancellationToken.IsCancellationRequested))
            {
                throw Unreachable(e);
            }

            if (response.IsSuccessStatusCode) return response;
            using (response) throw await RefusedAsync(response, cancellationToken);
        }
    }

    private static CommandFailedException Proposed(ProposalBody proposal) => new(
        ExitCode.Findings,
        $"Not carried out: it is recorded as the proposal {proposal.Id} of {proposal.Org ?? "the platform"} and waits for another person until {proposal.ExpiresAt}. They run: tieout proposals approve {proposal.Org ?? Commands.ProposalCommands.Platform} {proposal.Id} --hash {proposal.Hash}",
        "proposed");

    private CommandFailedException Unreachable(Exception e) =>
        new(ExitCode.Unreachable,
            $"The server at {Server.AbsoluteUri.TrimEnd('/')} cannot be reached. Is 'tieout serve' running there? Say where with --server or TIEOUT_URL.",
            "unreachable", e);

    private async Task<CommandFailedException> RefusedAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var exitCode = (int)response.StatusCode >= 500 ? ExitCode.Unreachable : ExitCode.Usage;
        try
        {
            using var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync(cancellationToken));
            var code = problem.RootElement.GetProperty("code").GetString();
            var detail = problem.RootElement.TryGetProperty("detail", out var said) ? said.GetString() : null;
            var hint = response.StatusCode == HttpStatusCode.Unauthorized ? " Say which token with --token or TIEOUT_TOKEN." : "";
            return new(exitCode, (detail ?? problem.RootElement.GetProperty("title").GetString()) + hint, code);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return new(exitCode, $"{Server} answered {(int)response.StatusCode} which no Tieout server answers.", inner: e);
        }
    }
}
