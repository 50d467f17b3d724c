using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Storage;

namespace Tieout.Server.Incidents;

/// <summary>Says how far findings reach: one app instance, one project, one tenant, or more. A person decides.</summary>
internal static class ScopeSuggestion
{
    private const int FindingsMax = 1_000;

    /// <param name="org">Null: of all orgs.</param>
    /// <param name="from">Findings that were recorded before are not looked at.</param>
    public static async Task<ScopeSuggestionBody> OfAsync(ILedger ledger, string? org, Instant from, CancellationToken cancellationToken)
    {
        List<(FindingRow Row, string? Project, string? Instance)> found = [];
        foreach (var row in (await ledger.Read.FindingsAsync(org, FindingsMax, cancellationToken)).TakeWhile(row => row.RecordedAt >= from))
        {
            var place = await FindingPlace.OfAsync(ledger, row, cancellationToken);
            if (place.IsOpen) found.Add((row, place.Project, place.AppInstance));
        }

        var orgs = found.Select(finding => finding.Row.Org).Where(name => name.Length > 0).Distinct(StringComparer.Ordinal).ToList();
        var projects = found.Select(finding => finding.Project).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        var instances = found.Select(finding => finding.Instance).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        var codes = string.Join(
            ", ", found.GroupBy(finding => finding.Row.Code).OrderByDescending(group => group.Count()).Select(group => $"{group.Count()} {group.Key}"));
        var reason = found.Count == 0
            ? "no findings were recorded in its time"
            : $"{codes}; {Count(orgs.Count, "tenant")}, {Count(projects.Count, "project")}, {Count(instances.Count, "app instance")}";
        return (orgs.Count, instances.Count, projects.Count) switch
        {
            ( > 1, _, _) => new("broad", null, null, null, reason, found.Count),
            (0, _, _) => new(org is null ? "broad" : "tenant", org, null, null, reason, found.Count),
            (_, 1, _) when found.TrueForAll(finding => finding.Instance is not null) =>
                new("instance", orgs[0], projects.FirstOrDefault(), instances[0], reason, found.Count),
            (_, _, 1) when found.TrueForAll(finding => finding.Project is not null) => new("project", orgs[0], projects[0], null, reason, found.Count),
            _ => new("tenant", orgs[0], null, null, reason, found.Count),
        };
    }

    private static string Count(int count, string what) => $"{count} {what}{(count == 1 ? "" : "s")}";
}
