using System.Text.Json;
using System.Text.Json.Serialization;
using Tieout.Core.Money;
using Tieout.Server.Http;
using Tieout.Server.Reconciliation.SelfCheck;

namespace Tieout.Server.Reconciliation;

/// <summary>Our ledger against another book, row by row.</summary>
/// <param name="Org">Null: all orgs that spend in dollars, for a bill.</param>
/// <param name="Figure">charge: what the org pays; provider_cost: what the provider takes, for bills; count: tokens and requests, for usage reports.</param>
/// <param name="TimeZone">In which days were cut.</param>
/// <param name="LeftTotal">Σ left.</param>
/// <param name="DriftPct">Σ |difference| in per cent of Σ |left|, six decimals, 0 only where every row ties.</param>
/// <param name="Severity">normal below 2 %, medium to 10 %, high above; critical: they differ, and the right side is empty or was last written over five
/// minutes ago.</param>
/// <param name="Differing">Rows that differ.</param>
/// <param name="RightRows">Rows read from the right side.</param>
/// <param name="LeftOut">Those of them that are another org's or outside the range, and those that were quarantined.</param>
public sealed record TieBody(
    string? Org, string Asset, string Left, string Figure, string TimeZone, string? From, string? To, IReadOnlyList<TieRowBody> Rows,
    Amount LeftTotal, Amount RightTotal, Amount Difference, decimal DriftPct, string Severity, int Differing, long RightRows, long LeftOut, long AsOf)
{
    /// <summary>Figures of the right side that were set aside, and what they would have changed; null: none can be in this format.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public QuarantineBody? Quarantine { get; init; }

    /// <summary>Of a bill: the finding that it is off by. Null: it ties and always did, or the right side is no bill.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TieFindingBody? Finding { get; init; }
}

/// <summary>What a bill is off by, as <c>findings</c> and <c>correct</c> know it.</summary>
/// <param name="Id">The same whenever this bill is compared, by whatever fields.</param>
/// <param name="State"><c>open</c>, <c>accepted</c> or <c>ended</c>; <c>not_kept</c>: it was only looked at.</param>
/// <param name="Finding">Both sides and why; null: the bill ties by now.</param>
public sealed record TieFindingBody(string Id, string Code, string Severity, string State, ReconciledFinding? Finding)
{
    public const string NotKept = "not_kept";
}

/// <summary>One row. The fields that were compared by stand beside these members.</summary>
/// <param name="Left">Null: the ledger has nothing here.</param>
/// <param name="Right">Null: the other book has no such row.</param>
/// <param name="Difference">Left − right.</param>
/// <param name="Cause">Null: no difference. Several, joined by +, where it has parts.</param>
/// <param name="Parts">Sum to the difference, exactly.</param>
public sealed record TieRowBody(Amount? Left, Amount? Right, Amount Difference, string? Cause, IReadOnlyList<CausePartBody> Parts)
{
    [JsonExtensionData]
    public IDictionary<string, JsonElement> Key { get; set; } = new Dictionary<string, JsonElement>();
}

public sealed record CausePartBody(string Cause, Amount Amount, string Detail);

/// <summary>Rows that appear twice, once with and once without an instance type: the latter are set aside.</summary>
/// <param name="Tenants">What each tenant would have been charged with them, and is without.</param>
public sealed record QuarantineBody(int Rows, Amount Amount, IReadOnlyList<TenantTotalBody> Tenants);

public sealed record TenantTotalBody(string? Tenant, Amount Before, Amount After);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(AmountConverter)])]
[JsonSerializable(typeof(TieBody))]
[JsonSerializable(typeof(string))]
public sealed partial class TieJson : JsonSerializerContext;
