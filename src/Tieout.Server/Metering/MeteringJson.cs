using System.Text.Json.Serialization;
using Tieout.Server.Http;

namespace Tieout.Server.Metering;

/// <summary>The JSON of usage in the API: snake_case, money as decimal strings, unknown members refused.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, AllowDuplicateProperties = false, Converters = [typeof(AmountConverter)])]
[JsonSerializable(typeof(DistributionListBody))]
[JsonSerializable(typeof(FailureListBody))]
[JsonSerializable(typeof(HoldListBody))]
[JsonSerializable(typeof(ToolCallListBody))]
[JsonSerializable(typeof(UsageLine))]
[JsonSerializable(typeof(UsagePageBody))]
public sealed partial class MeteringJson : JsonSerializerContext;
