using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Tieout.Core.Spike;
using Tieout.Server.Gateway.Dialects;

namespace Tieout.Server.Gateway.Mitigations;

/// <summary>The tools that a conversation has called, and how the last calls ended. Read from the request; none of it is stored.</summary>
/// <param name="Session">A hash of the key's first message, which tells the conversation from others.</param>
/// <param name="Runs">The tools whose results are the end of the conversation.</param>
internal sealed record ToolTranscript(string Session, IReadOnlyList<ToolRun> Runs)
{
    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = 128 };

    /// <returns>Null: the conversation does not end with the results of tools, or its client accepts no answer in words.</returns>
    public static ToolTranscript? Read(ReadOnlyMemory<byte> body, Dialects.Endpoint endpoint, GatewayRequest request)
    {
        if (request.Form is not null || !SyntheticAnswer.Speaks(endpoint)) return null;
        var mark = endpoint is AnthropicMessages ? "\"tool_result\""u8 : "\"tool_call_id\""u8;
        if (body.Span.IndexOf(mark) < 0) return null;
        try
        {
            return Read(body);
        }
        catch (Exception error) when (JsonMember.IsUnreadable(error))
        {
            // A text that is no Unicode. The request passes.
            return null;
        }
    }

    private static ToolTranscript? Read(ReadOnlyMemory<byte> body)
    {
        using var json = JsonDocument.Parse(body, Deep);
        var root = json.RootElement;
        if (DemandsForm(root) || !root.TryGetProperty("messages", out var messages) || messages.ValueKind is not JsonValueKind.Array) return null;
        var results = new Results();
        foreach (var message in messages.EnumerateArray())
        {
            if (message.ValueKind is JsonValueKind.Object) results.See(message);
        }

        return results.EndsWithResult ? new(results.Session, results.Runs()) : null;
    }

    /// <summary>Words would break what the client asks for: an answer by a schema, or a call of a tool.</summary>
    private static bool DemandsForm(JsonElement root)
    {
        if (root.TryGetProperty("response_format", out var format) && Text(format, "type") is not (null or "text")) return true;
        if (root.TryGetProperty("output_format", out var output) && output.ValueKind is JsonValueKind.Object) return true;
        if (root.TryGetProperty("output_config", out var config) && config.ValueKind is JsonValueKind.Object && config.TryGetProperty("format", out _)) return true;
        return root.TryGetProperty("tool_choice", out var choice)
            && (choice.ValueKind is JsonValueKind.String ? choice.GetString() is "required" : Text(choice, "type") is not (null or "auto" or "none"));
    }

    private static string? Text(JsonElement json, string name) =>
        json.ValueKind is JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String
            ? value.GetString() : null;

    private sealed class Results
    {
        private readonly Dictionary<string, (string Tool, string Arguments)> _calls = new(StringComparer.Ordinal);
        private readonly List<(string Tool, string Arguments, bool Failed)> _results = [];
        private int _lastTurn;

        public string Session { get; private set; } = "";

        /// <summary>The last message has a result.</summary>
        public bool EndsWithResult { get; private set; }

        public void See(JsonElement message)
        {
            var role = Text(message, "role");
            var wasResult = EndsWithResult;
            EndsWithResult = false;
            if (role is "user" && Session.Length == 0)
            {
                Session = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(message.GetRawText())).AsSpan(0, 12));
            }

            if (role is "tool") SeeResult(message, "tool_call_id", FailedBy(message), wasResult);
            if (message.TryGetProperty("tool_calls", out var calls) && calls.ValueKind is JsonValueKind.Array)
            {
                foreach (var call in calls.EnumerateArray())
                {
                    if (call.ValueKind is not JsonValueKind.Object || !call.TryGetProperty("function", out var function)) continue;
                    if (Text(call, "id") is { } id && Text(function, "name") is { } name) _calls[id] = (name, Text(function, "arguments") ?? "");
                }
            }

            if (!message.TryGetProperty("content", out var content) || content.ValueKind is not JsonValueKind.Array) return;
            foreach (var block in content.EnumerateArray())
            {
                switch (Text(block, "type"))
                {
                    case "tool_use" when Text(block, "id") is { } id && Text(block, "name") is { } name:
                        _calls[id] = (name, block.TryGetProperty("input", out var input) ? input.GetRawText() : "");
                        break;
                    case "tool_result":
                        SeeResult(block, "tool_use_id", block.TryGetProperty("is_error", out var error) && error.ValueKind is JsonValueKind.True, EndsWithResult);
                        break;
                }
            }
        }

        public List<ToolRun> Runs()
        {
            var runs = new List<ToolRun>();
            foreach (var tool in _results.Skip(_lastTurn).Select(result => result.Tool).Distinct(StringComparer.Ordinal))
            {
                var own = _results.Where(result => result.Tool == tool).Reverse().ToList();
                var failures = own.TakeWhile(result => result.Failed).Count();
                runs.Add(new(tool, failures, own.TakeWhile(result => result.Arguments == own[0].Arguments).Count() - 1));
            }

            return runs;
        }

        private void SeeResult(JsonElement result, string idName, bool failed, bool goesOn)
        {
            if (Text(result, idName) is not { } id || !_calls.TryGetValue(id, out var call)) return;
            if (!goesOn) _lastTurn = _results.Count;
            _results.Add((call.Tool, call.Arguments, failed));
            EndsWithResult = true;
        }

        /// <summary>OpenAI's results have no mark of a failure. Many tools answer with an object that has one.</summary>
        private static bool FailedBy(JsonElement message)
        {
            if (Text(message, "content") is not ['{', ..] text) return false;
            try
            {
                using var json = JsonDocument.Parse(text, Deep);
                return IsSet(json.RootElement, "error") || IsSet(json.RootElement, "is_error") || IsSet(json.RootElement, "isError");
            }
            catch (JsonException)
            {
                return false;
            }
        }

        private static bool IsSet(JsonElement json, string name) =>
            json.TryGetProperty(name, out var value) && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.False);
    }
}
