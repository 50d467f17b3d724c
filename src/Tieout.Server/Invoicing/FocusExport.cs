using System.Globalization;
using System.Text.Json.Nodes;
using Tieout.Core;
using Tieout.Core.Invoicing;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Pricing;
using Tieout.Core.Tenancy;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Invoicing;

/// <summary>Usage and corrections as rows of FOCUS 1.3, CostAndUsage: a row a charge posting, so that they sum to what the org pays.</summary>
/// <remarks>
/// The SKU is the model, and its price the version that the record was priced at. There is no unit price: a call has several units at several prices, and none
/// of them
/// is the row's. What FOCUS has no column for begins with <c>x_</c>.
/// Times are UTC, ends not included.
/// </remarks>
internal sealed class FocusExport(OrgState org, IReadOnlyList<FinalInvoice> invoices, string issuer, Viewer viewer)
{
    public const string IssuerDefault = "Tieout";

    private const string CostColumn = "x_ProviderCost";

    private static readonly string[] AllColumns =
    [
        "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory", "ChargeClass",
        "ChargeDescription",
        "ChargeFrequency", "ChargePeriodEnd", "ChargePeriodStart", "ConsumedQuantity", "ConsumedUnit", "ContractedCost", "EffectiveCost", "HostProviderName",
        "InvoiceId",
        "InvoiceIssuerName", "ListCost", "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName", "ResourceId", "ResourceName", "ResourceType",
        "ServiceCategory",
        "ServiceName", "ServiceProviderName", "ServiceSubcategory", "SkuId", "SkuMeter", "SkuPriceDetails", "SkuPriceId", "SubAccountId", "SubAccountName",
        "Tags",
        "x_UsageId", "x_PostingId", "x_OperationId", "x_CorrelationId", "x_TraceId", "x_UsageSource", "x_Basis", CostColumn, "x_AppInstanceId",
        "x_RuntimeComponent", "x_ControlPlaneComponent",
        "x_OperatingMode", "x_ControlPlaneScope", "x_RuntimeBackend",
    ];

    /// <summary>A tenant has no column of what providers take.</summary>
    public IEnumerable<string> Columns => viewer == Viewer.Platform ? AllColumns : AllColumns.Where(column => column != CostColumn);

    /// <summary>In the order of <see cref="Columns"/>; null: nothing.</summary>
    /// <param name="price">That the record names; null: it has none, since the amount was stated or no price was known.</param>
    public string?[] Row(UsageEntry entry, ResolvedPrice? price)
    {
        var (row, correction, usage, labels) = (entry.Usage, entry.Correction?.Posting, entry.Usage.Usage, entry.Usage.Usage.Labels);
        var amount = entry.Charge.ToString();
        var month = Month.Of(entry.EffectiveAt, org.Zone);
        var invoice = invoices.FirstOrDefault(issued => issued.Period == month.ToString());
        var isOfAnother = Month.Of(row.EffectiveAt, org.Zone).CompareTo(month) != 0;
        var (quantity, unit) = correction is null ? Quantity(usage) : (null, null);
        var start = usage.OccurredAt.UnixMicros / Instant.MicrosPerSecond;
        var seconds = Math.Max(1, (usage.DurationMs + 999) / 1_000);
        var runtime = labels.Runtime;
        var instance = runtime?.AppInstance;
        var sku = $"{price?.Provider ?? labels.Provider ?? "unknown"}/{price?.Model ?? labels.Model ?? "unknown"}";
        return
        [
            amount, org.Org.Id, org.Org.Id, org.Org.Asset, Time(month.End(org.Zone)), Time(month.Start(org.Zone)), correction is null ? "Usage" : "Adjustment",
            correction is not null && isOfAnother ? "Correction" : null, Description(row, correction), "Usage-Based",
            Time(new((start + seconds) * Instant.MicrosPerSecond)),
            Time(new(start * Instant.MicrosPerSecond)), quantity, unit, amount, amount, labels.Provider ?? "unknown", invoice?.Number, issuer, amount, quantity,
            unit, issuer, labels.Provider ?? issuer,
            instance, instance, instance is null ? null : labels.Source == UsageSource.Allocation ? "GPU Allocation" : "App Runtime",
            runtime is null ? "AI and Machine Learning" : "Compute", runtime is null ? labels.Model ?? "unknown" : instance ?? "runtime", issuer,
            runtime is null ? "Generative AI" : "Other (Compute)", sku, Quantity(usage).Unit, PriceDetails(price),
            price is null ? sku : $"{sku}@{price.List}/{Day(price.From)}", labels.Project, labels.Project, Tags(labels),
            usage.Id.ToString(), correction?.Seq.ToString(CultureInfo.InvariantCulture), usage.OperationId, usage.CorrelationId, usage.TraceId,
            SnakeCase.Of(labels.Source), SnakeCase.Of(usage.Basis),
            .. Cost(row, correction), instance, runtime?.Component, runtime is null ? null : runtime.IsControlPlane ? "true" : "false",
            runtime?.OperatingMode, runtime?.ControlPlaneScope, runtime?.Backend,
        ];
    }

    private string?[] Cost(UsageRow row, Posting? correction) => viewer != Viewer.Platform ? [] : [correction is null ? row.ProviderCost.ToString() : null];

    private static string? PriceDetails(ResolvedPrice? price)
    {
        if (price is null) return null;
        var details = new JsonObject { ["x_PriceList"] = price.List };
        if (price.From is not null) details["x_ValidFrom"] = Day(price.From);
        if (price.BatchFactor is { } factor) details["x_BatchFactor"] = factor;
        return details.ToJsonString();
    }

    private static string Day(DateOnly? from) => from?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? "start";

    private static string Description(UsageRow row, Posting? correction)
    {
        var labels = row.Usage.Labels;
        var what = $"{SnakeCase.Of(labels.Source).Replace('_', ' ')} of {labels.Model ?? "no model"}";
        return correction is { } posting ? $"{SnakeCase.Of(posting.Kind).Replace('_', ' ')} of {what}: {posting.Reason}" : what;
    }

    private static (string? Quantity, string? Unit) Quantity(UsageRecord usage)
    {
        foreach (var (unit, name) in new[] { (UsageUnits.GpuSeconds, "GPU Seconds"), (UsageUnits.InstanceSeconds, "Instance Seconds") })
        {
            if (UnitCounts.Of(usage.Counts)[unit] is > 0 and var seconds) return (seconds.ToString(CultureInfo.InvariantCulture), name);
        }

        var tokens = (Int128)usage.Counts.InputTokens + usage.Counts.OutputTokens;
        return tokens > 0 ? (tokens.ToString(CultureInfo.InvariantCulture), "Tokens") : ("1", "Requests");
    }

    private static string? Tags(UsageLabels labels)
    {
        var tags = new JsonObject();
        foreach (var (name, value) in new[] { ("team", labels.Team), ("key", labels.Key), ("feature", labels.Feature), ("trigger", labels.Trigger) })
        {
            if (value is not null) tags[name] = value;
        }

        return tags.Count == 0 ? null : tags.ToJsonString();
    }

    private static string Time(Instant at) => at.ToDateTimeOffset().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
