using System.Text.Json;

namespace Tieout.Simulator.Provider.Dialects;

/// <summary>What Gemini's endpoints have in common: the model and the verb are the end of the path, as in <c>models/{model}:generateContent</c>.</summary>
internal abstract class GeminiDialect : SimulatedDialect
{
    public sealed override string Name => "gemini";

    public sealed override bool Answers(string path) =>
        path.EndsWith($":{Endpoint}", StringComparison.Ordinal) && path.Split('/') is [.., "models", _];

    public sealed override void WriteError(int status, string message, string? field, RenderedAnswer rendered) => WriteErrorBody(status, message, rendered);

    public static void WriteErrorBody(int status, string message, RenderedAnswer rendered) => rendered.WriteBody(json => json.WriteObject("error", error =>
    {
        error.WriteNumber("code"u8, status);
        error.WriteString("message"u8, message);
        error.WriteString("status"u8, status switch
        {
            404 => "NOT_FOUND",
            429 => "RESOURCE_EXHAUSTED",
            500 => "INTERNAL",
            _ => "INVALID_ARGUMENT",
        });
    }));

    protected static SimulatedRequest Read(SimulatedInput input, bool stream)
    {
        var root = JsonRequest.Root(input);
        JsonRequest.Expect(root.Required("contents").ValueKind is JsonValueKind.Array, "'contents' is not an array.", "contents");
        var settings = root.Member("generationConfig");
        return new(ModelOf(input.Path), stream, UsageAsked: true, settings?.Limit("maxOutputTokens"), root.TextBytes())
        {
            Choices = settings?.Limit("candidateCount", SimulatedRequest.ChoicesMax) ?? 1,
            Tools = root.Tools(inside: "functionDeclarations"),
            Format = input.Query["alt"],
        };
    }

    private static string ModelOf(string path)
    {
        var last = path[(path.LastIndexOf('/') + 1)..];
        var model = last[..last.LastIndexOf(':')];
        JsonRequest.Expect(model.Length > 0, "The path names no model.", "model");
        return model;
    }

    protected static void WriteUsage(Utf8JsonWriter json, SimulatedUsage usage) => json.WriteObject("usageMetadata", members =>
    {
        // Thoughts stand beside the candidates, not in them; the cached prompt stands in the prompt.
        members.WriteNumber("promptTokenCount"u8, usage.PromptTokens);
        if (usage.CachedTokens > 0) members.WriteNumber("cachedContentTokenCount"u8, usage.CachedTokens);
        members.WriteNumber("candidatesTokenCount"u8, usage.CompletionTokens - usage.ReasoningTokens);
        if (usage.ReasoningTokens > 0) members.WriteNumber("thoughtsTokenCount"u8, usage.ReasoningTokens);
        members.WriteNumber("totalTokenCount"u8, usage.TotalTokens);
        members.WriteOnly("promptTokensDetails", details =>
        {
            details.WriteString("modality"u8, "TEXT"u8);
            details.WriteNumber("tokenCount"u8, usage.PromptTokens);
        });
    });
}
