using System.Buffers;
using System.Text.Json;

namespace Tieout.Simulator.Provider.Dialects;

/// <summary>Gemini's <c>generateContent</c> and <c>streamGenerateContent</c>.</summary>
/// <remarks>A stream is one JSON array, or with <c>?alt=sse</c> events. Every chunk says what was used so far: the last is right.</remarks>
internal sealed class GeminiGenerate(bool stream) : GeminiDialect
{
    private const int TextChunksMax = 16;

    public override string Endpoint => stream ? "streamGenerateContent" : "generateContent";

    public override SimulatedRequest Read(SimulatedInput input) => Read(input, stream);

    public override void WriteWhole(SimulatedAnswer answer, RenderedAnswer rendered) => rendered.WriteBody(json =>
    {
        WriteCandidates(json, answer, answer.TextTokensOf, finished: true);
        json.WriteUsageOf(answer, WriteUsage);
        WriteTail(json, answer);
    });

    public override void WriteStream(SimulatedAnswer answer, RenderedAnswer rendered)
    {
        var events = answer.Request.Format == "sse";
        if (!events) rendered.ContentType = "application/json";

        // The candidates come one after another; the last chunk ends them all.
        var sent = 0;
        for (var candidate = 0; answer.Tool is null && candidate < answer.Request.Choices; candidate++)
        {
            foreach (var tokens in SimulatedText.Pieces(answer.TextTokensOf(candidate), TextChunksMax))
            {
                var (current, soFar) = (candidate, sent += tokens);
                Chunk(json => WriteCandidate(json, answer, current, tokens, finished: false),
                    answer.Usage with { CompletionTokens = answer.Usage.ReasoningTokens + soFar });
            }
        }

        if (answer.Faults.UsageTwice) Chunk(_ => { }, answer.Usage.HalfWay());
        Chunk(json => WriteCandidates(json, answer, _ => 0, finished: true), answer.Usage);
        if (events) return;
        rendered.Bytes.Write("]"u8);
        rendered.EndPart();

        void Chunk(Action<Utf8JsonWriter> candidates, SimulatedUsage usage)
        {
            rendered.Bytes.Write(events ? "data: "u8 : rendered.Length == 0 ? "["u8 : ",\r\n"u8);
            rendered.WriteObject(json =>
            {
                candidates(json);
                if (!answer.Faults.NoUsage) WriteUsage(json, usage);
                WriteTail(json, answer);
            });
            if (events) rendered.Bytes.Write("\r\n\r\n"u8);
            rendered.EndPart();
        }
    }

    private static void WriteCandidates(Utf8JsonWriter json, SimulatedAnswer answer, Func<int, int> textTokensOf, bool finished)
    {
        json.WriteStartArray("candidates"u8);
        for (var candidate = 0; candidate < answer.Request.Choices; candidate++)
        {
            json.WriteStartObject();
            WriteCandidateMembers(json, answer, candidate, textTokensOf(candidate), finished);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteCandidate(Utf8JsonWriter json, SimulatedAnswer answer, int candidate, int textTokens, bool finished) =>
        json.WriteOnly("candidates", members => WriteCandidateMembers(members, answer, candidate, textTokens, finished));

    private static void WriteCandidateMembers(Utf8JsonWriter json, SimulatedAnswer answer, int candidate, int textTokens, bool finished)
    {
        json.WriteObject("content", content =>
        {
            content.WriteOnly("parts", part =>
            {
                if (answer.Tool is null) part.WriteText("text"u8, textTokens);
                else
                {
                    part.WriteObject("functionCall", call =>
                    {
                        call.WriteString("name"u8, answer.Tool);
                        call.WritePropertyName("args"u8);
                        call.WriteRawValue(SimulatedAnswer.ToolArguments);
                    });
                }
            });
            content.WriteString("role"u8, "model"u8);
        });
        if (finished) json.WriteString("finishReason"u8, answer.Usage.StoppedByLimit ? "MAX_TOKENS" : "STOP");
        json.WriteNumber("index"u8, candidate);
    }

    private static void WriteTail(Utf8JsonWriter json, SimulatedAnswer answer)
    {
        json.WriteString("modelVersion"u8, answer.Request.Model);
        json.WriteString("responseId"u8, answer.Id);
    }
}
