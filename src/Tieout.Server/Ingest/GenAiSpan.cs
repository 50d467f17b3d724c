using System.Globalization;
using System.Text;
using System.Text.Json;
using Tieout.Core.Metering;
using Tieout.Server.Api;
using Tieout.Server.Errors;

namespace Tieout.Server.Ingest;

/// <summary>The attributes of one span (or resource) that matter, in all the generations of OpenTelemetry's GenAI conventions.</summary>
internal sealed class GenAiSpan
{
    private const int AttemptNoMax = 1_000;

    /// <summary>Where one thing has had several names, the newest first: where two are there and differ, it stands.</summary>
    private static readonly string[] Provider = ["gen_ai.provider.name", "gen_ai.system"];
    private static readonly string[] Input = ["gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.usage.prompt_tokens"];
    private static readonly string[] Output = ["gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.usage.completion_tokens"];
    private static readonly string[] CacheRead = ["gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens"];
    private static readonly string[] CacheWrite = ["gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation_input_tokens"];
    private static readonly string[] Reasoning = ["gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens"];
    private static readonly string[] Org = ["idenv.tenant.id", "tenant.id", "tieout.org"];
    private static readonly string[] User = ["enduser.id", "user.id"];
    private static readonly string[] Status = ["http.response.status_code", "http.status_code"];

    private static readonly (string Name, UsageUnit Unit)[] Modalities =
    [
        ("gen_ai.usage.text.input_tokens", UsageUnits.Find("input_text_tokens")!), ("gen_ai.usage.image.input_tokens", UsageUnits.Find("input_image_tokens")!),
        ("gen_ai.usage.audio.input_tokens", UsageUnits.Find("input_audio_tokens")!), ("gen_ai.usage.video.input_tokens", UsageUnits.Find("input_video_tokens")!),
        ("gen_ai.usage.text.output_tokens", UsageUnits.Find("output_text_tokens")!), ("gen_ai.usage.audio.output_tokens", UsageUnits.Find("output_audio_tokens")!),
    ];

    /// <summary>Prompts and answers may be in attributes too: only what is named here is ever decoded.</summary>
    private static readonly HashSet<string> Wanted =
    [
        .. Provider, .. Input, .. Output, .. CacheRead, .. CacheWrite, .. Reasoning, .. Org, .. User, .. Status, .. Modalities.Select(one => one.Name),
        "gen_ai.operation.name", "gen_ai.request.model", "gen_ai.response.model", "gen_ai.agent.name", "gen_ai.workflow.name", "gen_ai.tool.name", "error.type",
        "idenv.workflow.id", "idenv.operation.id", "idenv.attempt", "tieout.project", "tieout.team", "tieout.feature", "tieout.trigger",
    ];

    private const int TextBytesMax = 1_024;

    private readonly Dictionary<string, string> _texts = new(StringComparer.Ordinal);

    /// <summary>The span's status is an error.</summary>
    public bool Failed { get; set; }

    /// <summary>
    /// Whether the span is one call of one model. Before <c>gen_ai.operation.name</c> there were spans of such calls only; an operation that no
    /// version knows counts as one if it says what it used, so that it is refused by name and not passed over.
    /// </summary>
    public bool IsInference => _texts.GetValueOrDefault("gen_ai.operation.name") switch
    {
        "chat" or "generate_content" or "text_completion" or "embeddings" => true,
        "retrieval" or "create_agent" or "invoke_agent" or "execute_tool" or "invoke_workflow" or "plan" or "search_memory" or "create_memory" or "update_memory"
            or "upsert_memory" or "delete_memory" or "create_memory_store" or "delete_memory_store" or "fetch_response" => false,
        _ => HasUsage && First(Provider) is not null && !IsAround,
    };

    private bool HasUsage => First(Input) is not null || First(Output) is not null;

    /// <summary>What it names runs inference but is none itself.</summary>
    private bool IsAround => _texts.ContainsKey("gen_ai.agent.name") || _texts.ContainsKey("gen_ai.workflow.name") || _texts.ContainsKey("gen_ai.tool.name");

    /// <summary>Takes an element <c>{"key":...,"value":{"intValue":...}}</c>. Its two members come in either order.</summary>
    public void AddAttribute(Utf8JsonReader json)
    {
        string? key = null;
        Utf8JsonReader value = default;
        while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
        {
            var isKey = JsonText.Is(json, "key"u8);
            var isValue = JsonText.Is(json, "value"u8);
            json.Read();
            if (isKey) key = Short(json);
            if (isValue) value = json;
            json.Skip();
        }

        if (key is null || value.TokenType is not JsonTokenType.StartObject || !Wanted.Contains(key)) return;
        if (value.Read() && value.TokenType is JsonTokenType.PropertyName && value.Read() && Short(value) is { } text) _texts.TryAdd(key, text);
    }

    /// <param name="resource">What the span does not say of itself, its resource may say for all.</param>
    public void Fill(UsageItem item, GenAiSpan resource)
    {
        item.UsageSource = UsageSource.AppRuntime;
        item.Org = First(Org) ?? resource.First(Org);
        item.User = First(User);
        item.Project = Either("tieout.project", resource);
        item.Team = Either("tieout.team", resource);
        item.Feature = Either("tieout.feature", resource);
        item.Trigger = Either("tieout.trigger", resource);
        item.WorkflowId = _texts.GetValueOrDefault("idenv.workflow.id");
        item.OperationId = _texts.GetValueOrDefault("idenv.operation.id");
        item.AttemptNo = (int)Math.Max(1, Number(item, AttemptNoMax, "idenv.attempt") ?? 1);
        item.Provider = First(Provider);
        item.ModelAsked = _texts.GetValueOrDefault("gen_ai.request.model");
        item.Model = _texts.GetValueOrDefault("gen_ai.response.model") ?? item.ModelAsked;
        item.InputTokens = Number(item, UsageUnits.CountMax, Input);
        item.OutputTokens = Number(item, UsageUnits.CountMax, Output);
        item.CacheReadTokens = Number(item, UsageUnits.CountMax, CacheRead);
        item.CacheWriteTokens = Number(item, UsageUnits.CountMax, CacheWrite);
        item.ReasoningTokens = Number(item, UsageUnits.CountMax, Reasoning);
        foreach (var (name, unit) in Modalities)
        {
            if (Number(item, UsageUnits.CountMax, name) is > 0 and var count) UsageFields.AddUnit(item, unit, count);
        }

        if (Failed || _texts.ContainsKey("error.type")) item.StatusCode = ErrorStatus();
        if (_texts.TryGetValue("gen_ai.operation.name", out var operation) && operation is not ("chat" or "generate_content" or "text_completion" or "embeddings"))
        {
            item.Refuse(ApiError.ItemInvalid, $"gen_ai.operation.name '{Inputs.Shown(operation)}' is not known, so whether its tokens are counted elsewhere is not, either.");
        }

        item.Check("startTimeUnixNano");
    }

    /// <summary>The provider's own status where the span has one.</summary>
    private int ErrorStatus()
    {
        foreach (var text in (ReadOnlySpan<string?>)[First(Status), _texts.GetValueOrDefault("error.type")])
        {
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var status) && status is >= 400 and <= 599) return status;
        }

        return 500;
    }

    private string? Either(string name, GenAiSpan resource) => _texts.GetValueOrDefault(name) ?? resource._texts.GetValueOrDefault(name);

    private string? First(string[] names)
    {
        foreach (var name in names)
        {
            if (_texts.TryGetValue(name, out var text)) return text;
        }

        return null;
    }

    private long? Number(UsageItem item, long max, params ReadOnlySpan<string> names)
    {
        long? found = null;
        foreach (var name in names)
        {
            if (!_texts.TryGetValue(name, out var text)) continue;
            if (!decimal.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var number) || number != decimal.Truncate(number) || number < 0 || number > max)
            {
                item.Refuse(ApiError.ItemInvalid, $"{name} must be a whole number from 0 to {max}.");
                return null;
            }

            if (found is not null && found != (long)number) item.Flags |= UsageFlags.UsageRepeated;
            found ??= (long)number;
        }

        return found;
    }

    /// <summary>A short text or number as text; null: anything else, and what is no text at all.</summary>
    private static string? Short(in Utf8JsonReader json)
    {
        if (json.TokenType is not (JsonTokenType.String or JsonTokenType.Number) || json.ValueSpan.Length > TextBytesMax) return null;
        return json.TokenType is JsonTokenType.Number ? Encoding.ASCII.GetString(json.ValueSpan) : JsonText.Of(json);
    }
}
