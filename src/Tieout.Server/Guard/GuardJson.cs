using System.Text.Json.Serialization;
using Tieout.Core.Guard;
using Tieout.Server.Http;

namespace Tieout.Server.Guard;

/// <summary>The JSON of the guard in the API: snake_case, unknown members refused.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, AllowDuplicateProperties = false, Converters = [typeof(AmountConverter)])]
[JsonSerializable(typeof(GuardDecision))]
[JsonSerializable(typeof(GuardDecisionBody))]
[JsonSerializable(typeof(GuardHitsBody))]
[JsonSerializable(typeof(GuardHour))]
[JsonSerializable(typeof(GuardOverrideBody))]
[JsonSerializable(typeof(GuardOverrideListBody))]
[JsonSerializable(typeof(GuardPolicy))]
[JsonSerializable(typeof(GuardPolicyListBody))]
[JsonSerializable(typeof(GuardQuestionBody))]
[JsonSerializable(typeof(GuardUse))]
[JsonSerializable(typeof(NewGuardOverrideBody))]
[JsonSerializable(typeof(PromoteGuardPolicyBody))]
[JsonSerializable(typeof(SetGuardPolicyBody))]
public sealed partial class GuardJson : JsonSerializerContext;
