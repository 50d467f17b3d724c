using System.Text.Json;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Storage;

namespace Tieout.Server.Reconciliation.SelfCheck;

/// <summary>How findings stand, as the ledger keeps them: records under the id of the finding, of which the newest says how it stands.</summary>
internal sealed class FindingsKept(ILedger ledger)
{
    /// <summary>The ledger's own findings that are looked at: enough for years of a busy platform.</summary>
    private const int LedgerRowsMax = 1_000_000;

    public async Task<KeptFinding?> FindAsync(string org, string id, CancellationToken cancellationToken) =>
        await ledger.Read.RecordAsync(new(RecordKind.Finding, org, id), cancellationToken) is { } row ? Parse(row) : null;

    /// <summary>All that were ever opened by a run or decided by a person.</summary>
    /// <param name="org">Null: of all orgs.</param>
    public IAsyncEnumerable<(string Org, KeptFinding Finding)> AllAsync(string? org, CancellationToken cancellationToken) =>
        ledger.Read.AllRecordsAsync(RecordKind.Finding, org, cancellationToken).Select(row => (row.Org, Parse(row)));

    /// <summary>Findings that the ledger opened itself, in the commit that made them, by their id.</summary>
    public async Task<Dictionary<string, FindingRow>> OfLedgerAsync(CancellationToken cancellationToken)
    {
        var rows = new Dictionary<string, FindingRow>(StringComparer.Ordinal);
        foreach (var row in await RowsAsync(cancellationToken))
        {
            if (row.Attempt is not null) rows.TryAdd(IdOf(row), row);
        }

        return rows;
    }

    /// <summary>Newest first.</summary>
    public Task<IReadOnlyList<FindingRow>> RowsAsync(CancellationToken cancellationToken) => ledger.Read.FindingsAsync(null, LedgerRowsMax, cancellationToken);

    /// <summary>A run's own rows have their id in what they say; what the ledger opened is named by its usage or hold, or by its number.</summary>
    public static string IdOf(FindingRow row)
    {
        if (row.Attempt is { } attempt) return Finding.IdOf(row.Code, row.Org, row.Code == FindingCode.OrphanHold.Name ? $"hold/{attempt}" : Finding.UsageKey(attempt));
        using var detail = JsonDocument.Parse(row.Detail);
        return detail.RootElement.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.String ? id.GetString()! : Finding.IdOf(row.Code, row.Org, $"finding/{row.Seq}");
    }

    public static Command Open(Finding finding) => Record(
        finding.Scope.Org, new(finding.Id, finding.Code.Name, finding.Code.Severity, FindingState.Open, ReconciledFinding.Of(finding)));

    public static Command End(string org, string id, string code, string severity, Instant at, string? reason = null) =>
        Record(org, new(id, code, severity, FindingState.Ended, Finding: null, Reason: reason, At: at.ToString()));

    /// <remarks>A finding is announced when it opens, when it ends, and when it opens again; never for being seen again with other figures.</remarks>
    public static Command Record(string org, KeptFinding finding) =>
        new Command.AddRecord(RecordKind.Finding, org, finding.Id, JsonSerializer.Serialize(finding, ReconciliationJson.Default.KeptFinding), Once: false)
        {
            Announcement = finding.State == FindingState.Open
                ? new(Finding: new(finding.Code, finding.Severity), OnChangeOf: "state")
                : new(new($"finding/{finding.Id}", "finding.ended")),
        };

    private static KeptFinding Parse(RecordRow row) => JsonSerializer.Deserialize(row.Body, ReconciliationJson.Default.KeptFinding)!;
}

internal static class FindingState
{
    public const string Open = "open";
    public const string Ended = "ended";
    public const string Accepted = "accepted";
}
