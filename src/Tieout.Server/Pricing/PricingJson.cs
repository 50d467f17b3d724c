using System.Text.Json.Serialization;
using Tieout.Server.Http;

namespace Tieout.Server.Pricing;

/// <summary>The JSON of prices in the API: snake_case, money as decimal strings, unknown members refused.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, AllowDuplicateProperties = false, Converters = [typeof(AmountConverter)])]
[JsonSerializable(typeof(PriceBody))]
[JsonSerializable(typeof(PriceListBody))]
[JsonSerializable(typeof(PriceListsBody))]
[JsonSerializable(typeof(PricePolicyBody))]
[JsonSerializable(typeof(SetPolicyBody))]
public sealed partial class PricingJson : JsonSerializerContext;
