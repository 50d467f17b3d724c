using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Limits;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>The conventions that all addresses of one family of providers share: where the key is, and what an error looks like.</summary>
internal abstract class Dialect
{
    private const string Scheme = "Bearer ";

    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public abstract ProviderDialect Spoken { get; }

    /// <summary>Name in the configuration and in texts.</summary>
    public string Name => field ??= Spoken.Name();

    /// <summary>The provider whose price list and usage blocks apply unless the configured provider has its own.</summary>
    public abstract string HomeProvider { get; }

    /// <summary>The header with the key, from the client to the gateway and from the gateway to the provider.</summary>
    public abstract string KeyHeader { get; }

    /// <summary>Text before the key in <see cref="KeyHeader"/>.</summary>
    public virtual string KeyPrefix => "";

    /// <summary>A query parameter that may have the client's key instead; null: there is none.</summary>
    public virtual string? KeyParameter => null;

    /// <summary>Client headers that select a version of the provider's API. Always forwarded.</summary>
    public virtual IReadOnlyList<string> VersionHeaders => [];

    public static Dialect For(ProviderDialect spoken) => spoken switch
    {
        ProviderDialect.Anthropic => AnthropicDialect.Instance,
        ProviderDialect.Gemini => GeminiDialect.Instance,
        _ => OpenAiDialect.Instance,
    };

    /// <summary>The dialect in which a client at this address expects errors, even if nothing is mapped there.</summary>
    public static Dialect At(PathString path) =>
        path.StartsWithSegments("/v1/messages", StringComparison.Ordinal) || path.StartsWithSegments("/v1/anthropic", StringComparison.Ordinal)
            ? AnthropicDialect.Instance
        : path.StartsWithSegments("/v1beta", StringComparison.Ordinal) || path.StartsWithSegments("/v1/gemini", StringComparison.Ordinal)
        ? GeminiDialect.Instance
        : OpenAiDialect.Instance;

    /// <summary>The dialect of a request at an address that several dialects share. Only Anthropic's clients send <c>anthropic-version</c>.</summary>
    public static Dialect Asking(HttpRequest request) => request.Headers.ContainsKey("anthropic-version") ? AnthropicDialect.Instance : At(request.Path);

    /// <summary>Writes the dialect's headers for a limit.</summary>
    /// <param name="what"><c>requests</c> or <c>tokens</c>.</param>
    public virtual void WriteLimit(IHeaderDictionary headers, string what, in LimitFigure figure, DateTimeOffset now)
    {
        headers[$"x-ratelimit-limit-{what}"] = figure.Limit.ToString(CultureInfo.InvariantCulture);
        headers[$"x-ratelimit-remaining-{what}"] = figure.Remaining.ToString(CultureInfo.InvariantCulture);
        headers[$"x-ratelimit-reset-{what}"] = Permit.Span(figure.Reset);
    }

    /// <summary>The key of a request, where this dialect's clients send it, else the bearer token. Null: there is none.</summary>
    public string? Secret(HttpRequest request)
    {
        var headers = request.Headers;
        var secret = KeyPrefix.Length == 0 && headers.TryGetValue(KeyHeader, out var own) ? own.ToString().Trim()
            : headers.Authorization.ToString() is { } bearer && bearer.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? bearer[Scheme.Length..].Trim()
            : KeyParameter is { } name && request.Query.TryGetValue(name, out var parameter) ? parameter.ToString()
            : null;
        return secret is { Length: > 0 and <= AccessProtocol.SecretLengthMax } ? secret : null;
    }

    public Task RefuseAsync(HttpContext context, GatewayRefusal refusal) => RefuseAsync(context, refusal.Error, refusal.Message, refusal.Parameter);

    /// <summary>Answers with <paramref name="error"/>. Nothing of the answer may have been sent yet.</summary>
    /// <param name="message">One sentence for this occurrence; null: the title. Secrets and prompts never.</param>
    /// <param name="parameter">The field or header it is about.</param>
    public async Task RefuseAsync(HttpContext context, ApiError error, string? message = null, string? parameter = null)
    {
        RefusedWith.Note(context, error);
        var bytes = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(bytes, Plain))
        {
            Write(json, error, message ?? error.Title, parameter, context.Response.Headers.RetryAfter.ToString());
        }

        var response = context.Response;
        response.StatusCode = error.Status;
        response.ContentType = "application/json";
        response.ContentLength = bytes.WrittenCount;

        // The providers' own clients retry 409, 429 and 5xx unless a header forbids it, and retries of a refused request are a retry storm.
        // A rate limit passes with time, which Retry-After gives.
        if (error.Status is < 500 and not StatusCodes.Status429TooManyRequests) response.Headers["x-should-retry"] = "false";
        await response.BodyWriter.WriteAsync(bytes.WrittenMemory, context.RequestAborted);
    }

    /// <param name="retryAfter">Seconds; empty: none.</param>
    protected abstract void Write(Utf8JsonWriter json, ApiError error, string message, string? parameter, string retryAfter);
}
