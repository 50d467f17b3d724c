namespace Tieout.Simulator.Provider.Dialects;

/// <summary>OpenAI speech: sound as it is, which has no room for usage, or as events that end with it.</summary>
/// <remarks>Models named <c>tts…</c> are paid by the character and have no events; all others by the token.</remarks>
internal sealed class OpenAiSpeech : OpenAiDialect
{
    /// <summary>The provider's own limit.</summary>
    private const int CharactersMax = 4_096;

    public override string Endpoint => "audio/speech";

    public override SimulatedRequest Read(SimulatedInput input)
    {
        var root = JsonRequest.Root(input);
        var text = root.Text("input") ?? throw new SimulatedRequestException("Missing required parameter: 'input'.", "input");
        var characters = text.EnumerateRunes().Count();
        JsonRequest.Expect(characters <= CharactersMax, $"'input' is longer than {CharactersMax} characters.", "input");
        root.Required("voice");
        var model = root.Model();
        var stream = root.Text("stream_format") == "sse";
        JsonRequest.Expect(!stream || !ByCharacter(model), $"'{model}' has no stream_format 'sse'.", "stream_format");
        return new(model, stream, UsageAsked: true, CompletionTokensMax: null, root.Required("input").TextBytes(isText: true))
        {
            Characters = characters,
            Format = root.Text("response_format"),
        };
    }

    public override SimulatedUsage Use(SimulatedUsage counted, SimulatedRequest request) =>
        ByCharacter(request.Model) ? SimulatedUsage.None with { Characters = counted.Characters } : base.Use(counted, request) with { Characters = 0 };

    public override void WriteWhole(SimulatedAnswer answer, RenderedAnswer rendered)
    {
        rendered.ContentType = answer.Request.Format switch
        {
            null or "mp3" => "audio/mpeg",
            "pcm" => "application/octet-stream",
            var format =>
            $"audio/{format}"
        };
        SimulatedText.Write(rendered.Bytes, ByCharacter(answer.Request.Model) ? answer.Usage.Characters : answer.TextTokens);
        rendered.EndPart();
    }

    public override void WriteStream(SimulatedAnswer answer, RenderedAnswer rendered)
    {
        foreach (var tokens in SimulatedText.Pieces(answer.TextTokens, TextEventsMax))
        {
            rendered.WriteEvent(null, json =>
            {
                json.WriteString("type"u8, "speech.audio.delta"u8);
                json.WriteBase64String("audio"u8, new byte[tokens * SimulatedUsage.BytesPerToken]);
            });
        }

        rendered.WriteEvent(null, json =>
        {
            json.WriteString("type"u8, "speech.audio.done"u8);
            json.WriteUsageOf(answer, (members, used) => members.WriteObject("usage", usage =>
            {
                usage.WriteNumber("input_tokens"u8, used.PromptTokens);
                usage.WriteNumber("output_tokens"u8, used.CompletionTokens);
                usage.WriteNumber("total_tokens"u8, used.TotalTokens);
            }));
        });
    }

    private static bool ByCharacter(string model) => model.StartsWith("tts", StringComparison.Ordinal);
}
