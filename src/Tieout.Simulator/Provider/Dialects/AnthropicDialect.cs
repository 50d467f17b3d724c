using System.Text.Json;

namespace Tieout.Simulator.Provider.Dialects;

/// <summary>What Anthropic's endpoints have in common.</summary>
internal abstract class AnthropicDialect : SimulatedDialect
{
    public sealed override string Name => "anthropic";

    public sealed override void WriteError(int status, string message, string? field, RenderedAnswer rendered) =>
        WriteErrorBody(status, field is null ? message : $"{field}: {message}", rendered);

    public static void WriteErrorBody(int status, string message, RenderedAnswer rendered) => rendered.WriteBody(json =>
    {
        json.WriteString("type"u8, "error"u8);
        json.WriteObject("error", error =>
        {
            error.WriteString("type"u8, status switch
            {
                404 => "not_found_error",
                429 => "rate_limit_error",
                500 => "api_error",
                _ => "invalid_request_error",
            });
            error.WriteString("message"u8, message);
        });
    });

    protected static SimulatedRequest Read(JsonElement root, bool stream, int? tokensMax)
    {
        JsonRequest.Expect(root.Required("messages").ValueKind is JsonValueKind.Array, "'messages' is not an array.", "messages");
        return new(root.Model(), stream, UsageAsked: true, tokensMax, root.TextBytes()) { Tools = root.Tools() };
    }
}
