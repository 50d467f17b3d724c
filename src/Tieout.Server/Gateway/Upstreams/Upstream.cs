using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Net;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Tieout.Server.Configuration;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Pricing;

namespace Tieout.Server.Gateway.Upstreams;

/// <summary>One configured provider and the connections to it. Nothing in a request can change where it leads.</summary>
internal sealed class Upstream : IDisposable
{
    /// <summary>Names and credentials of the client's connection to us, and what framing sets: never passed on, whatever a pattern says.</summary>
    private static readonly FrozenSet<string> NeverForwarded = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "Authorization", "Proxy-Authorization", "Cookie", "Api-Key", "X-Api-Key", "X-Goog-Api-Key", "Host", "Connection", "Keep-Alive", "Proxy-Connection",
        "TE", "Trailer",
        "Transfer-Encoding", "Upgrade", "Expect", "Content-Length", "Content-Type", "Content-Encoding", "Accept-Encoding",

        // What would make an answer shorter than it is, of another form or another method's, or bill another project: its usage could not be read, or not be
        // ours.
        "Accept", "Accept-Charset", "Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "Prefer", "Max-Forwards",
        "Via", "Forwarded",
        "X-Goog-FieldMask", "X-Goog-User-Project", "X-Goog-Iam-Authorization-Token", "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override",
        "OpenAI-Organization", "OpenAI-Project",
        "Tieout-Envelope");

    private readonly HttpMessageInvoker _connections;
    private readonly Dialect _dialect;
    private readonly string _keyHeader;
    private readonly string? _credential;
    private readonly FrozenDictionary<string, string> _credentialsOfOrgs;
    private readonly ProviderSecrets _secrets;
    private readonly TimeSpan _connectTimeout;
    private readonly ImmutableArray<string> _prefixes;
    private readonly FrozenSet<string> _names;
    private Known? _last;

    public Upstream(ProviderOptions options, GatewayOptions gateway)
    {
        Options = options;
        _dialect = Dialect.For(options.Dialect);
        _keyHeader = options.AuthHeader ?? _dialect.KeyHeader;
        var prefix = options.AuthHeader is null ? _dialect.KeyPrefix : "";
        _credential = options.ApiKey is { } key ? prefix + key : null;
        _credentialsOfOrgs = options.ApiKeyByOrg.ToFrozenDictionary(one => one.Key, one => prefix + one.Value, StringComparer.Ordinal);
        _secrets = new([.. options.ApiKeyByOrg.Values, options.ApiKey ?? ""]);
        _connectTimeout = ConnectTimeout(options, gateway);
        _prefixes = [.. options.ForwardHeaders.Where(pattern => pattern.EndsWith('*')).Select(pattern => pattern[..^1])];
        _names = options.ForwardHeaders.Where(pattern => !pattern.EndsWith('*')).Concat(_dialect.VersionHeaders).ToFrozenSet(StringComparer.OrdinalIgnoreCase);
        _connections = new(new SocketsHttpHandler
        {
            // Bytes as they are, to the configured address and nowhere else.
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            ConnectTimeout = _connectTimeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
            MaxResponseHeadersLength = 64,
        });
    }

    public ProviderOptions Options { get; }

    /// <summary>What price lists call it: the configured name, else, where no list of the org knows that, its dialect's home.</summary>
    public string PricedAs(OrgPrices prices) => prices.ProviderOf(Options.Prices ?? Options.Name, HomeProvider);

    /// <summary>Whose price list and usage blocks a provider of this dialect has unless one of its own is known.</summary>
    public string HomeProvider => _dialect.HomeProvider;

    /// <summary>Sends a request. Returns with the head of the answer.</summary>
    /// <param name="org">For whom: some orgs have an account of their own at the provider.</param>
    /// <param name="path">What comes after the provider's address, query included.</param>
    /// <param name="body">Not pooled: a connection may still be sending it when the answer is already there. Null: none.</param>
    /// <param name="contentType">Null: JSON.</param>
    public ValueTask<UpstreamAnswer> SendAsync(
        string org, HttpMethod method, string path, ReadOnlyMemory<byte>? body, IHeaderDictionary clientHeaders, CancellationToken cancellationToken,
        string? contentType = null)
    {
        ReadOnlyMemoryContent? content = null;
        if (body is { } bytes)
        {
            content = new(bytes);
            content.Headers.TryAddWithoutValidation("Content-Type", contentType ?? "application/json");
        }

        return SendAsync(org, method, path, content, clientHeaders, cancellationToken);
    }

    /// <summary>Sends a request whose body is too large to be in memory, or that has none. Returns with the head of the answer.</summary>
    /// <inheritdoc cref="SendAsync(string, HttpMethod, string, ReadOnlyMemory{byte}?, IHeaderDictionary, CancellationToken, string?)"/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<UpstreamAnswer> SendAsync(
        string org, HttpMethod method, string path, HttpContent? content, IHeaderDictionary clientHeaders, CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(method, At(path)) { Content = content };
        if ((_credentialsOfOrgs.GetValueOrDefault(org) ?? _credential) is { } credential) request.Headers.TryAddWithoutValidation(_keyHeader, credential);
        if (_names.Count + _prefixes.Length > 0) Forward(clientHeaders, request);
        return new(await _connections.SendAsync(request, cancellationToken), _secrets);
    }

    /// <summary>Whether it is what these options would make, so that its connections can be kept.</summary>
    public bool IsOf(ProviderOptions options, GatewayOptions gateway) =>
        options with { ForwardHeaders = Options.ForwardHeaders, ApiKeyByOrg = Options.ApiKeyByOrg, SharedObjects = Options.SharedObjects } == Options
        && options.ApiKeyByOrg.Count == Options.ApiKeyByOrg.Count && !options.ApiKeyByOrg.Except(Options.ApiKeyByOrg).Any()
        && options.SharedObjects.SetEquals(Options.SharedObjects)
        && options.ForwardHeaders.SequenceEqual(Options.ForwardHeaders)
        && ConnectTimeout(options, gateway) == _connectTimeout;

    public void Dispose() => _connections.Dispose();

    /// <summary>Nearly all requests go to one or two addresses, and reading an address costs more than remembering the last.</summary>
    private Uri At(string path)
    {
        if (Volatile.Read(ref _last) is { } last && last.Path == path) return last.Address;
        var query = Options.Query is { } always ? (path.Contains('?', StringComparison.Ordinal) ? "&" : "?") + always : "";
        var address = new Uri(Options.BaseUrl.OriginalString + path + query);
        Volatile.Write(ref _last, new(path, address));
        return address;
    }

    private static TimeSpan ConnectTimeout(ProviderOptions options, GatewayOptions gateway) => options.Timeouts.Connect ?? gateway.ConnectTimeout;

    private void Forward(IHeaderDictionary clientHeaders, HttpRequestMessage request)
    {
        var hops = clientHeaders.Connection;
        foreach (var (name, values) in clientHeaders)
        {
            if (IsForwarded(name) && !IsHop(hops, name)) request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }
    }

    /// <summary>Whether the client's <c>Connection</c> names the header: then it is for us alone.</summary>
    private static bool IsHop(StringValues connection, string name)
    {
        foreach (var value in connection)
        {
            if (value is not null && value.Split(',', StringSplitOptions.TrimEntries).Contains(name, StringComparer.OrdinalIgnoreCase)) return true;
        }

        return false;
    }

    private bool IsForwarded(string name)
    {
        if (NeverForwarded.Contains(name) || name.Equals(_keyHeader, StringComparison.OrdinalIgnoreCase)) return false;
        if (_names.Contains(name)) return true;
        foreach (var prefix in _prefixes)
        {
            if (name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)) return true;
        }

        return false;
    }

    private sealed record Known(string Path, Uri Address);
}
