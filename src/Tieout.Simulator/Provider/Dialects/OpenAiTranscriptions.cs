using System.Text.Json;

namespace Tieout.Simulator.Provider.Dialects;

/// <summary>OpenAI transcriptions, whole and streamed: <c>whisper…</c> models are paid by the second, all others by the token.</summary>
/// <param name="verb"><c>transcriptions</c> or <c>translations</c>.</param>
internal sealed class OpenAiTranscriptions(string verb = "transcriptions") : OpenAiDialect
{
    public override string Endpoint { get; } = $"audio/{verb}";

    public override SimulatedRequest Read(SimulatedInput input)
    {
        var form = MultipartForm.Read(input);
        var model = form.Text("model") ?? throw new SimulatedRequestException("you must provide a model parameter", "model");
        var stream = form.Text("stream") == "true" && !BySecond(model);
        return new(model, stream, UsageAsked: true, CompletionTokensMax: null, TextBytes: 0)
        {
            AudioBytes = form.File("file").Bytes.Length,
            Format = form.Text("response_format"),
        };
    }

    public override SimulatedUsage Use(SimulatedUsage counted, SimulatedRequest request) =>
        BySecond(request.Model) ? SimulatedUsage.None with { AudioSeconds = counted.AudioSeconds } : base.Use(counted, request);

    public override void WriteWhole(SimulatedAnswer answer, RenderedAnswer rendered)
    {
        if (answer.Request.Format is "text" or "srt" or "vtt")
        {
            // Plain text has no room for usage.
            rendered.ContentType = "text/plain; charset=utf-8";
            SimulatedText.Write(rendered.Bytes, TextTokens(answer));
            rendered.EndPart();
            return;
        }

        rendered.WriteBody(json =>
        {
            json.WriteText("text"u8, TextTokens(answer));
            if (answer.Request.Format == "verbose_json")
            {
                json.WriteString("task"u8, "transcribe"u8);
                json.WriteString("language"u8, "english"u8);
                json.WriteNumber("duration"u8, answer.Usage.AudioSeconds);
                json.WriteEmptyArray("segments");
            }

            json.WriteUsageOf(answer, WriteUsage(answer));
        });
    }

    public override void WriteStream(SimulatedAnswer answer, RenderedAnswer rendered)
    {
        foreach (var tokens in SimulatedText.Pieces(answer.TextTokens, TextEventsMax))
        {
            rendered.WriteEvent(null, json =>
            {
                json.WriteString("type"u8, "transcript.text.delta"u8);
                json.WriteText("delta"u8, tokens);
            });
        }

        rendered.WriteEvent(null, json =>
        {
            json.WriteString("type"u8, "transcript.text.done"u8);
            json.WriteText("text"u8, answer.TextTokens);
            json.WriteUsageOf(answer, WriteUsage(answer));
        });
    }

    private static Action<Utf8JsonWriter, SimulatedUsage> WriteUsage(SimulatedAnswer answer) => (json, used) => json.WriteObject("usage", usage =>
    {
        if (BySecond(answer.Request.Model))
        {
            usage.WriteString("type"u8, "duration"u8);
            usage.WriteNumber("seconds"u8, used.AudioSeconds);
            return;
        }

        usage.WriteString("type"u8, "tokens"u8);
        usage.WriteNumber("input_tokens"u8, used.PromptTokens);
        usage.WriteObject("input_token_details", details =>
        {
            details.WriteNumber("text_tokens"u8, 0);
            details.WriteNumber("audio_tokens"u8, used.PromptTokens);
        });
        usage.WriteNumber("output_tokens"u8, used.CompletionTokens);
        usage.WriteNumber("total_tokens"u8, used.TotalTokens);
    });

    /// <summary>Paid by the second, the text is about two tokens a second.</summary>
    private static int TextTokens(SimulatedAnswer answer) =>
        BySecond(answer.Request.Model) ? Math.Min(answer.Usage.AudioSeconds, SimulatedUsage.TokensMax / 2) * 2 : answer.TextTokens;

    private static bool BySecond(string model) => model.StartsWith("whisper", StringComparison.Ordinal);
}
