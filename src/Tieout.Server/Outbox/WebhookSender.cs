using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Tieout.Server.Attribution;
using Tieout.Server.Configuration;

namespace Tieout.Server.Outbox;

/// <summary>What came of sending one message once.</summary>
/// <param name="Status">Null: there was no answer.</param>
/// <param name="Error">Null: the endpoint took it.</param>
/// <param name="IsGone">The endpoint says that it is no more: nothing is tried again.</param>
internal sealed record SendOutcome(int? Status, string? Error, TimeSpan Took, TimeSpan? RetryAfter = null, bool IsGone = false);

/// <summary>Sends one message to one endpoint, once. Follows nothing, remembers nothing, reads no more of an answer than its head.</summary>
internal sealed class WebhookSender : IDisposable
{
    private const int HeadersKiBMax = 16;

    private readonly HttpClient _http;
    private readonly EnvelopeSecretOf _secret;
    private readonly TimeProvider _time;
    private readonly TimeSpan _timeout;

    public WebhookSender(ServerOptions options, EnvelopeSecretOf secret)
    {
        (_secret, _time, _timeout) = (secret, options.Time, options.Webhooks.Timeout);
        _http = new(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            AutomaticDecompression = DecompressionMethods.None,
            MaxResponseHeadersLength = HeadersKiBMax,
            MaxResponseDrainSize = 4 * 1024,
            ActivityHeadersPropagator = null,

            // So that a name which changes its address, or becomes one that may not be reached, is looked up again.
            PooledConnectionLifetime = TimeSpan.FromMinutes(1),
            ConnectCallback = (context, cancellationToken) => WebhookAddress.ConnectAsync(context, options.Webhooks, cancellationToken),
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    public bool CanSign => _secret.Value is not null;

    /// <exception cref="OperationCanceledException">The server stops; nothing is known of the message.</exception>
    public async Task<SendOutcome> SendAsync(Webhook webhook, string messageId, byte[] body, CancellationToken stopping)
    {
        var began = _time.GetTimestamp();
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        timeout.CancelAfter(_timeout);
        try
        {
            using var request = Request(webhook, messageId, body);
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, timeout.Token);
            var status = (int)answer.StatusCode;
            return new(status, Judge(status), _time.GetElapsedTime(began), RetryAfter(answer.Headers.RetryAfter), status == (int)HttpStatusCode.Gone);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            return new(null, string.Create(CultureInfo.InvariantCulture, $"no answer within {_timeout.TotalSeconds} s"), _time.GetElapsedTime(began));
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            return new(null, Cause(failure), _time.GetElapsedTime(began));
        }
    }

    public void Dispose() => _http.Dispose();

    private HttpRequestMessage Request(Webhook webhook, string messageId, byte[] body)
    {
        var now = _time.GetUtcNow();
        var timestamp = now.ToUnixTimeSeconds();
        var request = new HttpRequestMessage(HttpMethod.Post, webhook.Url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new("application/json");
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("Tieout", null));
        request.Headers.Add("webhook-id", messageId);
        request.Headers.Add("webhook-timestamp", timestamp.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add("webhook-signature", WebhookSecrets.Sign(_secret.Value!, webhook, messageId, timestamp, body, now));
        return request;
    }

    private static string? Judge(int status) => status switch
    {
        >= 200 and < 300 => null,
        >= 300 and < 400 => "answered with a redirection, which is not followed",
        _ => string.Create(CultureInfo.InvariantCulture, $"answered {status}"),
    };

    private TimeSpan? RetryAfter(RetryConditionHeaderValue? header) => header switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - _time.GetUtcNow(),
        _ => null,
    };

    /// <summary>Our own words for what the network did: never what an endpoint wrote.</summary>
    private static string Cause(Exception failure) => failure switch
    {
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => "the name is not known",
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => "no secure connection came about",
        HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded } => "the head of the answer is too long",
        HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded or HttpRequestError.InvalidResponse } => "the answer broke off",
        HttpRequestException { Message: var message } when message.Contains("private network", StringComparison.Ordinal) =>
            "the address is in a private network",
        _ => "no connection came about",
    };
}
