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

/// <summary>What all addresses of one family of providers have in common: how a key comes in and goes out, and what an error looks like.</summary>
internal abstract class Dialect
{
    private const string Scheme = "Bearer ";

    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public abstract ProviderDialect Spoken { get; }

    /// <summary>As people and the configuration call it.</summary>
    public abstract string Name { get; }

    /// <summary>Whose price list and usage blocks a provider of this dialect has unless one of its own is known.</summary>
    public abstract string HomeProvider { get; }

    /// <summary>The header that bears a key, both from the client to us and from us to the provider.</summary>
    public abstract string KeyHeader { get; }

    /// <summary>What stands before the key in <see cref="KeyHeader"/>.</summary>
    public virtual string KeyPrefix => "";

    /// <summary>A parameter of the query that may bear the client's key instead; null: there is none.</summary>
    public virtual string? KeyParameter => null;

    /// <summary>Client headers without which the provider does not know which version of itself is meant. Always passed on.</summary>
    public virtual IReadOnlyList<string> VersionHeaders => [];

    public static Dialect For(ProviderDialect spoken) => spoken switch
    {
        ProviderDialect.Anthropic => AnthropicDialect.Instance,
        ProviderDialect.Gemini => GeminiDialect.Instance,
        _ => OpenAiDialect.Instance,
    };

    /// <summary>Whose errors a client at this address understands, whether or not there is anything at it.</summary>
    public static Dialect At(PathString path) =>
        path.StartsWithSegments("/v1/messages", StringComparison.Ordinal) || path.StartsWithSegments("/v1/anthropic", StringComparison.Ordinal) ? AnthropicDialect.Instance
        : path.StartsWithSegments("/v1beta", StringComparison.Ordinal) || path.StartsWithSegments("/v1/gemini", StringComparison.Ordinal) ? GeminiDialect.Instance
        : OpenAiDialect.Instance;

    /// <summary>Whose form an answer is to have at an address that more than one dialect has: a header that only Anthropic's clients send tells.</summary>
    public static Dialect Asking(HttpRequest request) => request.Headers.ContainsKey("anthropic-version") ? AnthropicDialect.Instance : At(request.Path);

    /// <summary>Says how a limit stands, in the words of the dialect.</summary>
    /// <param name="what"><c>requests</c> or <c>tokens</c>.</param>
    public virtual void WriteLimit(IHeaderDictionary headers, string what, in LimitFigure figure, DateTimeOffset now)
    {
        headers[$"x-ratelimit-limit-{what}"] = figure.Limit.ToString(CultureInfo.InvariantCulture);
        headers[$"x-ratelimit-remaining-{what}"] = figure.Remaining.ToString(CultureInfo.InvariantCulture);
        headers[$"x-ratelimit-reset-{what}"] = Permit.Span(figure.Reset);
    }

    /// <summary>The key that a request bears: where this dialect's clients put it, else as a bearer token. Null: it has none.</summary>
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
        using (var json = new Utf8JsonWriter(bytes, Plain)) Write(json, error, message ?? error.Title, parameter, context.Response.Headers.RetryAfter.ToString());
        var response = context.Response;
        response.StatusCode = error.Status;
        response.ContentType = "application/json";
        response.ContentLength = bytes.WrittenCount;

        // The providers' own clients try 409, 429 and 5xx again unless told otherwise; asking again for what is refused is a retry storm.
        // What is too much now may be right in a moment: Retry-After says when.
        if (error.Status is < 500 and not StatusCodes.Status429TooManyRequests) response.Headers["x-should-retry"] = "false";
        await response.BodyWriter.WriteAsync(bytes.WrittenMemory, context.RequestAborted);
    }

    /// <param name="retryAfter">Seconds; empty: it does not say.</param>
    protected abstract void Write(Utf8JsonWriter json, ApiError error, string message, string? parameter, string retryAfter);
}
