using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Tieout.Server.Errors;

/// <summary>Errors of <c>/v1</c> in the shape that OpenAI's clients understand.</summary>
internal static class OpenAiErrors
{
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Answers with <paramref name="error"/>. Nothing of the answer may have been sent yet.</summary>
    /// <param name="message">One sentence for this occurrence; null: the title. Secrets and prompts never.</param>
    /// <param name="parameter">The field or header it is about.</param>
    public static async Task WriteOpenAiAsync(this HttpContext context, ApiError error, string? message = null, string? parameter = null)
    {
        var bytes = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(bytes, Plain))
        {
            json.WriteStartObject();
            json.WriteStartObject("error"u8);
            json.WriteString("message"u8, message ?? error.Title);
            json.WriteString("type"u8, error.OpenAiType);
            json.WriteString("param"u8, parameter);
            json.WriteString("code"u8, error.Code);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        var response = context.Response;
        response.StatusCode = error.Status;
        response.ContentType = "application/json";
        response.ContentLength = bytes.WrittenCount;

        // OpenAI's clients try 409, 429 and 5xx again unless told otherwise; asking again for what is refused is a retry storm.
        if (error.Status is < 500) response.Headers["x-should-retry"] = "false";
        await response.BodyWriter.WriteAsync(bytes.WrittenMemory, context.RequestAborted);
    }
}
