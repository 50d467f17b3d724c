using System.Text.Json;

namespace Tieout.Simulator.Provider.Dialects;

/// <summary>OpenAI embeddings: of texts or of tokens, as numbers or as base64.</summary>
internal sealed class OpenAiEmbeddings : OpenAiDialect
{
    /// <summary>Few: nobody looks for neighbours of a simulated text.</summary>
    private const int DimensionsDefault = 16;

    private const int DimensionsMax = 4_096;

    public override string Endpoint => "embeddings";

    public override SimulatedRequest Read(SimulatedInput input)
    {
        var root = JsonRequest.Root(input);
        var (inputs, textBytes) = root.Inputs();
        return new(root.Model(), Stream: false, UsageAsked: false, CompletionTokensMax: null, textBytes)
        {
            Inputs = inputs,
            Format = root.Text("encoding_format"),
            Dimensions = root.Limit("dimensions", DimensionsMax),
        };
    }

    public override SimulatedUsage Use(SimulatedUsage counted, SimulatedRequest request) => SimulatedUsage.None with { PromptTokens = counted.PromptTokens };

    public override void WriteWhole(SimulatedAnswer answer, RenderedAnswer rendered) => rendered.WriteBody(json =>
    {
        var dimensions = answer.Request.Dimensions ?? DimensionsDefault;
        json.WriteString("object"u8, "list"u8);
        json.WriteStartArray("data"u8);
        for (var i = 0; i < answer.Request.Inputs; i++)
        {
            json.WriteStartObject();
            json.WriteString("object"u8, "embedding"u8);
            json.WriteNumber("index"u8, i);
            WriteVector(json, answer.Request.Format == "base64", dimensions);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("model"u8, answer.Request.Model);
        json.WriteUsageOf(answer, (members, used) => members.WriteObject("usage", usage =>
        {
            usage.WriteNumber("prompt_tokens"u8, used.PromptTokens);
            usage.WriteNumber("total_tokens"u8, used.PromptTokens);
        }));
    });

    /// <summary>All zeroes: four bytes a number in base64, little endian single precision.</summary>
    private static void WriteVector(Utf8JsonWriter json, bool base64, int dimensions)
    {
        if (base64)
        {
            json.WriteBase64String("embedding"u8, new byte[dimensions * sizeof(int)]);
            return;
        }

        json.WriteStartArray("embedding"u8);
        for (var i = 0; i < dimensions; i++) json.WriteNumberValue(0);
        json.WriteEndArray();
    }
}
