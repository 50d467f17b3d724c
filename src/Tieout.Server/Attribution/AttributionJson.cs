using System.Text.Json.Serialization;
using Tieout.Server.Http;

namespace Tieout.Server.Attribution;

/// <summary>The JSON of identity envelopes in the API: snake_case, money as decimal strings, unknown members refused.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, AllowDuplicateProperties = false, Converters = [typeof(AmountConverter)])]
[JsonSerializable(typeof(EnvelopeKeyBody))]
[JsonSerializable(typeof(EnvelopeKeyListBody))]
[JsonSerializable(typeof(HopBody))]
[JsonSerializable(typeof(IssuedEnvelopeBody))]
[JsonSerializable(typeof(NewEnvelopeBody))]
[JsonSerializable(typeof(NewEnvelopeKeyBody))]
[JsonSerializable(typeof(NewHopBody))]
[JsonSerializable(typeof(RevokeEnvelopeBody))]
[JsonSerializable(typeof(RevokedEnvelopeBody))]
[JsonSerializable(typeof(SetEnvelopeKeyBody))]
[JsonSerializable(typeof(VerdictBody))]
[JsonSerializable(typeof(VerifyEnvelopeBody))]
public sealed partial class AttributionJson : JsonSerializerContext;
