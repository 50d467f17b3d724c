using System.Text.Json;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Storage;

namespace Tieout.Server.Reconciliation.SelfCheck;

/// <summary>A finding as its newest record says it.</summary>
/// <param name="Seq">The record's number.</param>
internal sealed record KeptRow(string Org, long Seq, Instant RecordedAt, KeptFinding Finding)
{
    public bool IsOpen => Finding.State == FindingState.Open;

    /// <summary>When it was opened last, if it is open.</summary>
    public string OpenedAt => Finding.OpenedAt ?? RecordedAt.ToString();
}

/// <summary>A finding that waits for its correction.</summary>
/// <param name="Seq">Its newest record, which the correction replaces; 0: it has none, because the ledger opened it itself.</param>
/// <param name="NeedsRun">The record does not say how to repair it: a version before this one wrote it.</param>
internal sealed record OpenFinding(Finding Finding, long Seq, bool NeedsRun = false);

/// <summary>How findings stand, as the ledger keeps them: records under the id of the finding, of which the newest says how it stands.</summary>
internal sealed class FindingsKept(ILedger ledger)
{
    private const int PageRows = 500;

    public async Task<KeptRow?> FindAsync(string org, string id, CancellationToken cancellationToken) =>
        await ledger.Read.RecordAsync(new(RecordKind.Finding, org, id), cancellationToken) is { } row ? Parse(row) : null;

    /// <summary>All that were ever opened by a run or decided by a person.</summary>
    /// <param name="org">Null: of all orgs.</param>
    public IAsyncEnumerable<KeptRow> AllAsync(string? org, CancellationToken cancellationToken) =>
        ledger.Read.AllRecordsAsync(RecordKind.Finding, org, cancellationToken).Select(Parse);

    /// <summary>The open finding of an id, by its record or its row alone, so on any node and after any restart. Null: none is open.</summary>
    public async Task<OpenFinding?> OpenAsync(string id, CancellationToken cancellationToken)
    {
        var rows = await ledger.Read.RecordsNamedAsync(RecordKind.Finding, id, cancellationToken);
        var (kept, closed) = (rows.Select(Parse).FirstOrDefault(row => row.IsOpen), rows.Select(Parse).FirstOrDefault(row => !row.IsOpen));
        if (kept?.Finding.Finding is { } said) return new(said.Finding(kept.Finding.Repair ?? Undecided), kept.Seq, NeedsRun: kept.Finding.Repair is null);
        return await OfLedgerAsync(id, closed?.RecordedAt, cancellationToken) is { } found ? new(found, closed?.Seq ?? 0) : null;
    }

    /// <summary>Open findings that the ledger opened itself, in the commit that made them, by their id. Read page by page: memory has what they are about, not
    /// what they say.</summary>
    public async Task<Dictionary<string, (string Org, FindingCode Code)>> OfLedgerAsync(CancellationToken cancellationToken)
    {
        var open = new Dictionary<string, (string Org, FindingCode Code)>(StringComparer.Ordinal);
        for (var query = new FindingQuery(Org: null, Code: null, Before: null, PageRows, Open: true); ;)
        {
            var page = await ledger.Read.FindingsAsync(query, cancellationToken);
            foreach (var row in page.Select(stored => stored.Row).Where(row => row.Attempt is not null))
            {
                open.TryAdd(Finding.IdOf(row), (ledger.Read.Org(row.Org)?.Org.Id ?? row.Org, FindingCode.Find(row.Code.Name) ?? row.Code));
            }

            if (page.Count < PageRows) return open;
            query = query with { Before = page[^1].Place };
        }
    }

    public static KeptFinding Opened(Finding finding) =>
        new(finding.Id, finding.Code.Name, finding.Code.Severity, FindingState.Open, ReconciledFinding.Of(finding)) { Repair = finding.Repair };

    /// <summary>Closes a finding as it was read: if it changed since, the command is refused, and with it whatever goes together with it.</summary>
    /// <param name="by">The token that closes it.</param>
    public static Command.AddRecord Close(OpenFinding open, string state, string by, string? reason, Instant at) =>
        Record(open.Finding.Scope.Org, Opened(open.Finding) with { State = state, By = by, Reason = reason, At = at.ToString() }) with { Replaces = open.Seq };

    public static Command.AddRecord End(string org, string id, FindingCode code, Instant at, string? reason = null) =>
        Record(org, new(id, code.Name, code.Severity, FindingState.Ended, Finding: null, Reason: reason, At: at.ToString()));

    /// <remarks>A finding is announced when it opens, when it ends, and when it opens again; never for being seen again with other figures.</remarks>
    public static Command.AddRecord Record(string org, KeptFinding finding) =>
        new(RecordKind.Finding, org, finding.Id, JsonSerializer.Serialize(finding, ReconciliationJson.Default.KeptFinding), Once: false)
        {
            Announcement = finding.State == FindingState.Open
                ? new(Finding: new(new FindingCode(finding.Code, finding.Severity)), OnChangeOf: "state")
                : new(new($"finding/{finding.Id}", "finding.ended")),
        };

    private static Repair.Decide Undecided => new(0, "look at it");

    /// <summary>What the ledger opened itself: the usage record says how to repair it.</summary>
    /// <param name="closed">When it was closed last: only the ledger can have opened it again since. Null: never.</param>
    private async Task<Finding?> OfLedgerAsync(string id, Instant? closed, CancellationToken cancellationToken)
    {
        if (id.LastIndexOf('-') is not (> 0 and var dash)) return null;
        for (var query = new FindingQuery(Org: null, id[..dash], Before: null, PageRows); ;)
        {
            var page = await ledger.Read.FindingsAsync(query, cancellationToken);
            if (page.FirstOrDefault(stored => Finding.IdOf(stored.Row) == id)?.Row is { } row)
            {
                return row.RecordedAt > (closed ?? Instant.UnixEpoch) ? await OfRowAsync(row, id, cancellationToken) : null;
            }

            if (page.Count < PageRows) return null;
            query = query with { Before = page[^1].Place };
        }
    }

    private async Task<Finding?> OfRowAsync(FindingRow row, string id, CancellationToken cancellationToken)
    {
        if (row.Attempt is { } attempt && UsageRules.IsToDecide(row.Code)
            && await ledger.Read.AttemptAsync(row.Org, attempt, cancellationToken) is { Usage: { } usage } used)
        {
            var postings = (await ledger.Read.RecordsAsync(row.Org, used, cancellationToken)).Postings.Select(committed => committed.Row).ToList();
            return UsageRules.Of(usage, postings).FirstOrDefault(finding => finding.Id == id);
        }

        return new(row.Code, new FindingScope(row.Org, Usage: row.Attempt), $"finding/{row.Seq}", Left: null, Right: null, row.Code.Name, row.Detail,
            Undecided)
        { Id = id };
    }

    private static KeptRow Parse(RecordRow row) =>
        new(row.Org, row.Seq, row.RecordedAt, JsonSerializer.Deserialize(row.Body, ReconciliationJson.Default.KeptFinding)!);
}

internal static class FindingState
{
    public const string Open = "open";
    public const string Ended = "ended";
    public const string Accepted = "accepted";
    public const string Corrected = "corrected";
}
