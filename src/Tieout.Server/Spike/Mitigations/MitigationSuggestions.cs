using Tieout.Analysis.Why;
using Tieout.Core;
using Tieout.Core.Ledger;
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

    public async Task<MitigationSuggestionsBody> OfAsync(OrgState org, Instant now, CancellationToken cancellationToken)
    {
        var result = await run.RunAsync(SpikeRequest.Of(org, now), cancellationToken);
        var items = new List<MitigationSuggestionBody>();
        foreach (var (cause, kind, scope, rule, why) in result.Causes.SelectMany(Of).Take(Max))
        {
            var name = SnakeCase.Of(cause);
            var id = $"against-{name}-{items.Count + 1}";
            var mitigation = new Mitigation(id, org.Org.Id, kind, scope, rule, "nobody", name, now.ToDateTimeOffset() + TimeSpan.FromHours(1), 1, "", default);
            if (MitigationFlaws.Of(mitigation) is not null) continue;
            var onset = SpikeRequest.StartOf(result.Timing.From);
            var from = now - PreviewMax > onset ? now - PreviewMax : onset;
            var tried = await preview.OfAsync(org, mitigation, from, now, cancellationToken);

            // A cut that loses more cache than it saves is no help.
            if (kind is MitigationKind.Truncate && tried.Saved <= Amount.Zero) continue;
            items.Add(new(id, name, why, tried));
        }

        return new(org.Org.Id, SnakeCase.Of(result.Verdict), items, ledger.Read.AsOf);
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
