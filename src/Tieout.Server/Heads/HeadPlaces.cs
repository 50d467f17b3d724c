using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Tieout.Core.Ledger;
using Tieout.Server.Configuration;
using Tieout.Storage;

namespace Tieout.Server.Heads;

/// <summary>The places outside the store that heads are written to and read from.</summary>
public sealed class HeadPlaces : IDisposable
{
    /// <summary>A year of one head a minute has about 200 MB; a file this large was not rotated for longer.</summary>
    private const long BytesMax = 1L << 30;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly HeadOptions _options;
    private readonly HttpClient _http;

    internal HeadPlaces(HeadOptions options)
    {
        _options = options;
        _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = Timeout }) { Timeout = Timeout };
        if (options.Token is { } token) _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>The last head that was written; null: none was.</summary>
    /// <exception cref="IOException">The place cannot be read.</exception>
    /// <exception cref="HttpRequestException">As <see cref="IOException"/>.</exception>
    /// <exception cref="ConfigurationException">What is there is not what was written.</exception>
    public async Task<SignedHead?> LastAsync(byte[] key, CancellationToken cancellationToken)
    {
        var (place, text) = (_options.File, _options.Put) switch
        {
            ({ } file, _) => (file, File.Exists(file) ? await ReadFileAsync(file, cancellationToken) : ""),
            (null, { } put) => (put.AbsoluteUri, await GetAsync(_http, put, cancellationToken)),
            _ => ("", ""),
        };
        var last = SignedHead.Last(text, key, out var flaw);
        return flaw is null ? last : throw new ConfigurationException($"{place}: the signed heads are not valid: {flaw}.");
    }

    /// <summary>Writes a head to every place.</summary>
    /// <exception cref="IOException">One of them could not be written.</exception>
    /// <exception cref="HttpRequestException">As <see cref="IOException"/>.</exception>
    public async Task WriteAsync(SignedHead head, CancellationToken cancellationToken)
    {
        var line = head.ToJson() + "\n";
        if (_options.File is { } file) Append(file, line);
        if (_options.Put is { } put) await SendAsync(HttpMethod.Put, put, line, cancellationToken);
        if (_options.Post is { } post) await SendAsync(HttpMethod.Post, post, line, cancellationToken);
    }

    /// <summary>What a file or an address holds.</summary>
    /// <inheritdoc cref="LastAsync"/>
    public static async Task<string> ReadAsync(string fileOrUrl, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(fileOrUrl, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
        {
            return await ReadFileAsync(fileOrUrl, cancellationToken);
        }

        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = Timeout }) { Timeout = Timeout };
        return await GetAsync(http, url, cancellationToken);
    }

    public void Dispose() => _http.Dispose();

    private static Task<string> ReadFileAsync(string file, CancellationToken cancellationToken) =>
        new FileInfo(file).Length <= BytesMax ? File.ReadAllTextAsync(file, cancellationToken)
            : throw new IOException($"{file} is larger than 1 GiB: move its old lines away, and leave at least the last one.");

    private static async Task<string> GetAsync(HttpClient http, Uri url, CancellationToken cancellationToken)
    {
        using var answer = await http.GetAsync(url, cancellationToken);
        if (answer.StatusCode == HttpStatusCode.NotFound) return "";
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadAsStringAsync(cancellationToken);
    }

    private static void Append(string path, string line)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder) PrivateFiles.CreateFolder(folder);
        using var file = PrivateFiles.Open(path, FileMode.Append, FileAccess.Write);
        file.Write(Encoding.UTF8.GetBytes(line));
        file.Flush(flushToDisk: true);
    }

    private async Task SendAsync(HttpMethod method, Uri url, string line, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, url) { Content = new StringContent(line, Encoding.UTF8, "application/json") };
        using var answer = await _http.SendAsync(request, cancellationToken);
        answer.EnsureSuccessStatusCode();
    }
}
