using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Tieout.Core.Ledger.Tools;
using Tieout.Core.Metering;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;

namespace Tieout.Server.Ingest;

/// <summary>The attributes of one span (or resource) that matter, in all the generations of OpenTelemetry's GenAI conventions.</summary>
internal sealed class GenAiSpan
{
    private const int AttemptNoMax = 1_000;

    /// <summary>Prompts and answers may be in attributes too: only what is named here is ever decoded. An attribute's place here is its place in a
    /// span.</summary>
    private static readonly FrozenDictionary<string, int> Places = new[]
    {
        "gen_ai.provider.name", "gen_ai.system", "gen_ai.operation.name", "gen_ai.request.model", "gen_ai.response.model", "gen_ai.agent.name",
        "gen_ai.workflow.name", "gen_ai.tool.name", "gen_ai.tool.call.id",
        "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.usage.prompt_tokens",
        "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.usage.completion_tokens",
        "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens",
        "gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation_input_tokens",
        "gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens",
        "gen_ai.usage.text.input_tokens", "gen_ai.usage.image.input_tokens", "gen_ai.usage.audio.input_tokens", "gen_ai.usage.video.input_tokens",
        "gen_ai.usage.text.output_tokens", "gen_ai.usage.audio.output_tokens",
        "idenv.tenant.id", "tenant.id", "tieout.org", "enduser.id", "user.id", "http.response.status_code", "http.status_code", "error.type",
        "idenv.workflow.id", "idenv.operation.id", "idenv.attempt", "tieout.project", "tieout.team", "tieout.feature", "tieout.trigger",
    }.Select((name, place) => KeyValuePair.Create(name, place)).ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Where one thing has had several names, the newest first: where two are there and differ, it stands.</summary>
    private static readonly Attribute Provider = new("gen_ai.provider.name", "gen_ai.system");
    private static readonly Attribute Input = new("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.usage.prompt_tokens");
    private static readonly Attribute Output = new("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.usage.completion_tokens");
    private static readonly Attribute CacheRead = new("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens");
    private static readonly Attribute CacheWrite = new(
        "gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation_input_tokens");
    private static readonly Attribute Reasoning = new("gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens");
    private static readonly Attribute Org = new("idenv.tenant.id", "tenant.id", "tieout.org");
    private static readonly Attribute User = new("enduser.id", "user.id");
    private static readonly Attribute Status = new("http.response.status_code", "http.status_code");
    private static readonly Attribute Operation = new("gen_ai.operation.name");
    private static readonly Attribute ModelAsked = new("gen_ai.request.model");
    private static readonly Attribute Model = new("gen_ai.response.model");
    private static readonly Attribute Around = new("gen_ai.agent.name", "gen_ai.workflow.name", "gen_ai.tool.name");
    private static readonly Attribute Tool = new("gen_ai.tool.name");
    private static readonly Attribute ToolCallId = new("gen_ai.tool.call.id");
    private static readonly Attribute ErrorType = new("error.type");
    private static readonly Attribute WorkflowId = new("idenv.workflow.id");
    private static readonly Attribute OperationId = new("idenv.operation.id");
    private static readonly Attribute AttemptNo = new("idenv.attempt");
    private static readonly Attribute Project = new("tieout.project");
    private static readonly Attribute Team = new("tieout.team");
    private static readonly Attribute Feature = new("tieout.feature");
    private static readonly Attribute Trigger = new("tieout.trigger");

    private static readonly (Attribute Attribute, UsageUnit Unit)[] Modalities =
    [
        (new("gen_ai.usage.text.input_tokens"), UsageUnits.Find("input_text_tokens")!),
        (new("gen_ai.usage.image.input_tokens"), UsageUnits.Find("input_image_tokens")!),
        (new("gen_ai.usage.audio.input_tokens"), UsageUnits.Find("input_audio_tokens")!),
        (new("gen_ai.usage.video.input_tokens"), UsageUnits.Find("input_video_tokens")!),
        (new("gen_ai.usage.text.output_tokens"), UsageUnits.Find("output_text_tokens")!),
        (new("gen_ai.usage.audio.output_tokens"), UsageUnits.Find("output_audio_tokens")!),
    ];

    private const int TextBytesMax = 1_024;

    private readonly string?[] _texts = new string?[Places.Count];

    /// <summary>The span's status is an error.</summary>
    public bool Failed { get; set; }

    /// <summary>
    /// Whether the span is one call of one model. Before <c>gen_ai.operation.name</c> there were spans of such calls only; an operation that no
    /// version knows counts as one if it says what it used, so that it is refused by name and not passed over.
    /// </summary>
    public bool IsInference => First(Operation) switch
    {
        "chat" or "generate_content" or "text_completion" or "embeddings" => true,
        "retrieval" or "create_agent" or "invoke_agent" or "execute_tool" or "invoke_workflow" or "plan" or "search_memory" or "create_memory"
            or "update_memory"
            or "upsert_memory" or "delete_memory" or "create_memory_store" or "delete_memory_store" or "fetch_response" => false,
        _ => HasUsage && First(Provider) is not null && !IsAround,
    };

    /// <summary>Whether the span is one call of one tool that it names.</summary>
    public bool IsToolCall => First(Operation) == "execute_tool" && First(Tool) is not null;

    private bool HasUsage => First(Input) is not null || First(Output) is not null;

    /// <summary>What it names runs inference but is none itself.</summary>
    private bool IsAround => First(Around) is not null;

    /// <summary>Makes it ready for the next span of the same call.</summary>
    public void Clear()
    {
        Array.Clear(_texts);
        Failed = false;
    }

    /// <summary>Takes an element <c>{"key":...,"value":{"intValue":...}}</c>, to its end. Its two members come in either order.</summary>
    public void AddAttribute(ref Utf8JsonReader json)
    {
        var place = -1;
        Utf8JsonReader value = default;
        while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
        {
            var isKey = JsonText.Is(json, "key"u8);
            var isValue = JsonText.Is(json, "value"u8);
            json.Read();
            if (isKey)
            {
                place = json.TokenType is JsonTokenType.String && RepeatedText.Of(json) is { } key && Places.TryGetValue(key, out var known) ? known : -1;
            }

            if (isValue) value = json;
            json.Skip();
        }

        if (place < 0 || value.TokenType is not JsonTokenType.StartObject) return;
        if (value.Read() && value.TokenType is JsonTokenType.PropertyName && value.Read()) _texts[place] ??= Short(value);
    }

    /// <param name="resource">What the span does not say of itself, its resource may say for all.</param>
    public void Fill(UsageItem item, GenAiSpan resource)
    {
        item.UsageSource = UsageSource.AppRuntime;
        item.Org = First(Org) ?? resource.First(Org);
        item.User = First(User);
        item.Project = First(Project) ?? resource.First(Project);
        item.Team = First(Team) ?? resource.First(Team);
        item.Feature = First(Feature) ?? resource.First(Feature);
        item.Trigger = First(Trigger) ?? resource.First(Trigger);
        item.WorkflowId = First(WorkflowId);
        item.OperationId = First(OperationId);
        item.AttemptNo = (int)Math.Max(1, Number(item, AttemptNoMax, AttemptNo) ?? 1);
        item.Provider = First(Provider);
        item.ModelAsked = First(ModelAsked);
        item.Model = First(Model) ?? item.ModelAsked;
        item.InputTokens = Number(item, UsageUnits.CountMax, Input);
        item.OutputTokens = Number(item, UsageUnits.CountMax, Output);
        item.CacheReadTokens = Number(item, UsageUnits.CountMax, CacheRead);
        item.CacheWriteTokens = Number(item, UsageUnits.CountMax, CacheWrite);
        item.ReasoningTokens = Number(item, UsageUnits.CountMax, Reasoning);
        foreach (var (attribute, unit) in Modalities)
        {
            if (Number(item, UsageUnits.CountMax, attribute) is > 0 and var count) UsageFields.AddUnit(item, unit, count);
        }

        if (Failed || First(ErrorType) is not null) item.StatusCode = ErrorStatus();
        if (First(Operation) is { } operation && operation is not ("chat" or "generate_content" or "text_completion" or "embeddings"))
        {
            item.Refuse(ApiError.ItemInvalid,
                $"gen_ai.operation.name '{Inputs.Shown(operation)}' is not known, so whether its tokens are counted elsewhere is not, either.");
        }

        item.Check("startTimeUnixNano");
    }

    /// <summary>As <see cref="Fill"/>, of a call of a tool. Where the span has the id that the provider gave the call, the call counts under that id.</summary>
    public void FillToolCall(UsageItem item, GenAiSpan resource)
    {
        item.Org = First(Org) ?? resource.First(Org);
        item.Feature = First(Feature) ?? resource.First(Feature);
        item.OperationId = First(OperationId);
        item.Tool = ToolCall.Counted(First(Tool));
        if (First(ToolCallId) is { } id) (item.Source, item.Id) = (ToolCall.ProviderSource, id);
        var error = First(ErrorType);
        item.Failed = Failed || error is not null;
        item.Error = Names.IsValid(error) ? error : null;
        item.Retries = (int)(Number(item, AttemptNoMax, AttemptNo) is > 1 and var attempt ? attempt - 1 : 0);
        item.CheckToolCall("startTimeUnixNano");
    }

    /// <summary>The provider's own status where the span has one.</summary>
    private int ErrorStatus()
    {
        foreach (var text in (ReadOnlySpan<string?>)[First(Status), First(ErrorType)])
        {
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var status) && status is >= 400 and <= 599) return status;
        }

        return 500;
    }

    private string? First(Attribute attribute)
    {
        foreach (var place in attribute.Places)
        {
            if (_texts[place] is { } text) return text;
        }

        return null;
    }

    private long? Number(UsageItem item, long max, Attribute attribute)
    {
        long? found = null;
        for (var i = 0; i < attribute.Places.Length; i++)
        {
            if (_texts[attribute.Places[i]] is not { } text) continue;
            if (!decimal.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var number)
                || number != decimal.Truncate(number) || number < 0 || number > max)
            {
                item.Refuse(ApiError.ItemInvalid, $"{attribute.Names[i]} must be a whole number from 0 to {max}.");
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
        return json.TokenType is JsonTokenType.Number ? Encoding.ASCII.GetString(json.ValueSpan) : RepeatedText.Of(json);
    }

    /// <summary>One thing that is said, under whichever of its names.</summary>
    private sealed class Attribute(params string[] names)
    {
        public string[] Names => names;

        public int[] Places { get; } = [.. names.Select(name => GenAiSpan.Places[name])];
    }
}
