using Tieout.Core;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;

namespace Tieout.Server.Ingest;

/// <summary>Why one item does not count. The other items of its call do.</summary>
/// <param name="Detail">One sentence about this item.</param>
internal sealed record ItemRefusal(ApiError Error, string Detail);

/// <summary>One usage measured elsewhere, as its format said it: the three parsers fill it, <see cref="Intake"/> makes a charge of it.</summary>
/// <remarks>The first thing that is wrong stands as <see cref="Refusal"/>; what is read after it does not matter any more.</remarks>
internal sealed class UsageItem(int index)
{
    /// <summary>Ids and sources are kept as hashes, so any text will do; this bounds what is hashed and shown.</summary>
    private const int IdLengthMax = 512;

    /// <summary>Its place in the call, from 0.</summary>
    public int Index => index;

    /// <summary>Who measured. Together with <see cref="Id"/> it counts once, for ever, within the org.</summary>
    public string Source { get; set; } = "usage";

    public string? Id { get; set; }
    public Instant? OccurredAt { get; set; }
    public string? Org { get; set; }

    /// <summary>The envelope that it bears; null: that of its call, if it has one.</summary>
    public string? Envelope { get; set; }
    public string? Project { get; set; }
    public string? Team { get; set; }
    public string? Key { get; set; }

    /// <summary>Free text; see <see cref="Intake"/> for what it counts under.</summary>
    public string? User { get; set; }
    public string? Feature { get; set; }
    public string? Trigger { get; set; }
    public string? Provider { get; set; }

    /// <summary>The model that answered.</summary>
    public string? Model { get; set; }

    /// <summary>The model that was asked for: its price holds where the one that answered has none.</summary>
    public string? ModelAsked { get; set; }
    public UsageSource UsageSource { get; set; } = UsageSource.Import;
    public string? OperationId { get; set; }
    public string? WorkflowId { get; set; }
    public string? CorrelationId { get; set; }
    public string? TraceId { get; set; }
    public int AttemptNo { get; set; } = 1;
    public int DurationMs { get; set; }
    public int StatusCode { get; set; } = 200;
    public long? InputTokens { get; set; }
    public long? CacheReadTokens { get; set; }
    public long? CacheWriteTokens { get; set; }
    public long? OutputTokens { get; set; }
    public long? ReasoningTokens { get; set; }

    /// <summary>Every other unit, by name, sorted as records keep them; null: none.</summary>
    public SortedDictionary<string, long>? Units { get; set; }

    /// <summary>What the sender says it cost and is to be charged, instead of the price list.</summary>
    public Amount? ProviderCost { get; set; }

    /// <inheritdoc cref="ProviderCost"/>
    public Amount? Charge { get; set; }

    public UsageFlags Flags { get; set; }

    /// <summary>What it counts for as usage of a runtime; null: it is of none.</summary>
    public RuntimeLabels? Runtime { get; set; }

    /// <summary>The first thing that was found wrong.</summary>
    public ItemRefusal? Refusal { get; private set; }

    /// <summary>The tool that it is a call of; null: it is usage.</summary>
    public string? Tool { get; set; }

    /// <summary>Of a call of a tool: it had no usable result. Null: the sender does not say.</summary>
    public bool? Failed { get; set; }

    /// <summary>Of a call of a tool: how often it was tried again.</summary>
    public int Retries { get; set; }

    /// <summary>Of a call of a tool that failed: the kind of the failure.</summary>
    public string? Error { get; set; }

    /// <summary>A person released it from quarantine: it is charged whatever contracts say.</summary>
    public bool IsReleased { get; set; }

    public bool HasCounts =>
        InputTokens is not null || OutputTokens is not null || CacheReadTokens is not null || CacheWriteTokens is not null || ReasoningTokens is not null
            || Units is not null;

    /// <summary>The provider answered with an error, and nothing was used.</summary>
    public bool IsFailure => !HasCounts && StatusCode is (0 or >= 400);

    public bool IsStated => ProviderCost is not null || Charge is not null;

    public void Refuse(ApiError error, string detail) => Refusal ??= new(error, detail);

    /// <summary>Refuses what no format may leave out or get wrong.</summary>
    /// <param name="time">What the format calls the time of the usage.</param>
    public void Check(string time)
    {
        CheckIdentity(time);
        if (IsStated || IsFailure) return;
        if (!HasCounts) Refuse(ApiError.UsageMissing, "The item has neither a count nor an amount. Send for example input_tokens.");
        if (Model is null) Refuse(ApiError.ItemInvalid, "model is required: without a model the item has no price.");
    }

    /// <summary>Refuses what no call of a tool may leave out or get wrong.</summary>
    /// <inheritdoc cref="Check"/>
    public void CheckToolCall(string time)
    {
        CheckIdentity(time);
        if (Tool is null) Refuse(ApiError.ItemInvalid, "tool is required: the name of the tool that was called.");
    }

    private void CheckIdentity(string time)
    {
        if (string.IsNullOrEmpty(Id))
        {
            Refuse(ApiError.ItemInvalid, "id is required: usage with the same id counts once.");
        }
        else if (Id.Length > IdLengthMax || Source.Length > IdLengthMax)
        {
            Refuse(ApiError.ItemInvalid, $"id and source may have at most {IdLengthMax} characters each.");
        }

        if (Source.Length == 0) Refuse(ApiError.ItemInvalid, "source must not be empty.");
        if (OccurredAt is null) Refuse(ApiError.ItemInvalid, $"{time} is required: the time of receipt is not the time of use.");
        foreach (var (what, name) in (ReadOnlySpan<(string, string?)>)[
            ("org", Org), ("project", Project), ("team", Team), ("key", Key), ("feature", Feature), ("trigger", Trigger), ("provider", Provider),
            ("model", Model),
            ("tool", Tool), ("error", Error), ("operation_id", OperationId), ("workflow_id", WorkflowId), ("correlation_id", CorrelationId),
            ("app_instance_id", Runtime?.AppInstance), ("runtime_component", Runtime?.Component), ("operating_mode", Runtime?.OperatingMode),
            ("control_plane_scope", Runtime?.ControlPlaneScope), ("runtime_backend", Runtime?.Backend)])
        {
            if (name is not null && !Names.IsValid(name))
            {
                Refuse(ApiError.NameInvalid,
                    $"'{Inputs.Shown(name)}' is not a valid {what}: use 1 to 128 of A–Z a–z 0–9 _ . : @ / + -, starting with a letter or digit.");
            }
        }
    }

    /// <summary>Its counts in the form of records; units of which there are none are left out.</summary>
    public UsageCounts Counts()
    {
        var more = Units is null ? "" : string.Join(',', Units.Where(unit => unit.Value > 0).Select(unit => $"\"{unit.Key}\":{unit.Value}"));
        return new(InputTokens ?? 0, CacheReadTokens ?? 0, CacheWriteTokens ?? 0, OutputTokens ?? 0, ReasoningTokens ?? 0,
            more.Length == 0 ? null : $"{{{more}}}");
    }
}
