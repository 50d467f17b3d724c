using System.Globalization;
using Tieout.Core.Money;
using Tieout.Core.Spike;
using Tieout.Server.Incidents;

namespace Tieout.Server.Spike.FollowUp;

/// <summary>What is written of a spike's incident.</summary>
internal static class SpikeIncidentText
{
    /// <summary>Labels that both a place and an alert rule can name.</summary>
    private static readonly string[] RuleLabels = ["project", "team", "key", "feature", "model"];

    /// <summary>The next time it should be told when an hour costs half as much again as usual.</summary>
    private const int SuggestedPercent = 150;

    public static string Title(SpikeIncident spike) => $"The cost of {spike.Org} has risen since {Short(spike.Onset)}";

    public static string Opened(SpikeIncident spike) =>
        $"{Title(spike)}: {spike.Actual} in place of {spike.Expected}. {spike.Sentence} See 'tieout spike --org {spike.Org}', then 'tieout mitigate suggest --org {spike.Org}'.";

    /// <summary>As the runbook has it: cap at once, and leadership within the hour.</summary>
    /// <param name="capPerHour">What an hour usually costs.</param>
    public static string Escalated(SpikeIncident spike, IncidentMitigation after, Amount capPerHour) =>
        $"{spike.Incident}: the cost of {spike.Org} is still rising after the mitigation {after.Id}. Cap it at once: tieout mitigate apply cap-{spike.Incident} --org {spike.Org} --kind cost_cap --limit {capPerHour} --owner YOU --reason {spike.Incident} --for 4h. Tell engineering leadership within the hour.";

    public static string FollowUp(SpikeIncident spike, Incident incident) =>
        $"{spike.Incident} of {spike.Org}: the follow-up is due ({spike.FollowUpOn}). {incident.FollowUp ?? "The incident is not closed."} Alert rule suggested: {spike.SuggestedRule}";

    /// <summary>A ratio of the part that rose, above the hour that was expected.</summary>
    /// <param name="place">Labels; a value may be missing.</param>
    public static string SuggestedRule(string id, string org, IReadOnlyDictionary<string, string?> place, Amount expectedPerHour)
    {
        var labels = string.Concat(RuleLabels.Where(label => place.GetValueOrDefault(label) is not null).Select(label => $" --{label} {place[label]}"));
        return string.Create(CultureInfo.InvariantCulture,
            $"tieout alerts rules set {id} --org {org} --kind ratio --measure spend --percent {SuggestedPercent} --limit {expectedPerHour}{labels} --owner YOU --reason {id}");
    }

    /// <summary>An amount of an hour with two decimals, or all where it is smaller.</summary>
    public static Amount PerHour(Amount sum, long hours)
    {
        var each = sum.Nanos / Math.Max(1, hours);
        const long cent = Amount.NanosPerUnit / 100;
        return new(each < cent ? each : each / cent * cent);
    }

    /// <summary>Whether a mitigation is about a part of what rose: no label of the place is another.</summary>
    /// <remarks>Models are not compared: a mitigation has the name that clients ask for, a place the one of the model that answered.</remarks>
    public static bool IsInScope(MitigationScope scope, IReadOnlyDictionary<string, string?> place)
    {
        return Fits(scope.Feature, "feature") && Fits(scope.Team, "team") && Fits(scope.Key, "key");

        bool Fits(string? named, string label) =>
            named is null or MitigationScope.Each || place.GetValueOrDefault(label) is not { } risen || risen == named;
    }

    private static string Short(string instant) => $"{instant[..16]}Z";
}
