using System.Text.Json.Serialization;

namespace Tieout.Server.Ingest;

/// <summary>The answer to a call: how many items became what, and which did not become a new charge.</summary>
/// <param name="Quarantined">Kept because they break a join contract: charged when a person releases them. Do not send them again.</param>
public sealed record IngestBody(int Accepted, int Replayed, int Conflicts, int Refused, int Quarantined, IReadOnlyList<IngestItemBody> Items);

/// <param name="Index">Its place in the call, from 0.</param>
/// <param name="Status">accepted, replayed, conflict, quarantined or refused.</param>
/// <param name="UsageId">The usage record that stands.</param>
/// <param name="Code">Of the error catalogue; for a conflict or a refusal.</param>
public sealed record IngestItemBody(int Index, string? Id, string Status, string? UsageId, string? Code, string? Detail);

/// <summary>OTLP's answer: empty where every span was accepted.</summary>
public sealed record OtlpBody(OtlpPartialSuccess? PartialSuccess);

/// <param name="RejectedSpans">A whole number as text, which is how OTLP writes 64 bits in JSON.</param>
public sealed record OtlpPartialSuccess(string RejectedSpans, string ErrorMessage);

/// <summary>OTLP's error: google.rpc.Status.</summary>
public sealed record OtlpStatus(int Code, string Message);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(IngestBody))]
internal sealed partial class IngestJson : JsonSerializerContext;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(OtlpBody))]
[JsonSerializable(typeof(OtlpStatus))]
internal sealed partial class OtlpJson : JsonSerializerContext;
