using System.Buffers;
using System.Text.Json;

namespace Tieout.Simulator.Provider.Dialects;

/// <summary>OpenAI's first completions, whole and streamed: a text in, a text out.</summary>
internal sealed class OpenAiCompletions : OpenAiDialect
{
    public override string Endpoint => "completions";

    public override bool Answers(string path) => base.Answers(path) && !path.EndsWith("/chat/completions", StringComparison.Ordinal);

    public override SimulatedRequest Read(SimulatedInput input)
    {
        var root = JsonRequest.Root(input);
        return new(root.Model(), root.Flag("stream"), UsageAsked(root), root.Limit("max_tokens"), root.Required("prompt").TextBytes(isText: true))
        {
            Choices = root.Limit("n", SimulatedRequest.ChoicesMax) ?? 1,
        };
    }

    public override void WriteWhole(SimulatedAnswer answer, RenderedAnswer rendered) => rendered.WriteBody(json =>
    {
        WriteHead(json, answer);
        json.WriteStartArray("choices"u8);
        for (var choice = 0; choice < answer.Request.Choices; choice++) WriteChoice(json, answer, choice, answer.TextTokensOf(choice), finished: true);
        json.WriteEndArray();
        json.WriteUsageOf(answer, WritePromptUsage);
    });

    public override void WriteStream(SimulatedAnswer answer, RenderedAnswer rendered)
    {
        for (var choice = 0; choice < answer.Request.Choices; choice++)
        {
            foreach (var tokens in SimulatedText.Pieces(answer.TextTokensOf(choice), TextEventsMax))
            {
                WriteText(answer, choice, tokens, finished: false, rendered);
            }

            WriteText(answer, choice, 0, finished: true, rendered);
        }

        if (answer.Request.UsageAsked && !answer.Faults.NoUsage)
        {
            if (answer.Faults.UsageTwice) WriteUsageEvent(answer, answer.Usage.HalfWay(), rendered);
            WriteUsageEvent(answer, answer.Usage, rendered);
        }

        rendered.Bytes.Write("data: [DONE]\n\n"u8);
        rendered.EndPart();
    }

    private static void WriteText(SimulatedAnswer answer, int choice, int tokens, bool finished, RenderedAnswer rendered) => rendered.WriteEvent(null, json =>
    {
        WriteHead(json, answer);
        json.WriteStartArray("choices"u8);
        WriteChoice(json, answer, choice, tokens, finished);
        json.WriteEndArray();
        if (answer.Request.UsageAsked && !answer.Faults.NoUsage) json.WriteNull("usage"u8);
    });

    private static void WriteUsageEvent(SimulatedAnswer answer, SimulatedUsage usage, RenderedAnswer rendered) => rendered.WriteEvent(null, json =>
    {
        WriteHead(json, answer);
        json.WriteEmptyArray("choices");
        WritePromptUsage(json, usage);
    });

    private static void WriteChoice(Utf8JsonWriter json, SimulatedAnswer answer, int choice, int tokens, bool finished)
    {
        json.WriteStartObject();
        json.WriteText("text"u8, tokens);
        json.WriteNumber("index"u8, choice);
        json.WriteNull("logprobs"u8);
        json.WriteString("finish_reason"u8, !finished ? null : answer.Usage.StoppedByLimit ? "length" : "stop");
        json.WriteEndObject();
    }

    private static void WriteHead(Utf8JsonWriter json, SimulatedAnswer answer)
    {
        json.WriteString("id"u8, $"cmpl-{answer.Id}");
        json.WriteString("object"u8, "text_completion"u8);
        json.WriteNumber("created"u8, answer.CreatedUnixSeconds);
        json.WriteString("model"u8, answer.Request.Model);
    }
}
