using Tieout.Core.Money;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Invoicing;

/// <summary>What the cells of a column are, in formats that have types.</summary>
internal enum FocusType
{
    Text,
    Decimal,
    Time,
    Whole,
    Flag,
}

/// <summary>A column of an export of FOCUS.</summary>
/// <param name="Cell">Null: no value.</param>
internal sealed record FocusColumn(string Name, Func<FocusLine, string?> Cell, FocusType Type = FocusType.Text);

/// <summary>The columns of an export of FOCUS: those of the specification in the order of their names, then those that it has no column for, which begin with
/// <c>x_</c>.</summary>
internal static class FocusColumns
{
    private const FocusType Decimal = FocusType.Decimal;
    private const FocusType Time = FocusType.Time;

    public static IReadOnlyList<FocusColumn> Of(FocusForm form, Viewer viewer)
    {
        IEnumerable<FocusColumn> columns = Specified();
        if (form.Profile == FocusProfile.Draft) columns = columns.Concat(Actors());
        if (form.Profile == FocusProfile.Draft || form.Money.IsVirtual) columns = columns.Concat(UnitPrices());
        if (form.Money.IsVirtual) columns = columns.Concat(VirtualCurrency());
        return [.. columns.OrderBy(column => column.Name, StringComparer.Ordinal), .. Own(viewer), .. Runtime()];
    }

    private static IEnumerable<FocusColumn> Specified() =>
    [
        new("BilledCost", line => line.Billed, Decimal),
        new("BillingAccountId", line => line.Labels.All.Org),
        new("BillingAccountName", line => line.Labels.All.Org),
        new("BillingCurrency", line => line.Money.Billing),
        new("BillingPeriodEnd", line => line.Period.End, Time),
        new("BillingPeriodStart", line => line.Period.Start, Time),
        new("ChargeCategory", line => line.Category),
        new("ChargeClass", line => line.CorrectsClosedMonth ? "Correction" : null),
        new("ChargeDescription", line => line.Description),
        new("ChargeFrequency", _ => "Usage-Based"),
        new("ChargePeriodEnd", line => line.End, Time),
        new("ChargePeriodStart", line => line.Start, Time),
        new("ConsumedQuantity", line => line.Consumed.Quantity, Decimal),
        new("ConsumedUnit", line => line.Consumed.Unit),
        new("ContractedCost", line => line.ListCost, Decimal),
        new("EffectiveCost", line => line.Cost, Decimal),
        new("HostProviderName", line => line.Labels.All.Provider ?? "unknown"),
        new("InvoiceId", line => line.Period.Invoice),
        new("InvoiceIssuerName", line => line.Form.Issuer),
        new("ListCost", line => line.ListCost, Decimal),
        new("PricingQuantity", line => line.Priced.Quantity, Decimal),
        new("PricingUnit", line => line.Priced.Unit),
        new("ProviderName", line => line.Form.Issuer),
        new("PublisherName", line => line.Labels.All.Provider ?? line.Form.Issuer),
        new("ResourceId", line => line.Labels.Runtime?.AppInstance),
        new("ResourceName", line => line.Labels.Runtime?.AppInstance),
        new("ResourceType", line => line.Labels.Runtime?.AppInstance is null ? null : line.Labels.IsAllocation ? "GPU Allocation" : "App Runtime"),
        new("ServiceCategory", line => line.Labels.Runtime is null ? "AI and Machine Learning" : "Compute"),
        new("ServiceName", line => line.Labels.Runtime is { } runtime ? runtime.AppInstance ?? "runtime" : line.Labels.All.Model ?? "unknown"),
        new("ServiceProviderName", line => line.Form.Issuer),
        new("ServiceSubcategory", line => line.Labels.Runtime is null ? "Generative AI" : "Other (Compute)"),
        new("SkuId", line => line.Sku?.Id ?? line.Labels.Sku),
        new("SkuMeter", line => line.Meter),
        new("SkuPriceDetails", line => line.Sku?.Details(line.Class)),
        new("SkuPriceId", line => line.Sku?.PriceId ?? line.Labels.Sku),
        new("SubAccountId", line => line.Labels.All.Project),
        new("SubAccountName", line => line.Labels.All.Project),
        new("Tags", line => line.Labels.Tags),

        // A part of a shared cost says by which method and weight it is the org's.
        new("AllocatedMethodDetails", line => line.Allocation?.Details),
        new("AllocatedMethodId", line => line.Allocation?.Method),
        new("AllocatedResourceId", line => line.Allocation is null ? null : line.Labels.All.Org),
        new("AllocatedResourceName", line => line.Allocation is null ? null : line.Labels.All.Org),
        new("AllocatedTags", _ => null),
    ];

    private static IEnumerable<FocusColumn> Actors() =>
    [
        new("ConsumerId", line => line.Usage.EndUser ?? line.Labels.All.Org),
        new("PrincipalId", line => line.Labels.All.Key),
    ];

    private static IEnumerable<FocusColumn> UnitPrices() =>
        [new("ContractedUnitPrice", line => line.UnitPrice, Decimal), new("ListUnitPrice", line => line.UnitPrice, Decimal)];

    private static IEnumerable<FocusColumn> VirtualCurrency() =>
    [
        new("PricingCurrency", line => line.Money.Asset),
        new("PricingCurrencyContractedUnitPrice", _ => "1", Decimal),
        new("PricingCurrencyEffectiveCost", line => line.AmountText, Decimal),
        new("PricingCurrencyListUnitPrice", _ => "1", Decimal),
    ];

    /// <summary>A tenant has no column of what providers take. Their cost counts once, in the first row of the usage.</summary>
    private static IEnumerable<FocusColumn> Own(Viewer viewer)
    {
        yield return new("x_UsageId", line => line.Usage.Id.ToString());
        yield return new("x_PostingId", line => line.Correction is { } posting ? FocusLine.Number(posting.Seq) : null, FocusType.Whole);
        yield return new("x_OperationId", line => line.Usage.OperationId);
        yield return new("x_AttemptNumber", line => FocusLine.Number(line.Usage.AttemptNo), FocusType.Whole);
        yield return new("x_WorkflowId", line => line.Usage.WorkflowId);
        yield return new("x_IssuanceId", line => line.Envelope?.Issuance);
        yield return new("x_SigningKeyId", line => line.Envelope?.SigningKey);
        yield return new("x_KeyId", line => line.Labels.All.Key);
        yield return new("x_CorrelationId", line => line.Usage.CorrelationId);
        yield return new("x_TraceId", line => line.Usage.TraceId);
        yield return new("x_UsageSource", line => line.Labels.Source);
        yield return new("x_Basis", line => SnakeCase.Of(line.Usage.Basis));
        if (viewer == Viewer.Platform)
        {
            yield return new("x_ProviderCost", line =>
                line.Correction is not null ? null : (line.IsFirst ? line.Entry.Usage.ProviderCost : Amount.Zero).ToString(), Decimal);
        }
    }

    private static IEnumerable<FocusColumn> Runtime() =>
    [
        new("x_AppInstanceId", line => line.Labels.Runtime?.AppInstance),
        new("x_RuntimeComponent", line => line.Labels.Runtime?.Component),
        new("x_ControlPlaneComponent", line => line.Labels.Runtime is { } runtime ? runtime.IsControlPlane ? "true" : "false" : null, FocusType.Flag),
        new("x_OperatingMode", line => line.Labels.Runtime?.OperatingMode),
        new("x_ControlPlaneScope", line => line.Labels.Runtime?.ControlPlaneScope),
        new("x_RuntimeBackend", line => line.Labels.Runtime?.Backend),
    ];
}
