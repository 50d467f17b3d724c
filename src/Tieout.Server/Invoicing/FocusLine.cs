using System.Globalization;
using System.Text.Json.Nodes;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Server.Http;
using Tieout.Server.Invoicing.Shared;
using Tieout.Storage;

namespace Tieout.Server.Invoicing;

/// <summary>One row of an export of FOCUS, before its cells are written: a charge or a correction, or the tokens of one class in it.</summary>
/// <param name="Sku">Null: the record names no price, since the amount was stated or no price was known.</param>
/// <param name="Envelope">Null: the attempt was made under none.</param>
/// <param name="Class">Null: the row is the whole charge.</param>
internal sealed record FocusLine(
    UsageEntry Entry, FocusForm Form, FocusPeriod Period, FocusLabels Labels, FocusSku? Sku, AttemptEnvelope? Envelope, TokenClass? Class = null)
{
    private const int TimeLength = 20;

    // Texts that several cells show. They follow from the entry, which no copy of a line changes.
    private string? _charge;
    private (string Quantity, string Unit)? _used;

    public FocusMoney Money => Form.Money;

    /// <summary>The first row of its charge.</summary>
    public bool IsFirst { get; init; } = true;

    /// <summary>How the row was split from a shared cost; null: it was not.</summary>
    public SharedCostAllocation? Allocation { get; init; }

    public UsageRecord Usage => Entry.Usage.Usage;

    public Posting? Correction => Entry.Correction?.Posting;

    /// <summary>What the row adds to what the org was charged.</summary>
    public Amount Amount => Class?.Charge ?? Entry.Charge;

    /// <summary><see cref="Amount"/> as text.</summary>
    public string AmountText => Class is { } tokens ? tokens.Charge.ToString() : _charge ??= Entry.Charge.ToString();

    /// <inheritdoc cref="FocusMoney.Billed"/>
    public string Billed => Money.IsVirtual ? Money.Billed(Amount) : AmountText;

    /// <inheritdoc cref="FocusMoney.Cost"/>
    public string Cost => Money.IsVirtual ? Money.Cost(Amount) : AmountText;

    /// <summary>The correction is of a month before the one that it counts in: that month is closed, so its figures were final.</summary>
    public bool CorrectsClosedMonth => Correction is not null && !Period.Contains(Entry.Usage.EffectiveAt);

    /// <summary>A correction of a closed month is a row of the category that it corrects. One within the running month is an adjustment.</summary>
    public string Category => Correction is null || CorrectsClosedMonth ? "Usage" : "Adjustment";

    /// <summary>A correction changes what usage cost, not what was used.</summary>
    public (string? Quantity, string? Unit) Consumed
    {
        get
        {
            if (Category != "Usage") return (null, null);
            if (Class is { } tokens) return (Number(tokens.Tokens), "Tokens");
            var (quantity, unit) = Used;
            return (Correction is null ? quantity : "0", unit);
        }
    }

    /// <summary>A virtual currency is priced by its own unit, at one.</summary>
    public (string? Quantity, string? Unit) Priced =>
        Money.IsVirtual ? (AmountText, "Credits")
        : Class is { } tokens ? (FocusMoney.Text(tokens.Lots), TokenClass.Lot)
        : Form.Profile == FocusProfile.Draft ? (Amount < Amount.Zero ? "-1" : "1", "Requests")
        : Consumed;

    /// <summary>By which the priced quantity comes to the list cost; null: the row has several units at several prices.</summary>
    public string? UnitPrice =>
        Money.UnitPrice is { } price ? FocusMoney.Text(price)
        : Class is { } tokens ? FocusMoney.Text(tokens.UnitPrice)
        : Form.Profile == FocusProfile.Draft ? Amount.Abs(Amount).ToString()
        : null;

    public string ListCost => Class is { } tokens && !Money.IsVirtual ? FocusMoney.Text(tokens.Product) : Cost;

    public string? Meter => Class?.Meter ?? Used.Unit;

    public string Start => Time(new(Second * Instant.MicrosPerSecond));

    public string End => Time(new((Second + Math.Max(1, (Usage.DurationMs + 999) / 1_000)) * Instant.MicrosPerSecond));

    public string Description => Correction is { } posting ? $"{SnakeCase.Of(posting.Kind).Replace('_', ' ')} of {Labels.What}: {posting.Reason}" : Labels.What;

    public static string Time(Instant at) => string.Create(TimeLength, at.ToDateTimeOffset().UtcDateTime, static (text, time) =>
    {
        // The sortable form of the runtime is several times as fast as a form of our own.
        time.TryFormat(text, out _, "s", CultureInfo.InvariantCulture);
        text[^1] = 'Z';
    });

    public static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private long Second => Usage.OccurredAt.UnixMicros / Instant.MicrosPerSecond;

    private (string Quantity, string Unit) Used => _used ??= UsedOf(Usage.Counts);

    private static (string Quantity, string Unit) UsedOf(in UsageCounts usage)
    {
        // GPU and instance time are among the other units: most usage has none.
        if (usage.More is not null)
        {
            var counts = UnitCounts.Of(usage);
            if (counts[UsageUnits.GpuSeconds] is > 0 and var gpu) return (Number(gpu), "GPU Seconds");
            if (counts[UsageUnits.InstanceSeconds] is > 0 and var instance) return (Number(instance), "Instance Seconds");
        }

        var tokens = (Int128)usage.InputTokens + usage.OutputTokens;
        return tokens > 0 ? (tokens.ToString(CultureInfo.InvariantCulture), "Tokens") : ("1", "Requests");
    }
}

/// <summary>The month that charges count in, and its invoice.</summary>
/// <param name="Invoice">Null: none is issued.</param>
internal sealed record FocusPeriod(Instant From, Instant To, string? Invoice)
{
    public string Start { get; } = FocusLine.Time(From);

    public string End { get; } = FocusLine.Time(To);

    public bool Contains(Instant at) => at >= From && at < To;
}

/// <summary>The cells that follow from the labels of usage alone.</summary>
internal sealed class FocusLabels(UsageLabels labels)
{
    public UsageLabels All => labels;

    public RuntimeLabels? Runtime => labels.Runtime;

    public string What { get; } = $"{SnakeCase.Of(labels.Source).Replace('_', ' ')} of {labels.Model ?? "no model"}";

    public bool IsAllocation => labels.Source == UsageSource.Allocation;

    public string Source { get; } = SnakeCase.Of(labels.Source);

    public string Sku { get; } = $"{labels.Provider ?? "unknown"}/{labels.Model ?? "unknown"}";

    public string? Tags { get; } = TagsOf(labels);

    private static string? TagsOf(UsageLabels labels)
    {
        var tags = new JsonObject();
        foreach (var (name, value) in new[] { ("team", labels.Team), ("key", labels.Key), ("feature", labels.Feature), ("trigger", labels.Trigger) })
        {
            if (value is not null) tags[name] = value;
        }

        return tags.Count == 0 ? null : tags.ToJsonString();
    }
}

/// <summary>The cells that follow from a price: the SKU is the model, and its price the version that the record was priced at.</summary>
internal sealed class FocusSku(ResolvedPrice price)
{
    public string Id { get; } = $"{price.Provider}/{price.Model}";

    public string PriceId { get; } = $"{price.Provider}/{price.Model}@{price.List}/{Day(price.From)}";

    /// <summary>By class of tokens: rows of the same price and class have the same.</summary>
    private readonly Dictionary<string, string> _details = new(StringComparer.Ordinal);

    public string Details(TokenClass? tokens)
    {
        var meter = tokens?.Meter ?? "";
        if (!_details.TryGetValue(meter, out var details)) _details[meter] = details = DetailsOf(tokens);
        return details;
    }

    private string DetailsOf(TokenClass? tokens)
    {
        var details = new JsonObject();
        if (tokens is not null)
        {
            (details["ModelDeveloper"], details["ModelId"]) = (price.Provider, price.Model);
            details["TokenDirection"] = tokens.Direction;
            if (tokens.CacheAction is { } action) details["TokenCacheAction"] = action;
        }

        details["x_PriceList"] = price.List;
        if (price.From is not null) details["x_ValidFrom"] = Day(price.From);
        if (price.BatchFactor is { } factor) details["x_BatchFactor"] = factor;
        return details.ToJsonString();
    }

    private static string Day(DateOnly? from) => from?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? "start";
}
