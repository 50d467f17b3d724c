using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Net;
using Microsoft.AspNetCore.Http;
using Tieout.Server.Configuration;

namespace Tieout.Server.Gateway.Upstreams;

/// <summary>One configured provider and the connections to it. Nothing in a request can change where it leads.</summary>
internal sealed class Upstream : IDisposable
{
    /// <summary>Names and credentials of the client's connection to us, and what framing sets: never passed on, whatever a pattern says.</summary>
    private static readonly FrozenSet<string> NeverForwarded = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "Authorization", "Proxy-Authorization", "Cookie", "Api-Key", "X-Api-Key", "Host", "Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer",
        "Transfer-Encoding", "Upgrade", "Expect", "Content-Length", "Content-Type", "Content-Encoding", "Accept-Encoding");

    private readonly HttpMessageInvoker _connections;
    private readonly TimeSpan _connectTimeout;
    private readonly Uri _chat;
    private readonly string? _authorization;
    private readonly ImmutableArray<string> _prefixes;
    private readonly FrozenSet<string> _names;

    public Upstream(ProviderOptions options, GatewayOptions gateway)
    {
        Options = options;
        _connectTimeout = ConnectTimeout(options, gateway);
        _chat = new($"{options.BaseUrl.OriginalString}/chat/completions");
        _authorization = options.ApiKey is { } key ? $"Bearer {key}" : null;
        _prefixes = [.. options.ForwardHeaders.Where(pattern => pattern.EndsWith('*')).Select(pattern => pattern[..^1])];
        _names = options.ForwardHeaders.Where(pattern => !pattern.EndsWith('*')).ToFrozenSet(StringComparer.OrdinalIgnoreCase);
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

    /// <summary>Whose price list and usage blocks a provider of this dialect has unless one of its own is known.</summary>
    public string HomeProvider { get; } = "openai";

    /// <summary>Sends a chat request. Returns with the head of the answer.</summary>
    /// <param name="body">Not pooled: a connection may still be sending it when the answer is already there.</param>
    public Task<HttpResponseMessage> SendChatAsync(ReadOnlyMemory<byte> body, IHeaderDictionary clientHeaders, CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, _chat) { Content = new ReadOnlyMemoryContent(body) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        if (_authorization is not null) request.Headers.TryAddWithoutValidation("Authorization", _authorization);
        if (_names.Count + _prefixes.Length > 0) Forward(clientHeaders, request);
        return _connections.SendAsync(request, cancellationToken);
    }

    /// <summary>Whether it is what these options would make, so that its connections can be kept.</summary>
    public bool IsOf(ProviderOptions options, GatewayOptions gateway) =>
        options with { ForwardHeaders = Options.ForwardHeaders } == Options
        && options.ForwardHeaders.SequenceEqual(Options.ForwardHeaders)
        && ConnectTimeout(options, gateway) == _connectTimeout;

    public void Dispose() => _connections.Dispose();

    private static TimeSpan ConnectTimeout(ProviderOptions options, GatewayOptions gateway) => options.Timeouts.Connect ?? gateway.ConnectTimeout;

    private void Forward(IHeaderDictionary clientHeaders, HttpRequestMessage request)
    {
        foreach (var (name, values) in clientHeaders)
        {
            if (IsForwarded(name)) request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }
    }

    private bool IsForwarded(string name)
    {
        if (NeverForwarded.Contains(name)) return false;
        if (_names.Contains(name)) return true;
        foreach (var prefix in _prefixes)
        {
            if (name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)) return true;
        }

        return false;
    }
}
