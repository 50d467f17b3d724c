namespace Tieout.Simulator.Provider.Dialects;

/// <summary>OpenAI moderations: free, and nothing is ever flagged.</summary>
internal sealed class OpenAiModerations : OpenAiDialect
{
    private static readonly string[] Categories =
    [
        "harassment", "harassment/threatening", "sexual", "sexual/minors", "hate", "hate/threatening", "illicit", "illicit/violent",
        "self-harm", "self-harm/intent", "self-harm/instructions", "violence", "violence/graphic",
    ];

    public override string Endpoint => "moderations";

    public override bool Free => true;

    public override SimulatedRequest Read(SimulatedInput input)
    {
        var root = JsonRequest.Root(input);
        var (inputs, textBytes) = root.Inputs();
        return new(root.Text("model") ?? "omni-moderation-latest", Stream: false, UsageAsked: false, CompletionTokensMax: null, textBytes) { Inputs = inputs };
    }

    public override void WriteWhole(SimulatedAnswer answer, RenderedAnswer rendered) => rendered.WriteBody(json =>
    {
        json.WriteString("id"u8, $"modr-{answer.Id}");
        json.WriteString("model"u8, answer.Request.Model);
        json.WriteStartArray("results"u8);
        for (var i = 0; i < answer.Request.Inputs; i++)
        {
            json.WriteStartObject();
            json.WriteBoolean("flagged"u8, false);
            json.WriteObject("categories", members => Array.ForEach(Categories, name => members.WriteBoolean(name, false)));
            json.WriteObject("category_scores", members => Array.ForEach(Categories, name => members.WriteNumber(name, 0)));
            json.WriteObject("category_applied_input_types", members => Array.ForEach(Categories, members.WriteEmptyArray));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });
}
