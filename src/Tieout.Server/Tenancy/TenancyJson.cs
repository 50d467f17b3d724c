using System.Text.Json.Serialization;
using Tieout.Server.Http;

namespace Tieout.Server.Tenancy;

/// <summary>The JSON of orgs, keys and tokens in the API: snake_case, money as decimal strings, unknown members refused.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, AllowDuplicateProperties = false,
    Converters = [typeof(AmountConverter), typeof(BillingModeConverter), typeof(AdminRoleConverter), typeof(WindowUnitConverter)])]
[JsonSerializable(typeof(ExpireKeyBody))]
[JsonSerializable(typeof(FreezeBody))]
[JsonSerializable(typeof(KeyBody))]
[JsonSerializable(typeof(KeyListBody))]
[JsonSerializable(typeof(KeyTermsBody))]
[JsonSerializable(typeof(MadeKeyBody))]
[JsonSerializable(typeof(MadeTokenBody))]
[JsonSerializable(typeof(NewKeyBody))]
[JsonSerializable(typeof(NewOrgBody))]
[JsonSerializable(typeof(NewTokenBody))]
[JsonSerializable(typeof(NewUnitBody))]
[JsonSerializable(typeof(OrgBody))]
[JsonSerializable(typeof(OrgListBody))]
[JsonSerializable(typeof(RotateKeyBody))]
[JsonSerializable(typeof(SetKeyCapBody))]
[JsonSerializable(typeof(TokenBody))]
[JsonSerializable(typeof(TokenListBody))]
[JsonSerializable(typeof(UnitBody))]
[JsonSerializable(typeof(UnitListBody))]
public sealed partial class TenancyJson : JsonSerializerContext;
