using System.Text.Json;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>OpenAI's, and that of the many who speak like it.</summary>
internal sealed class OpenAiDialect : Dialect
{
    private OpenAiDialect() { }

    public static OpenAiDialect Instance { get; } = new();

    public override ProviderDialect Spoken => ProviderDialect.OpenAi;

    public override string HomeProvider => "openai";

    public override string KeyHeader => "Authorization";

    public override string KeyPrefix => "Bearer ";

    protected override void Write(Utf8JsonWriter json, ApiError error, string message, string? parameter, string retryAfter)
    {
        json.WriteStartObject();
        json.WriteStartObject("error"u8);
        json.WriteString("message"u8, message);
        json.WriteString("type"u8, error.OpenAiType);
        json.WriteString("param"u8, parameter);
        json.WriteString("code"u8, error.Code);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
