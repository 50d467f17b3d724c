using System.Text.Json;
using System.Text.Json.Serialization;
using Tieout.Core.Metering;
using Tieout.Core.Tenancy;

namespace Tieout.Server.Gateway.Batches;

/// <summary>What the ledger keeps of a batch, so that its lines can be charged whoever comes for the results, also after a restart.</summary>
/// <param name="Seed">The ids of its lines' attempts follow from it and their custom ids: a line seen again is the same attempt (L3).</param>
/// <param name="Provider">The name of the upstream that works at it.</param>
/// <param name="InputFile">The provider's id of the file with its lines; null: they came with the batch.</param>
/// <param name="Operation">The beginning of the operation ids of its lines.</param>
internal sealed record BatchFacts(Guid Seed, string Provider, string? InputFile, string Operation, string? Workflow, string? Correlation, string? Trace)
{
    /// <summary>Between the batch's operation and a line's custom id.</summary>
    private const char Separator = ':';

    /// <summary>Room that is left for a custom id, or its hash.</summary>
    private const int LabelLengthMin = 40;

    public static BatchFacts Of(GatewayCaller caller, string provider, string? inputFile)
    {
        var seed = Guid.CreateVersion7();
        var operation = caller.OperationId.Length + 1 + LabelLengthMin <= Names.LengthMax ? caller.OperationId : seed.ToString();
        return new(seed, provider, inputFile, operation, caller.Tags.Workflow, caller.Correlation.CorrelationId, caller.Correlation.TraceId);
    }

    /// <summary>The attempt that one line is.</summary>
    public AttemptId AttemptOf(string customId) => DerivedId.Of(Seed, LabelOf(customId));

    /// <summary>The operation that one line is: each is a thing asked for by itself.</summary>
    public string OperationOf(string customId) => $"{Operation}{Separator}{LabelOf(customId)}";

    /// <summary>Whether an attempt is one of this batch's lines.</summary>
    public bool Has(AttemptId attempt, string operation) =>
        operation.Length > Operation.Length && operation[Operation.Length] == Separator && operation.StartsWith(Operation, StringComparison.Ordinal)
        && DerivedId.Of(Seed, operation[(Operation.Length + 1)..]) == attempt;

    public string ToJson() => JsonSerializer.Serialize(this, BatchJson.Default.BatchFacts);

    public static BatchFacts Parse(string json) => JsonSerializer.Deserialize(json, BatchJson.Default.BatchFacts) ?? throw new JsonException("A batch is null.");

    private string LabelOf(string customId) => BatchLine.Label(customId, Names.LengthMax - Operation.Length - 1);
}

/// <summary>What the ledger keeps of a file at a provider.</summary>
/// <param name="Answer">What the provider said of it when it was made; null: a batch made it.</param>
internal sealed record FileFacts(string Provider, JsonElement? Answer)
{
    public string ToJson() => JsonSerializer.Serialize(this, BatchJson.Default.FileFacts);

    public static FileFacts Parse(string json) => JsonSerializer.Deserialize(json, BatchJson.Default.FileFacts) ?? throw new JsonException("A file is null.");
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(BatchFacts))]
[JsonSerializable(typeof(FileFacts))]
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class BatchJson : JsonSerializerContext;
