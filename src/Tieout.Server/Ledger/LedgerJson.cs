using System.Text.Json.Serialization;
using Tieout.Server.Http;

namespace Tieout.Server.Ledger;

/// <summary>The JSON of money that is moved by hand, proposals and the audit in the API: snake_case, money as decimal strings, unknown members
/// refused.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, AllowDuplicateProperties = false, Converters = [typeof(AmountConverter)])]
[JsonSerializable(typeof(ApproveBody))]
[JsonSerializable(typeof(AuditPageBody))]
[JsonSerializable(typeof(BalanceBody))]
[JsonSerializable(typeof(CorrectionBody))]
[JsonSerializable(typeof(DetachBody))]
[JsonSerializable(typeof(DetachStatusBody))]
[JsonSerializable(typeof(GrantBody))]
[JsonSerializable(typeof(MoneyBody))]
[JsonSerializable(typeof(ProposalBody))]
[JsonSerializable(typeof(ProposalPageBody))]
[JsonSerializable(typeof(QuarantineListBody))]
[JsonSerializable(typeof(RejectBody))]
[JsonSerializable(typeof(TopUpBody))]
public sealed partial class LedgerJson : JsonSerializerContext;
