using System.Text.Json;

namespace Tieout.Server.SimulatedProvider.Dialects;

/// <summary>OpenAI's list of models: <c>GET .../models</c>.</summary>
internal static class OpenAiModels
{
    public static bool Answers(string path) => path.EndsWith("/models", StringComparison.Ordinal);

    public static void Write(IReadOnlyList<string> models, RenderedAnswer rendered)
    {
        using (var json = new Utf8JsonWriter(rendered.Bytes))
        {
            json.WriteStartObject();
            json.WriteString("object"u8, "list"u8);
            json.WriteStartArray("data"u8);
            foreach (var model in models)
            {
                json.WriteStartObject();
                json.WriteString("id"u8, model);
                json.WriteString("object"u8, "model"u8);
                json.WriteNumber("created"u8, 1_700_000_000);
                json.WriteString("owned_by"u8, "simulated"u8);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        rendered.EndPart();
    }
}
