using System.Text.Json;

namespace Tieout.Simulator.Provider.Dialects;

/// <summary>OpenAI responses: whole, streamed, and in the background.</summary>
/// <param name="kept">Where answers are put for <see cref="OpenAiStoredResponses"/>.</param>
internal sealed class OpenAiResponses(KeptThings<KeptResponse> kept) : OpenAiDialect
{
    public override string Endpoint => "responses";

    public override SimulatedRequest Read(SimulatedInput input)
    {
        var root = JsonRequest.Root(input);
        var textBytes = root.Required("input").TextBytes(isText: true) + (root.Member("instructions")?.TextBytes(isText: true) ?? 0);
        return new(root.Model(), root.Flag("stream"), UsageAsked: true, root.Limit("max_output_tokens"), textBytes)
        {
            Tools = root.Tools(),
            Background = root.Flag("background"),
        };
    }

    public override void Answered(SimulatedAnswer answer) => kept.Add($"resp_{answer.Id}", new(answer));

    public override void WriteWhole(SimulatedAnswer answer, RenderedAnswer rendered) => rendered.WriteBody(json =>
    {
        WriteResponse(json, answer, answer.Request.Background ? "queued" : FinalStatus(answer));
    });

    public override void WriteStream(SimulatedAnswer answer, RenderedAnswer rendered)
    {
        var sequence = 0;
        var item = OpenAiResponseItem.Of(answer);
        Status("response.created", "in_progress");
        Status("response.in_progress", "in_progress");
        Event("response.output_item.added", json => json.WriteObject("item", members => item.WriteMembers(members, "in_progress", whole: false)));
        if (answer.Tool is null) WriteText();
        else WriteCall();
        Event("response.output_item.done", json => json.WriteObject("item", members => item.WriteMembers(members, "completed", whole: true)));
        if (answer.Faults.UsageTwice) Status("response.in_progress", "in_progress", answer.Usage.HalfWay());
        Status($"response.{FinalStatus(answer)}", FinalStatus(answer));

        void WriteText()
        {
            Event("response.content_part.added", json => json.WriteObject("part", part => OpenAiResponseItem.WritePart(part, 0)), inItem: true);
            foreach (var tokens in SimulatedText.Pieces(answer.TextTokens, TextEventsMax))
            {
                Event("response.output_text.delta", json =>
                {
                    json.WriteText("delta"u8, tokens);
                    json.WriteEmptyArray("logprobs");
                }, inItem: true);
            }

            Event("response.output_text.done", json =>
            {
                json.WriteText("text"u8, answer.TextTokens);
                json.WriteEmptyArray("logprobs");
            }, inItem: true);
            Event("response.content_part.done", json => json.WriteObject("part", part => OpenAiResponseItem.WritePart(part, answer.TextTokens)), inItem: true);
        }

        void WriteCall()
        {
            Event("response.function_call_arguments.delta", json => json.WriteString("delta"u8, SimulatedAnswer.ToolArguments), inItem: true);
            Event("response.function_call_arguments.done", json => json.WriteString("arguments"u8, SimulatedAnswer.ToolArguments), inItem: true);
        }

        void Status(string type, string status, SimulatedUsage? running = null) =>
            rendered.WriteEvent(type, json =>
            {
                json.WriteString("type"u8, type);
                json.WriteNumber("sequence_number"u8, sequence++);
                json.WriteObject("response", members => WriteResponse(members, answer, status, running));
            });

        void Event(string type, Action<Utf8JsonWriter> members, bool inItem = false) =>
            rendered.WriteEvent(type, json =>
            {
                json.WriteString("type"u8, type);
                json.WriteNumber("sequence_number"u8, sequence++);
                json.WriteNumber("output_index"u8, 0);
                if (inItem) json.WriteString("item_id"u8, item.Id);
                if (inItem && answer.Tool is null) json.WriteNumber("content_index"u8, 0);
                members(json);
            });
    }

    /// <summary>The members of a response in a state of its life. What is not finished has neither output nor usage.</summary>
    /// <param name="running">Told as usage although it is not finished.</param>
    public static void WriteResponse(Utf8JsonWriter json, SimulatedAnswer answer, string status, SimulatedUsage? running = null)
    {
        json.WriteString("id"u8, $"resp_{answer.Id}");
        json.WriteString("object"u8, "response"u8);
        json.WriteNumber("created_at"u8, answer.CreatedUnixSeconds);
        json.WriteString("status"u8, status);
        json.WriteBoolean("background"u8, answer.Request.Background);
        json.WriteNull("error"u8);
        if (status == "incomplete") json.WriteObject("incomplete_details", details => details.WriteString("reason"u8, "max_output_tokens"u8));
        else json.WriteNull("incomplete_details"u8);
        json.WriteString("model"u8, answer.Request.Model);
        json.WriteStartArray("output"u8);
        var finished = status is "completed" or "incomplete";
        if (finished)
        {
            json.WriteStartObject();
            OpenAiResponseItem.Of(answer).WriteMembers(json, status, whole: true);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteBoolean("parallel_tool_calls"u8, true);
        json.WriteString("service_tier"u8, "default"u8);
        json.WriteString("tool_choice"u8, "auto"u8);
        json.WriteEmptyArray("tools");
        if (running is not null) WriteInputUsage(json, running);
        else if (finished || status == "cancelled") json.WriteUsageOf(answer, WriteInputUsage);
        else json.WriteNull("usage"u8);
        json.WriteEmptyObject("metadata");
    }

    public static string FinalStatus(SimulatedAnswer answer) => answer.Usage.StoppedByLimit ? "incomplete" : "completed";
}
