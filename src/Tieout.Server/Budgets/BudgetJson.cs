using System.Text.Json.Serialization;
using Tieout.Server.Http;

namespace Tieout.Server.Budgets;

/// <summary>The JSON of budgets in the API: snake_case, money as decimal strings, unknown members refused.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, AllowDuplicateProperties = false, Converters = [typeof(AmountConverter), typeof(WindowUnitConverter)])]
[JsonSerializable(typeof(BudgetBody))]
[JsonSerializable(typeof(BudgetListBody))]
[JsonSerializable(typeof(BudgetReconciliationBody))]
[JsonSerializable(typeof(SetBudgetBody))]
public sealed partial class BudgetJson : JsonSerializerContext;
