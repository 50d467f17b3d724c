using System.Text.Json;
using System.Text.Json.Serialization;
using Tieout.Server.Attribution;
using Tieout.Server.Budgets;
using Tieout.Server.Hosting;
using Tieout.Server.Http;
using Tieout.Server.Invoicing;
using Tieout.Server.Ledger;
using Tieout.Server.Metering;
using Tieout.Server.Pricing;
using Tieout.Server.Reconciliation;
using Tieout.Server.Tenancy;
using Tieout.Server.Tracing;

namespace Tieout.Cli;

/// <summary>The JSON of the API as the command line sends and reads it. A newer server may answer more than it knows, so unknown members are skipped.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, AllowDuplicateProperties = false,
    Converters = [typeof(AmountConverter), typeof(BillingModeConverter), typeof(WindowUnitConverter), typeof(AdminRoleConverter)])]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(NewOrgBody))]
[JsonSerializable(typeof(OrgBody))]
[JsonSerializable(typeof(OrgListBody))]
[JsonSerializable(typeof(NewUnitBody))]
[JsonSerializable(typeof(UnitBody))]
[JsonSerializable(typeof(UnitListBody))]
[JsonSerializable(typeof(DetachBody))]
[JsonSerializable(typeof(DetachStatusBody))]
[JsonSerializable(typeof(NewKeyBody))]
[JsonSerializable(typeof(MadeKeyBody))]
[JsonSerializable(typeof(KeyBody))]
[JsonSerializable(typeof(KeyListBody))]
[JsonSerializable(typeof(KeyTermsBody))]
[JsonSerializable(typeof(KeyCapBody))]
[JsonSerializable(typeof(SetKeyCapBody))]
[JsonSerializable(typeof(RotateKeyBody))]
[JsonSerializable(typeof(ExpireKeyBody))]
[JsonSerializable(typeof(NewTokenBody))]
[JsonSerializable(typeof(MadeTokenBody))]
[JsonSerializable(typeof(TokenBody))]
[JsonSerializable(typeof(TokenListBody))]
[JsonSerializable(typeof(AuditPageBody))]
[JsonSerializable(typeof(ProposalBody))]
[JsonSerializable(typeof(ProposalPageBody))]
[JsonSerializable(typeof(ApproveBody))]
[JsonSerializable(typeof(RejectBody))]
[JsonSerializable(typeof(SetBudgetBody))]
[JsonSerializable(typeof(BudgetBody))]
[JsonSerializable(typeof(BudgetListBody))]
[JsonSerializable(typeof(TopUpBody))]
[JsonSerializable(typeof(GrantBody))]
[JsonSerializable(typeof(CorrectionBody))]
[JsonSerializable(typeof(MoneyBody))]
[JsonSerializable(typeof(BalanceBody))]
[JsonSerializable(typeof(UsagePageBody))]
[JsonSerializable(typeof(UsageLine))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(OperationBody))]
[JsonSerializable(typeof(HoldListBody))]
[JsonSerializable(typeof(FindingListBody))]
[JsonSerializable(typeof(InvoiceBody))]
[JsonSerializable(typeof(SpendBody))]
[JsonSerializable(typeof(CostsTodayBody))]
[JsonSerializable(typeof(CostReconciliationBody))]
[JsonSerializable(typeof(BudgetReconciliationBody))]
[JsonSerializable(typeof(DistributionListBody))]
[JsonSerializable(typeof(FailureListBody))]
[JsonSerializable(typeof(LedgerHealthBody))]
[JsonSerializable(typeof(QuarantineListBody))]
[JsonSerializable(typeof(ReplayBody))]
[JsonSerializable(typeof(PriceListBody))]
[JsonSerializable(typeof(PriceListsBody))]
[JsonSerializable(typeof(PriceBody))]
[JsonSerializable(typeof(PricePolicyBody))]
[JsonSerializable(typeof(SetPolicyBody))]
[JsonSerializable(typeof(NewEnvelopeBody))]
[JsonSerializable(typeof(IssuedEnvelopeBody))]
[JsonSerializable(typeof(VerifyEnvelopeBody))]
[JsonSerializable(typeof(RevokeEnvelopeBody))]
[JsonSerializable(typeof(RevokedEnvelopeBody))]
[JsonSerializable(typeof(NewHopBody))]
[JsonSerializable(typeof(HopBody))]
[JsonSerializable(typeof(VerdictBody))]
[JsonSerializable(typeof(NewEnvelopeKeyBody))]
[JsonSerializable(typeof(EnvelopeKeyBody))]
[JsonSerializable(typeof(EnvelopeKeyListBody))]
[JsonSerializable(typeof(SetEnvelopeKeyBody))]
internal sealed partial class ApiJson : JsonSerializerContext;
