using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Limits;

namespace Tieout.Server.Gateway.Dialects;

internal sealed class AnthropicDialect : Dialect
{
    private AnthropicDialect() { }

    public static AnthropicDialect Instance { get; } = new();

    public override ProviderDialect Spoken => ProviderDialect.Anthropic;

    public override string HomeProvider => "anthropic";

    public override string KeyHeader => "x-api-key";

    public override IReadOnlyList<string> VersionHeaders { get; } = ["anthropic-version", "anthropic-beta"];

    /// <summary>Anthropic says when the whole limit is there again as a time.</summary>
    public override void WriteLimit(IHeaderDictionary headers, string what, in LimitFigure figure, DateTimeOffset now)
    {
        headers[$"anthropic-ratelimit-{what}-limit"] = figure.Limit.ToString(CultureInfo.InvariantCulture);
        headers[$"anthropic-ratelimit-{what}-remaining"] = figure.Remaining.ToString(CultureInfo.InvariantCulture);
        headers[$"anthropic-ratelimit-{what}-reset"] = (now + figure.Reset).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
    }

    /// <summary>Anthropic's own errors have no code; theirs are told apart by type alone, so ours stands beside it.</summary>
    protected override void Write(Utf8JsonWriter json, ApiError error, string message, string? parameter, string retryAfter)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "error"u8);
        json.WriteStartObject("error"u8);
        json.WriteString("type"u8, TypeOf(error.Status));
        json.WriteString("message"u8, message);
        json.WriteString("code"u8, error.Code);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static string TypeOf(int status) => status switch
    {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 => "overloaded_error",
        504 => "timeout_error",
        >= 500 => "api_error",
        _ => "invalid_request_error",
    };
}
