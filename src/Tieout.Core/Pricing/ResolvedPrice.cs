using System.Text;
using System.Text.Json;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Pricing;

/// <summary>Everything that one charge was computed from, complete in itself, so that it can be recomputed years later (M3).</summary>
/// <remarks>
/// Immutable; equal when the stored form is, byte for byte. The hash is that of the stored form and kept, because
/// a price is looked up for every charge; callers who reuse an instance pay one reference comparison.
/// </remarks>
public sealed class ResolvedPrice : IEquatable<ResolvedPrice>
{
    private readonly string _json;
    private readonly int _hash;
    private readonly TokenRates _cost;
    private readonly TokenRates _charge;

    /// <param name="list">The list and its version: <see cref="PriceCatalogue.Id"/>.</param>
    /// <param name="provider">As the list calls it.</param>
    /// <param name="model">As the list calls it.</param>
    /// <param name="from">Since when (UTC day) the list says this price holds; null: it does not say.</param>
    /// <param name="cost">What the provider charges.</param>
    /// <param name="charged">What we charge before markup, where that is not <paramref name="cost"/>.</param>
    /// <param name="markup">Factor on what we charge.</param>
    /// <param name="batchFactor">By how much the list's rates for tokens were multiplied, already, to come to these; null: they are the list's.</param>
    public ResolvedPrice(
        string list, Asset asset, string provider, string model, DateOnly? from, RateCard cost,
        RateCard? charged = null, decimal markup = 1, CostBasis basis = CostBasis.Rates, decimal? batchFactor = null)
    {
        (List, Asset, Provider, Model, From, BatchFactor) = (list, asset, provider, model, from, batchFactor);
        (Cost, Charged, Markup, Basis) = (cost, charged is null || charged.Equals(cost) ? cost : charged, markup, basis);
        _json = JsonReading.ToText(Write);
        _hash = string.GetHashCode(_json, StringComparison.Ordinal);
        _cost = new(Cost, 1);
        _charge = ReferenceEquals(Cost, Charged) && markup == 1 ? _cost : new(Charged, markup);
    }

    public string List { get; }

    public Asset Asset { get; }

    public string Provider { get; }

    public string Model { get; }

    public DateOnly? From { get; }

    public RateCard Cost { get; }

    /// <summary>The rates that the charge is made from; <see cref="Cost"/> unless the org has its own.</summary>
    public RateCard Charged { get; }

    public decimal Markup { get; }

    public CostBasis Basis { get; }

    /// <summary>Of the price of a batch: what the list's rates for tokens were multiplied by. Null: no batch.</summary>
    public decimal? BatchFactor { get; }

    /// <summary>The price of the same work in a batch. Own rates of an org are for work at once, so they come down likewise.</summary>
    /// <param name="factor">Above 0, at most 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The factor is out of range, or this is the price of a batch.</exception>
    public ResolvedPrice ForBatch(decimal factor)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(factor);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(factor, 1);
        if (BatchFactor is not null) throw new ArgumentOutOfRangeException(nameof(factor), "The price is a batch's already.");
        return new(List, Asset, Provider, Model, From, Cost.ForBatch(factor), ReferenceEquals(Cost, Charged) ? null : Charged.ForBatch(factor), Markup, Basis,
            factor);
    }

    /// <summary>The charge for one attempt. Pure: the same counts at the same price are the same charge, for ever.</summary>
    /// <remarks>Each amount is the exact sum, rounded once, half to even, to the nano-unit.</remarks>
    /// <exception cref="OverflowException">The price is beyond the range of <see cref="Amount"/>. Counts within
    /// <see cref="UsageUnits.CountMax"/> can only do that at rates that no list has; see <see cref="TryPrice"/>.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A count is negative.</exception>
    /// <exception cref="FormatException"><see cref="UsageCounts.More"/> is not an object of known units and counts.</exception>
    public PricedCounts Price(in UsageCounts counts) => TryPriceTokens(counts, out var priced) ? priced : Price(UnitCounts.Of(counts));

    /// <summary>As <see cref="Price(in UsageCounts)"/>.</summary>
    public PricedCounts Price(UnitCounts counts)
    {
        var listed = Cost.Price(counts);
        var own = ReferenceEquals(Cost, Charged) ? listed : Charged.Price(counts);
        var flags = listed.Flags | own.Flags;
        var (cost, charge) = (listed.Total, own.Total);
        if (counts[UsageUnits.ReportedCost] is var nanos and > 0)
        {
            var reported = new Amount(nanos).ToDecimal();
            if (Differ(reported, cost)) flags |= UsageFlags.ReportedCostDiffers;
            if (Basis is CostBasis.ReportedCost)
            {
                if (ReferenceEquals(Cost, Charged)) charge = reported;
                cost = reported;
            }
        }

        return new(Amount.RoundHalfEven(cost), Amount.RoundHalfEven(charge * Markup), flags);
    }

    /// <summary>What was counted and has no rate, here or in the org's own rates: the charge leaves it out, and its record says
    /// <see cref="UsageFlags.Unpriced"/>.</summary>
    public IEnumerable<KeyValuePair<UsageUnit, long>> WithoutRate(UnitCounts counts) =>
        counts.Counted.Where(counted => Cost.Lacks(counted.Key) || Charged.Lacks(counted.Key));

    /// <summary>As <see cref="Price(in UsageCounts)"/>, with the flags of the measurement. Sub-calls are not in it: each has a price of its own.</summary>
    public PricedCounts Price(MeasuredUsage usage)
    {
        var priced = Price(usage.Units);
        var flags = priced.Flags | usage.Flags;

        // A reported zero is no count, but it is still a figure that may differ.
        if (usage.ReportedCost == 0 && Differ(0, Cost.Price(usage.Units).Total)) flags |= UsageFlags.ReportedCostDiffers;
        return priced with { Flags = flags };
    }

    /// <summary>As <see cref="Price(in UsageCounts)"/>, for counts from outside.</summary>
    /// <returns>False where a count is negative or above <see cref="UsageUnits.CountMax"/>, or the price above <see cref="Amount.TransferMax"/>.</returns>
    public bool TryPrice(in UsageCounts counts, out PricedCounts priced)
    {
        priced = default;
        try
        {
            if (!TryPriceTokens(counts, out priced))
            {
                var units = UnitCounts.Of(counts);
                if (units.Counted.Any(counted => counted.Value > UsageUnits.CountMax)) return false;
                priced = Price(units);
            }
        }
        catch (Exception error) when (error is OverflowException or ArgumentOutOfRangeException or FormatException)
        {
            return false;
        }

        return priced.ProviderCost <= Amount.TransferMax && priced.Charge <= Amount.TransferMax;
    }

    /// <returns>False where only the general path can say. The counts are then anything; else each is far below <see cref="UsageUnits.CountMax"/>.</returns>
    private bool TryPriceTokens(in UsageCounts counts, out PricedCounts priced)
    {
        priced = default;
        if (!_cost.TryPrice(counts, out var cost)) return false;
        var charge = cost;
        if (!ReferenceEquals(_cost, _charge) && !_charge.TryPrice(counts, out charge)) return false;
        priced = new(cost, charge, UsageFlags.None);
        return true;
    }

    /// <summary>Splits a charge of plain tokens exactly.</summary>
    /// <returns>False where only the general path can say, or the charge is another than the counts come to.</returns>
    internal bool TrySplitTokens(in UsageCounts counts, Amount charge, out ChargeParts parts) => _charge.TrySplit(counts, charge, out parts);

    /// <summary>The most that an attempt within <paramref name="bounds"/> can cost, rounded up: every token at the dearest
    /// class of its direction and the dearest tier within reach. For consistent counts, never below <see cref="Price(in UsageCounts)"/>,
    /// unless the provider's own figure is what counts (<see cref="Basis"/>): that may be anything.</summary>
    /// <exception cref="OverflowException">Beyond the range of <see cref="Amount"/>.</exception>
    public PricedCounts Ceiling(in UsageBounds bounds) => new(
        Amount.RoundUp(PriceCeiling.Of(Cost, bounds)), Amount.RoundUp(PriceCeiling.Of(Charged, bounds) * Markup), UsageFlags.None);

    /// <summary>Canonical: the same price gives the same bytes, and <see cref="Parse"/> gives them back.</summary>
    public string ToJson() => _json;

    /// <exception cref="FormatException">Not what <see cref="ToJson"/> writes.</exception>
    public static ResolvedPrice Parse(string json)
    {
        using var document = JsonReading.Parse(Encoding.UTF8.GetBytes(json));
        var root = document.RootElement;
        return new(
            root.RequiredText("list"),
            Asset.IsValid(root.RequiredText("asset")) ? new(root.RequiredText("asset")) : throw new FormatException($"'{root.Text("asset")}' is not an asset."),
            root.RequiredText("provider"),
            root.RequiredText("model"),
            root.Text("from") is { } from ? TimedPrice.Day(from) : null,
            RateCard.Read(root.Member("rates")),
            root.Optional("charged") is { } charged ? RateCard.Read(charged) : null,
            PricePolicy.Factor(root) ?? 1,
            PricePolicy.ReadBasis(root),
            PricePolicy.Factor(root, "batch_factor"));
    }

    public bool Equals(ResolvedPrice? other) =>
        ReferenceEquals(this, other) || (other is not null && _hash == other._hash && _json == other._json);

    public override bool Equals(object? obj) => Equals(obj as ResolvedPrice);

    public override int GetHashCode() => _hash;

    public override string ToString() => _json;

    /// <summary>Rounding alone can part two figures for the same usage by a nano-unit.</summary>
    private static bool Differ(decimal reported, decimal cost) => decimal.Abs(reported - cost) > 1m / Amount.NanosPerUnit;

    private void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("list", List);
        json.WriteString("asset", Asset.Code);
        json.WriteString("provider", Provider);
        json.WriteString("model", Model);
        if (From is { } from) json.WriteString("from", TimedPrice.Text(from));
        json.WritePropertyName("rates");
        Cost.Write(json);
        if (!ReferenceEquals(Charged, Cost))
        {
            json.WritePropertyName("charged");
            Charged.Write(json);
        }

        json.WriteString("markup", Rate.Plain(Markup));
        if (Basis is CostBasis.ReportedCost) json.WriteString("basis", PricePolicy.ReportedCost);
        if (BatchFactor is { } factor) json.WriteString("batch_factor", Rate.Plain(factor));
        json.WriteEndObject();
    }
}

/// <summary>What counts cost at a price.</summary>
/// <param name="ProviderCost">Theirs: what the provider will bill.</param>
/// <param name="Charge">Ours: what the org pays.</param>
/// <param name="Flags">What the price had to say about the counts.</param>
public readonly record struct PricedCounts(Amount ProviderCost, Amount Charge, UsageFlags Flags);

/// <summary>The most that one attempt may use.</summary>
/// <param name="ToolCalls">Searches and other calls that the provider runs and charges by the piece.</param>
public readonly record struct UsageBounds(long InputTokens, long OutputTokens, long ToolCalls = 0)
{
    /// <summary>What is priced by the request: one, or as many as there are things made in it.</summary>
    public long Requests { get; init; } = 1;

    public long Characters { get; init; }

    /// <summary>Of audio.</summary>
    public long Seconds { get; init; }
}
