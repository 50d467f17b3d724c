using Tieout.Analysis.Why;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Money;
using Tieout.Core.Spike;
using Tieout.Server.Http;
using Tieout.Storage;

namespace Tieout.Server.Spike.Mitigations;

/// <summary>Mitigations for the causes that a spike report names, each tried on the hours since the onset. None is set: a person decides.</summary>
internal sealed class MitigationSuggestions(ILedger ledger, SpikeRun run, MitigationPreview preview)
{
    private const int Max = 3;

    /// <summary>A preview reads usage records, so it looks back a day at most.</summary>
    private static readonly TimeSpan PreviewMax = TimeSpan.FromHours(24);

    /// <summary>And over the latest hours that have about so many, so that a report takes the same time for a large org.</summary>
    private const long AttemptsMax = 50_000;

    public async Task<MitigationSuggestionsBody> OfAsync(OrgState org, Instant now, CancellationToken cancellationToken)
    {
        var result = await run.RunAsync(SpikeRequest.Of(org, now), cancellationToken);
        return new(org.Org.Id, SnakeCase.Of(result.Verdict), await ForAsync(result, now, cancellationToken), ledger.Read.AsOf);
    }

    /// <summary>For the causes of a report. Of all orgs: for the org where a cause is.</summary>
    /// <param name="until">Where the requests end that a mitigation is tried on.</param>
    public async Task<IReadOnlyList<MitigationSuggestionBody>> ForAsync(SpikeResult result, Instant until, CancellationToken cancellationToken)
    {
        var items = new List<MitigationSuggestionBody>();
        var isHidden = result.Causes.Count == 0;
        var onset = SpikeRequest.StartOf(isHidden && result.Components is [var first, ..] ? first.Timing.From : result.Timing.From);
        foreach (var named in isHidden ? result.ComponentCauses : result.Causes)
        {
            if (OrgOf(result, named) is not { } org) continue;
            var from = await BeginAsync(org, onset, until, cancellationToken);
            foreach (var (cause, kind, scope, rule, why) in Of(named).Take(Max - items.Count))
            {
                var name = SnakeCase.Of(cause);
                var id = $"against-{name}-{items.Count + 1}";
                var expiry = until.ToDateTimeOffset() + TimeSpan.FromHours(1);
                var mitigation = new Mitigation(id, org.Org.Id, kind, scope, rule, "nobody", name, expiry, 1, "", default);
                if (MitigationFlaws.Of(mitigation) is not null) continue;
                if (await TriedAsync(org, mitigation, from, until, cancellationToken) is not { } tried) continue;

                // A cut that loses more cache than it saves is no help.
                if (kind is MitigationKind.Truncate && tried.Saved <= Amount.Zero) continue;
                items.Add(new(id, name, why, tried));
            }
        }

        return items;
    }

    /// <returns>Null: the requests of that time are in an archive, and nobody acts on them any more.</returns>
    private async Task<MitigationPreviewBody?> TriedAsync(
        OrgState org, Mitigation mitigation, Instant from, Instant until, CancellationToken cancellationToken)
    {
        try
        {
            return await preview.OfAsync(org, mitigation, from, until, cancellationToken);
        }
        catch (RowsArchivedException)
        {
            return null;
        }
    }

    /// <summary>The org that a cause is in; of all orgs, where it is nowhere in particular, the one whose cost rose most.</summary>
    private static OrgState? OrgOf(SpikeResult result, NamedCause named)
    {
        const string Org = "org";
        var (change, orgs) = (result.Change, result.Request.Orgs);
        var name = named.Place?.Coordinates.FirstOrDefault(each => each.Dimension == Org).Value;
        if (name is null && orgs.Count > 1)
        {
            var place = named.Place;
            name = change.Leaves.Where(leaf => place is null || place.Contains(change, leaf.Leaf)).GroupBy(leaf => change.ValueOf(leaf.Leaf, Org))
                .MaxBy(org => org.Sum(leaf => (double)leaf.Leaf.Change))?.Key;
        }

        return name is null ? orgs.Count == 1 ? orgs[0] : null : orgs.FirstOrDefault(org => org.Org.Id == name);
    }

    private async Task<Instant> BeginAsync(OrgState org, Instant onset, Instant until, CancellationToken cancellationToken)
    {
        var from = until - PreviewMax > onset ? until - PreviewMax : onset;
        var hours = await ledger.Read.SumsAsync(new(org, from, until, RecountSlot.Hour), cancellationToken);
        var attempts = 0L;
        foreach (var hour in hours.GroupBy(line => line.Slot).OrderByDescending(hour => hour.Key))
        {
            attempts += hour.Sum(line => line.Sums.Attempts);
            if (attempts > AttemptsMax && hour.Key + TimeSpan.FromHours(1) < until) return hour.Key + TimeSpan.FromHours(1);
        }

        return from;
    }

    private static IEnumerable<(SpikeCause Cause, MitigationKind Kind, MitigationScope Scope, MitigationRule Rule, string Why)> Of(NamedCause named)
    {
        var (cause, scope) = (named.Cause, ScopeOf(named));
        return cause switch
        {
            SpikeCause.RetryStorm => [(cause, MitigationKind.RetryBudget, scope with { Trigger = "retry" }, new(), "Clients retry: admit 20 retries for 100 requests.")],
            SpikeCause.Undo =>
            [
                (cause, MitigationKind.RateLimit, scope with { Trigger = "undo", User = MitigationScope.Each }, new(Requests: 3, PeriodSeconds: 60),
                    "Undo calls the model: admit 3 a minute for each user."),
            ],
            SpikeCause.AutoSave =>
            [
                (cause, MitigationKind.Coalesce, scope with { Trigger = "auto_save" }, new(WaitSeconds: 30), "Let the newest save replace those that wait."),
            ],
            SpikeCause.HiddenRecompute => [(cause, MitigationKind.RetryBudget, scope, new(), "Work is done again: admit 20 repeated requests for 100 first ones.")],
            SpikeCause.ToolFailures =>
                [(cause, MitigationKind.ToolBreaker, scope, new(), "Tools fail: stop a session after 5 failures of a tool, for 60 s.")],
            SpikeCause.RequestsPerUser or SpikeCause.VolumeSurge =>
            [
                (cause, MitigationKind.RateLimit, scope with { User = MitigationScope.Each }, new(Requests: 10, PeriodSeconds: 3600),
                    "The same users ask more: admit 10 requests an hour for each user."),
            ],
            SpikeCause.NewKey when scope.Key is not null => [(cause, MitigationKind.Off, scope, new(), "Nobody may know the key: switch it off until its owner is found.")],
            SpikeCause.OutputLength => [(cause, MitigationKind.OutputCap, scope, new(OutputTokens: 1_024), "Answers are longer: lower the limit of output tokens.")],
            SpikeCause.ContextGrowth =>
            [
                (cause, MitigationKind.Truncate, scope, new(Messages: 20), "Conversations are appended to and never cut: send the last 20 to 39 messages."),
            ],
            _ => [],
        };
    }

    /// <summary>Labels of the place that a mitigation can name.</summary>
    private static MitigationScope ScopeOf(NamedCause named)
    {
        string? Label(string dimension) => named.Place?.Coordinates.FirstOrDefault(each => each.Dimension == dimension).Value;
        return new(Label("feature"), Label("team"), Label("key"));
    }
}
