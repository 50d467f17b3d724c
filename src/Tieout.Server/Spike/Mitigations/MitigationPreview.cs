using System.Globalization;
using Tieout.Analysis.Preview;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Core.Spike;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Http;
using Tieout.Server.Pricing;
using Tieout.Storage;

namespace Tieout.Server.Spike.Mitigations;

/// <summary>Tries a mitigation on past requests, as their usage records have them: times, labels, users, counts and costs. No content is stored.</summary>
internal sealed class MitigationPreview(ILedger ledger, CurrentPrices prices, CurrentRoutes routes)
{
    private const int RowsMax = 500_000;

    /// <exception cref="ApiRefusedException">The time has more requests than a preview reads.</exception>
    public async Task<MitigationPreviewBody> OfAsync(OrgState org, Mitigation mitigation, Instant from, Instant to, CancellationToken cancellationToken)
    {
        var asOf = ledger.Read.AsOf;
        var replay = new MitigationReplay(mitigation, org.Zone);
        if (MitigationReplay.IsPossible(mitigation.Kind))
        {
            foreach (var request in await RequestsAsync(org, mitigation, from, to, cancellationToken)) replay.Add(request);
        }

        return Body(mitigation, from, to, replay.Figures(), asOf);
    }

    /// <summary>What the org's requests through the gateway cost.</summary>
    public async Task<Amount> CostAsync(OrgState org, Instant from, Instant to, CancellationToken cancellationToken)
    {
        var cost = Amount.Zero;
        await foreach (var row in ledger.Read.UsageAsync(new(org.Org.Id, from, to), cancellationToken))
        {
            if (row.Usage.Labels.Source is UsageSource.Gateway) cost += row.Charge;
        }

        return cost;
    }

    private async Task<List<ReplayedRequest>> RequestsAsync(
        OrgState org, Mitigation mitigation, Instant from, Instant to, CancellationToken cancellationToken)
    {
        var (found, current, offered) = (new List<ReplayedRequest>(), prices.Get().Of(org.Org.Id), routes.Get());
        var names = new Dictionary<(string, string), string>();
        await foreach (var row in ledger.Read.UsageAsync(new(org.Org.Id, from, to), cancellationToken))
        {
            // Nothing else passes the gateway.
            if (row.Usage.Labels.Source is not UsageSource.Gateway) continue;
            if (found.Count == RowsMax) throw new ApiRefusedException(ApiError.ParameterInvalid, $"The time has more than {RowsMax} requests. Send a shorter 'since'.");
            var request = MitigatedRequest.Of(row.Usage) with { Model = NameOf(row.Usage.Labels, offered, names) };
            var lowered = current is null ? row.Charge : Lowered(row, mitigation, request, current, offered);
            var price = mitigation.Kind is MitigationKind.Truncate && current is not null ? PriceOf(row.Usage, current) : null;
            found.Add(new(request, row.Usage.OccurredAt, row.Usage.WorkflowId, row.Charge, lowered) { Counts = row.Usage.Counts, Price = price });
        }

        found.Sort(static (one, other) => one.At.CompareTo(other.At));
        return found;
    }

    /// <summary>The name that clients ask for; the provider's own where no name is configured.</summary>
    private static string NameOf(UsageLabels labels, Routes offered, Dictionary<(string, string), string> names)
    {
        var of = (labels.Provider ?? "", labels.Model ?? "");
        if (names.TryGetValue(of, out var known)) return known;
        return names[of] = offered.NamesOf(of.Item1, of.Item2).FirstOrDefault() ?? of.Item2;
    }

    /// <summary>What the request would have cost with the limit or the other model, by today's prices against its cost by the same prices.</summary>
    private static Amount Lowered(UsageRow row, Mitigation mitigation, in MitigatedRequest request, OrgPrices prices, Routes offered)
    {
        if (mitigation.Kind is not (MitigationKind.OutputCap or MitigationKind.ModelMap) || !mitigation.Scope.Covers(request)) return row.Charge;
        var (usage, counts) = (row.Usage, row.Usage.Counts);
        if (PriceOf(usage, prices) is not { } price) return row.Charge;
        if (mitigation.Kind is MitigationKind.OutputCap)
        {
            var most = Math.Min(counts.OutputTokens, mitigation.Rule.OutputTokens ?? long.MaxValue);
            var capped = counts with { OutputTokens = most, ReasoningTokens = Math.Min(counts.ReasoningTokens, most) };
            return Less(ClaimLimit.Claimed(price, capped).Charge);
        }

        if (mitigation.Rule.Models is not { } models || !models.TryGetValue(request.Model, out var other)) return row.Charge;
        if (offered.Find(other)?.Stages[0][0] is not { } target) return row.Charge;
        return Price(prices, target.Upstream.PricedAs(prices), target.Model, usage) is { } cheaper
            ? Less(ClaimLimit.Claimed(cheaper, counts).Charge) : row.Charge;

        Amount Less(Amount charge) => row.Charge - (ClaimLimit.Claimed(price, counts).Charge - charge);
    }

    /// <summary>The price of the model that answered.</summary>
    private static ResolvedPrice? PriceOf(UsageRecord usage, OrgPrices prices) =>
        usage.Labels.Model is { } model ? Price(prices, usage.Labels.Provider, model, usage) : null;

    private static ResolvedPrice? Price(OrgPrices prices, string? provider, string model, UsageRecord usage) =>
        prices.Find(provider, model, usage.OccurredAt).Price ?? prices.Find(null, model, usage.OccurredAt).Price;

    /// <summary>Why a truncation should not be set.</summary>
    private static string? Warning(ReplayFigures figures) => figures.Saved >= Amount.Zero ? null : string.Create(
        CultureInfo.InvariantCulture,
        $"Do not set it: it would cost {-figures.Saved} more. The tokens that it cuts cost {figures.Saved + figures.CacheLost}, and the provider's cache that is lost at each cut costs {figures.CacheLost}. A larger block cuts less often.");

    private static MitigationPreviewBody Body(Mitigation mitigation, Instant from, Instant to, ReplayFigures figures, long asOf)
    {
        var possible = MitigationReplay.IsPossible(mitigation.Kind);
        var percent = Math.Round((decimal)figures.Percent, 1);
        decimal? plusMinus = figures.PlusMinus is { } error ? Math.Round((decimal)error, 1) : null;
        var sentence = !possible ? "A breaker of tools cannot be tried on past requests: conversations are not stored."
            : figures.Requests == 0 ? "No request of that time passed the gateway, so there is nothing to try it on."
            : string.Create(CultureInfo.InvariantCulture,
                $"It would touch {figures.Touched} of {figures.Requests} requests, of {figures.Users} users, and save {figures.Saved} of {figures.Cost} ({percent} %{(plusMinus is { } pm ? $" ± {pm}" : "")}).");
        var warning = Warning(figures);
        if (warning is not null) sentence = $"It would touch {figures.Touched} of {figures.Requests} requests, of {figures.Users} users. {warning}";
        return new(
            mitigation.Org, mitigation.Kind, mitigation.Scope, MitigationRuleBody.Of(mitigation.Rule), from.ToString(), to.ToString(), possible,
            figures.Requests, figures.Covered, figures.Touched, figures.Users, figures.Cost, figures.Saved, figures.CacheLost, percent, plusMinus, sentence,
            warning, asOf);
    }
}
