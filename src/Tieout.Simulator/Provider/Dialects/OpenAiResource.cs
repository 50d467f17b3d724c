namespace Tieout.Simulator.Provider.Dialects;

/// <summary>What OpenAI's kept things have in common.</summary>
internal abstract class OpenAiResource : SimulatedResource
{
    public sealed override string Name => "openai";

    public sealed override void WriteError(int status, string message, string? field, RenderedAnswer rendered) =>
        OpenAiDialect.WriteErrorBody(status, message, field, rendered);

    protected static int NotFound(string id, RenderedAnswer rendered)
    {
        OpenAiDialect.WriteErrorBody(404, $"No such thing: '{id}'.", "id", rendered);
        return 404;
    }
}
