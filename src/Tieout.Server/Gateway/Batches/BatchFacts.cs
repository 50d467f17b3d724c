using System.Text.Json;
using System.Text.Json.Serialization;
using Tieout.Core.Metering;
using Tieout.Core.Tenancy;

namespace Tieout.Server.Gateway.Batches;

/// <summary>Facts of a batch in the ledger, so that any poll can charge its lines, also after a restart.</summary>
/// <param name="Seed">Attempt ids derive from the seed and the custom ids, so that a line seen again is the same attempt (L3).</param>
/// <param name="Provider">Name of the provider that runs the batch.</param>
/// <param name="InputFile">The provider's id of the file with its lines; null: the request itself has the lines.</param>
/// <param name="Operation">Prefix of the operation ids of the lines.</param>
internal sealed record BatchFacts(Guid Seed, string Provider, string? InputFile, string Operation, string? Workflow, string? Correlation, string? Trace)
{
    /// <summary>Separates the batch's operation from a line's custom id.</summary>
    private const char Separator = ':';

    /// <summary>Longest custom id, or its hash, that fits into an operation id.</summary>
    private const int LabelLengthMin = 40;

    public static BatchFacts Of(GatewayCaller caller, string provider, string? inputFile)
    {
        var seed = Guid.CreateVersion7();
        var operation = caller.OperationId.Length + 1 + LabelLengthMin <= Names.LengthMax ? caller.OperationId : seed.ToString();
        return new(seed, provider, inputFile, operation, caller.Tags.Workflow, caller.Correlation.CorrelationId, caller.Correlation.TraceId);
    }

    /// <summary>Attempt id of a line.</summary>
    public AttemptId AttemptOf(string customId) => DerivedId.Of(Seed, LabelOf(customId));

    /// <summary>Operation id of a line. Each line is an operation of its own.</summary>
    public string OperationOf(string customId) => $"{Operation}{Separator}{LabelOf(customId)}";

    /// <summary>Whether an attempt is one of this batch's lines.</summary>
    public bool Has(AttemptId attempt, string operation) =>
        operation.Length > Operation.Length && operation[Operation.Length] == Separator && operation.StartsWith(Operation, StringComparison.Ordinal)
        && DerivedId.Of(Seed, operation[(Operation.Length + 1)..]) == attempt;

    public string ToJson() => JsonSerializer.Serialize(this, BatchJson.Default.BatchFacts);

    public static BatchFacts Parse(string json) =>
        JsonSerializer.Deserialize(json, BatchJson.Default.BatchFacts) ?? throw new JsonException("A batch is null.");

    private string LabelOf(string customId) => BatchLine.Label(customId, Names.LengthMax - Operation.Length - 1);
}

/// <summary>Facts of a file at a provider, as the ledger has them.</summary>
/// <param name="Answer">The provider's description at the upload; null: a batch made the file.</param>
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
