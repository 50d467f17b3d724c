namespace Tieout.Simulator.Provider.Dialects;

/// <summary>Gemini's count of a prompt's tokens: free.</summary>
internal sealed class GeminiCountTokens : GeminiDialect
{
    public override string Endpoint => "countTokens";

    public override bool Free => true;

    public override SimulatedRequest Read(SimulatedInput input) => Read(input, stream: false);

    public override void WriteWhole(SimulatedAnswer answer, RenderedAnswer rendered) =>
        rendered.WriteBody(json => json.WriteNumber("totalTokens"u8, answer.Usage.PromptTokens));
}
