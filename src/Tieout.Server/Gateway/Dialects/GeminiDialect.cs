using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Limits;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>Google's, as its Gemini API speaks it.</summary>
internal sealed class GeminiDialect : Dialect
{
    private GeminiDialect() { }

    public static GeminiDialect Instance { get; } = new();

    public override ProviderDialect Spoken => ProviderDialect.Gemini;

    public override string HomeProvider => "google";

    public override string KeyHeader => "x-goog-api-key";

    public override string? KeyParameter => "key";

    /// <summary>Google has no such headers.</summary>
    public override void WriteLimit(IHeaderDictionary headers, string what, in LimitFigure figure, DateTimeOffset now)
    {
    }

    /// <summary>google.rpc.Status, with our code as the reason of an ErrorInfo.</summary>
    protected override void Write(Utf8JsonWriter json, ApiError error, string message, string? parameter, string retryAfter)
    {
        json.WriteStartObject();
        json.WriteStartObject("error"u8);
        json.WriteNumber("code"u8, error.Status);
        json.WriteString("message"u8, message);
        json.WriteString("status"u8, StatusOf(error.Status));
        json.WriteStartArray("details"u8);
        json.WriteStartObject();
        json.WriteString("@type"u8, "type.googleapis.com/google.rpc.ErrorInfo"u8);
        json.WriteString("reason"u8, error.Code.ToUpperInvariant());
        json.WriteString("domain"u8, "tieout"u8);
        json.WriteEndObject();
        if (retryAfter.Length > 0)
        {
            json.WriteStartObject();
            json.WriteString("@type"u8, "type.googleapis.com/google.rpc.RetryInfo"u8);
            json.WriteString("retryDelay"u8, $"{retryAfter}s");
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static string StatusOf(int status) => status switch
    {
        401 => "UNAUTHENTICATED",
        402 or 429 => "RESOURCE_EXHAUSTED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ABORTED",
        502 or 503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        >= 500 => "INTERNAL",
        _ => "INVALID_ARGUMENT",
    };
}
