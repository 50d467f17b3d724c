using System.Text.Json.Serialization;

namespace Tieout.Core.Guard;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(GuardPolicy))]
[JsonSerializable(typeof(GuardOverride))]
internal sealed partial class GuardJson : JsonSerializerContext;
