using System.Text.Json;
using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Server.Reconciliation.SelfCheck;
using Tieout.Storage;

namespace Tieout.Server.Incidents;

/// <summary>Where in an org a finding is, and in words.</summary>
/// <param name="Project">Null, as <paramref name="AppInstance"/>: it is about none.</param>
/// <param name="IsOpen">False: a run no longer finds it, or a person lets it stand.</param>
/// <param name="HasLabels">It is about usage, so that a null project means usage without one.</param>
internal sealed record FindingPlace(string? Project, string? AppInstance, string? CorrelationId, bool IsOpen, bool HasLabels, string What)
{
    public static async Task<FindingPlace> OfAsync(ILedger ledger, FindingRow row, CancellationToken cancellationToken)
    {
        var known = await new FindingsKept(ledger).FindAsync(row.Org, Finding.IdOf(row), cancellationToken);
        var isOpen = known is null or { IsOpen: true };
        if (row.Attempt is { } id && row.Org.Length > 0)
        {
            var attempt = await ledger.Read.AttemptAsync(row.Org, id, cancellationToken);
            var labels = attempt?.Usage?.Usage.Labels ?? attempt?.Hold?.Scope;
            return new(labels?.Project, labels?.Runtime?.AppInstance, attempt?.Usage?.Usage.CorrelationId, isOpen, labels is not null, row.Detail);
        }

        // What a run opened says its scope itself.
        if (Opened(row) is not { Finding: { } finding } opened) return new(null, null, null, isOpen, HasLabels: false, row.Detail);
        var scope = finding.Scope;
        return new(
            scope.Project, scope.AppInstance, scope.CorrelationId, isOpen, scope.UsageId is not null || scope.AppInstance is not null,
            $"{opened.Id}: {finding.Left?.ToString() ?? "nothing"} and should be {finding.Right?.ToString() ?? "nothing"}; {finding.Cause}");
    }

    private static KeptFinding? Opened(FindingRow row)
    {
        try
        {
            return JsonSerializer.Deserialize(row.Detail, ReconciliationJson.Default.KeptFinding);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
