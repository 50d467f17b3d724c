namespace Tieout.Simulator.Provider.Dialects;

/// <summary>Anthropic's count of a prompt's tokens: free.</summary>
internal sealed class AnthropicCountTokens : AnthropicDialect
{
    public override string Endpoint => "messages/count_tokens";

    public override bool Free => true;

    public override SimulatedRequest Read(SimulatedInput input) => Read(JsonRequest.Root(input), stream: false, tokensMax: null);

    public override void WriteWhole(SimulatedAnswer answer, RenderedAnswer rendered) =>
        rendered.WriteBody(json => json.WriteNumber("input_tokens"u8, answer.Usage.PromptTokens));
}
