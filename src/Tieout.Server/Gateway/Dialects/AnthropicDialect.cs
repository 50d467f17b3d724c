using System.Text.Json;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;

namespace Tieout.Server.Gateway.Dialects;

internal sealed class AnthropicDialect : Dialect
{
    private AnthropicDialect() { }

    public static AnthropicDialect Instance { get; } = new();

    public override ProviderDialect Spoken => ProviderDialect.Anthropic;

    public override string Name => "anthropic";

    public override string HomeProvider => "anthropic";

    public override string KeyHeader => "x-api-key";

    public override IReadOnlyList<string> VersionHeaders { get; } = ["anthropic-version", "anthropic-beta"];

    /// <summary>Anthropic's own errors have no code; theirs are told apart by type alone, so ours stands beside it.</summary>
    protected override void Write(Utf8JsonWriter json, ApiError error, string message, string? parameter)
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
