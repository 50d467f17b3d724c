using System.Text.Json;

namespace Tieout.Simulator.Provider.Dialects;

/// <summary>The list of models, and one of them, in the form of the dialect that asks. Free.</summary>
internal sealed class ModelLists(string dialect, IReadOnlyList<string> models)
{
    public static bool Answers(string path) => path.Split('/') is [.., "models"] or [.., "models", _];

    /// <returns>The status; the body is written.</returns>
    public int Answer(string path, RenderedAnswer rendered)
    {
        if (path.EndsWith("/models", StringComparison.Ordinal))
        {
            rendered.WriteBody(WriteList);
            return 200;
        }

        // Any model is answered, so any model is known.
        rendered.WriteBody(json => WriteModel(json, path[(path.LastIndexOf('/') + 1)..]));
        return 200;
    }

    private void WriteList(Utf8JsonWriter json)
    {
        if (dialect == "openai") json.WriteString("object"u8, "list"u8);
        json.WriteStartArray(dialect == "gemini" ? "models" : "data");
        foreach (var model in models)
        {
            json.WriteStartObject();
            WriteModel(json, model);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (dialect != "anthropic") return;
        json.WriteBoolean("has_more"u8, false);
        json.WriteString("first_id"u8, models.Count == 0 ? null : models[0]);
        json.WriteString("last_id"u8, models.Count == 0 ? null : models[^1]);
    }

    private void WriteModel(Utf8JsonWriter json, string model)
    {
        switch (dialect)
        {
            case "gemini":
                json.WriteString("name"u8, $"models/{model}");
                json.WriteString("displayName"u8, model);
                break;
            case "anthropic":
                json.WriteString("type"u8, "model"u8);
                json.WriteString("id"u8, model);
                json.WriteString("display_name"u8, model);
                json.WriteString("created_at"u8, "2023-11-14T22:13:20Z"u8);
                json.WriteString("lifecycle"u8, "active"u8);
                break;
            default:
                json.WriteString("id"u8, model);
                json.WriteString("object"u8, "model"u8);
                json.WriteNumber("created"u8, 1_700_000_000);
                json.WriteString("owned_by"u8, "simulated"u8);
                break;
        }
    }
}
