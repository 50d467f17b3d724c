using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Tieout.Analysis.Change;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Server.Pricing;
using Tieout.Storage;

namespace Tieout.Server.Spike;

/// <summary>Reads hours of orgs as the analysis takes them: with the price list that was known then.</summary>
internal sealed class SpikeLines(IRecountReader read, PriceSnapshot prices)
{
    /// <summary>A piece is read at once: hours in memory.</summary>
    private const int PieceHours = 24;

    private static readonly ImmutableArray<LabelDimension> Labels =
        [.. LabelDimension.All.Where(label => label.Name is "project" or "team" or "key" or "feature" or "provider" or "model")];

    private static readonly ImmutableArray<UsageUnit> Units =
        [UsageUnits.InputTokens, UsageUnits.CacheReadTokens, UsageUnits.CacheWriteTokens, UsageUnits.OutputTokens, UsageUnits.ReasoningTokens];

    /// <summary>In the order of the sorts of tokens, then what is beside tokens.</summary>
    private static readonly ImmutableArray<ChargeClass> Classes =
    [
        ChargeClass.Fresh, ChargeClass.CacheRead, ChargeClass.CacheWrite, ChargeClass.Visible, ChargeClass.Reasoning, ChargeClass.Other,
    ];

    private static readonly ImmutableArray<double> NoPrices = [0, 0, 0, 0, 0];

    private readonly Dictionary<ResolvedPrice, ImmutableArray<double>> _rates = [];

    // An hour has some thousand lines, and few models.
    private readonly Dictionary<(string? Provider, string Model), ImmutableArray<double>> _ofHour = [];

    // Hours of the same labels share an array, so that the analysis knows them again without comparing texts.
    private readonly Dictionary<(string Org, int Labels), ImmutableArray<string?>> _values = [];

    private (string Org, Instant Slot) _hour;

    public static ImmutableArray<string> Dimensions { get; } = ["org", .. Labels.Select(label => label.Name)];

    /// <summary>The lines of an org from one time to another, in the order of time.</summary>
    /// <param name="isSplit">Whether lines say what each sort of tokens cost.</param>
    public async IAsyncEnumerable<HourLine> ReadAsync(
        OrgState org, Instant from, Instant to, bool isSplit, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var start = from; start < to;)
        {
            var end = start + TimeSpan.FromHours(PieceHours);
            if (end > to) end = to;
            var query = new RecountQuery(org, start, end, RecountSlot.Hour);
            var sums = await read.SumsAsync(query, cancellationToken);
            var costs = isSplit
                ? (await read.ClassCostsAsync(query, cancellationToken)).ToDictionary(each => (each.Slot, each.Costs.Key.Labels), each => each.Costs) : [];
            foreach (var line in sums) yield return Line(org, line, costs.GetValueOrDefault((line.Slot, line.Sums.Key.Labels)));
            start = end;
        }
    }

    public static ImmutableArray<string?> ValuesOf(UsageLabels labels) => [labels.Org, .. Labels.Select(label => label.Of(labels))];

    private HourLine Line(OrgState org, LabelledLine line, ClassCosts? costs)
    {
        var sums = line.Sums;
        var (read, write) = ((double)sums.CacheReadTokens, (double)sums.CacheWriteTokens);
        return new(
            SpikeRequest.HourOf(line.Slot), Values(line), line.Labels.Trigger is "user" ? null : line.Labels.Trigger, sums.Attempts,
            [Math.Max(0, (double)sums.InputTokens - read - write), read, write, Math.Max(0, (double)(sums.OutputTokens - sums.ReasoningTokens)),
                (double)sums.ReasoningTokens],
            PricesOf(org, line), sums.Charge.Nanos, costs is null ? null : [.. Classes.Select(each => costs[each])]);
    }

    /// <summary>Charges for no usage have no number: their labels are the org alone.</summary>
    private ImmutableArray<string?> Values(LabelledLine line)
    {
        if (line.Sums.Key.Labels == 0) return ValuesOf(line.Labels);
        var key = (line.Labels.Org, line.Sums.Key.Labels);
        if (!_values.TryGetValue(key, out var values)) _values.Add(key, values = ValuesOf(line.Labels));
        return values;
    }

    private ImmutableArray<double> PricesOf(OrgState org, LabelledLine line)
    {
        if (line.Labels.Model is not { } model) return NoPrices;
        if (_hour != (org.Org.Id, line.Slot)) _ofHour.Clear();
        _hour = (org.Org.Id, line.Slot);
        if (!_ofHour.TryGetValue((line.Labels.Provider, model), out var found))
        {
            _ofHour.Add((line.Labels.Provider, model), found = PriceOf(org, line, model) is { } price ? RatesOf(price) : NoPrices);
        }

        return found;
    }

    /// <summary>By the lists that were known in the hour. A model that none of them had has the price that a later list says of that time: better than
    /// none.</summary>
    private ResolvedPrice? PriceOf(OrgState org, LabelledLine line, string model)
    {
        return In(prices.Of(org.Org.Id, line.Slot + TimeSpan.FromHours(1))) ?? In(prices.Of(org.Org.Id));

        ResolvedPrice? In(OrgPrices? of) => of?.Find(line.Labels.Provider, model, line.Slot).Price ?? of?.Find(null, model, line.Slot).Price;
    }

    private ImmutableArray<double> RatesOf(ResolvedPrice price)
    {
        if (!_rates.TryGetValue(price, out var rates)) _rates.Add(price, rates = [.. Units.Select(unit => NanosPerToken(price, unit))]);
        return rates;
    }

    private static double NanosPerToken(ResolvedPrice price, UsageUnit unit) => price.Charged.For(unit) is not { } rate ? 0
        : (double)(rate.Base * price.Markup) / unit.Per * Amount.NanosPerUnit;
}
