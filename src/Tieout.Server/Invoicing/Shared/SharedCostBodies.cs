using System.Text.Json.Serialization;
using Tieout.Core.Money;
using Tieout.Server.Http;

namespace Tieout.Server.Invoicing.Shared;

/// <param name="Name">Of the cluster or platform whose cost it is, for example <c>k8s-prod</c>.</param>
/// <param name="Window">A month (<c>2026-11</c>) or a day (<c>2026-11-22</c>) of UTC, as bills have them.</param>
/// <param name="Method">by_gpu_seconds, by_tokens, even or fixed.</param>
/// <param name="Asset">Null: the one that all orgs spend in.</param>
/// <param name="Parts">For <c>fixed</c>: percent by org, up to two decimals, 100 at most together.</param>
/// <param name="Charge">Charges every tenant its part, once for the name and window. False: only shows the parts.</param>
/// <param name="Reason">Why the tenants are charged. Stored with the split.</param>
public sealed record SplitSharedCostBody(
    string Name, string Window, string Method, IReadOnlyList<SharedCostItemBody> Costs, string? Asset = null,
    IReadOnlyDictionary<string, string>? Parts = null, bool Charge = false, string? Reason = null);

/// <param name="Kind">shared (it is split), idle or unallocated (it stays with the platform).</param>
/// <param name="Name">As the bill names it.</param>
/// <param name="Cost">Below zero: a credit.</param>
public sealed record SharedCostItemBody(string Kind, string Name, Amount Cost);

/// <param name="Method">Name and version, for example <c>tieout.by_tokens.v1</c>.</param>
/// <param name="Unit">What the weights count.</param>
/// <param name="Total">All costs; the lines sum to it exactly.</param>
/// <param name="Items">Tenants by name, then what is idle, then what is unallocated.</param>
/// <param name="Reason">Null: it is only shown.</param>
public sealed record SharedCostBody(
    string Name, string Window, string From, string To, string Asset, string Method, string Unit, Amount Total, IReadOnlyList<SharedCostItemBody> Costs,
    IReadOnlyList<SharedCostLineBody> Items, string? Reason, long AsOf);

/// <param name="Kind">tenant, idle or unallocated.</param>
/// <param name="Share">Of the weights, from 0 to 1 with nine decimals; those of all tenants sum to exactly 1, or to the percentages of a fixed method. Null: not
/// a tenant's.</param>
/// <param name="State">shown, charged (now), recorded (before), proposed (a second person must approve it) or refused.</param>
/// <param name="UsageId">The usage record of the charge; null: there is none to be.</param>
/// <param name="Detail">The proposal, or the code of the refusal.</param>
public sealed record SharedCostLineBody(
    string Kind, string? Org, Int128 Weight, decimal? Share, Amount Amount, string State, string? UsageId = null, string? Detail = null);

public sealed record SharedCostListBody(IReadOnlyList<SharedCostBody> Items, long AsOf);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, AllowDuplicateProperties = false, Converters = [typeof(AmountConverter)])]
[JsonSerializable(typeof(SplitSharedCostBody))]
[JsonSerializable(typeof(SharedCostBody))]
[JsonSerializable(typeof(SharedCostListBody))]
public sealed partial class SharedCostJson : JsonSerializerContext;
