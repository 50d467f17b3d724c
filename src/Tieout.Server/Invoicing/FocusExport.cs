using Tieout.Core;
using Tieout.Core.Invoicing;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Pricing;
using Tieout.Core.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Invoicing;

/// <summary>Usage and corrections as rows of FOCUS, CostAndUsage: a row for each charge posting, or for each class of its tokens, so that the rows sum to what
/// the org pays.</summary>
/// <remarks>
/// Of 1.3 there is no unit price: a call has several units at several prices, and none of them is the row's. Times are UTC, ends not included. What many rows
/// have in common is made once.
/// </remarks>
internal sealed class FocusExport(OrgState org, IReadOnlyList<FinalInvoice> invoices, FocusForm form)
{
    /// <summary>Labels of one export are few. Labels that come as new objects again and again must not pile up.</summary>
    private const int LabelsMax = 10_000;

    private readonly Dictionary<UsageLabels, FocusLabels> _labels = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<ResolvedPrice, FocusSku> _skus = new(ReferenceEqualityComparer.Instance);
    private FocusPeriod? _last;

    /// <summary>The rows of a charge or a correction.</summary>
    /// <param name="price">That the record names; null: it has none, since the amount was stated or no price was known.</param>
    /// <param name="envelope">That the attempt was made under; null: none.</param>
    public IEnumerable<FocusLine> Lines(UsageEntry entry, ResolvedPrice? price, AttemptEnvelope? envelope)
    {
        var line = new FocusLine(entry, form, Period(entry.EffectiveAt), Labels(entry.Usage.Usage.Labels), price is null ? null : Sku(price), envelope);
        if (form.Profile == FocusProfile.Released || price is null || entry.Correction is not null) return [line];
        var classes = TokenClass.Of(entry.Usage, price);
        return classes.Count == 0 ? [line] : classes.Select((tokens, index) => line with { Class = tokens, IsFirst = index == 0 });
    }

    private FocusPeriod Period(Instant at)
    {
        if (_last is { } last && last.Contains(at)) return last;
        var month = Month.Of(at, org.Zone);
        var invoice = invoices.FirstOrDefault(issued => issued.Period == month.ToString());
        return _last = new(month.Start(org.Zone), month.End(org.Zone), invoice?.Number);
    }

    private FocusLabels Labels(UsageLabels labels)
    {
        if (_labels.TryGetValue(labels, out var known)) return known;
        if (_labels.Count == LabelsMax) _labels.Clear();
        return _labels[labels] = new(labels);
    }

    private FocusSku Sku(ResolvedPrice price) => _skus.TryGetValue(price, out var known) ? known : _skus[price] = new(price);
}
