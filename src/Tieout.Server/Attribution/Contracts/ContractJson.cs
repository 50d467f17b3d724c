using System.Text.Json.Serialization;
using Tieout.Server.Http;

namespace Tieout.Server.Attribution.Contracts;

/// <summary>The JSON of join contracts in the API: snake_case, unknown members refused.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, AllowDuplicateProperties = false,
    Converters = [typeof(AmountConverter), typeof(JoinContractConverter)])]
[JsonSerializable(typeof(CompletenessBody))]
[JsonSerializable(typeof(ContractListBody))]
[JsonSerializable(typeof(EndContractBody))]
[JsonSerializable(typeof(IncompleteListBody))]
[JsonSerializable(typeof(SetContractBody))]
[JsonSerializable(typeof(StandingContract))]
public sealed partial class ContractJson : JsonSerializerContext;
