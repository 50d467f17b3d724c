using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Storage.Postgres.Verification;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Reconciliation;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Reading;

/// <summary>Findings from the tables, and the run over every bucket's book, one after another, all as of one moment.</summary>
internal sealed class PostgresFindingsReader(
    PostgresConnections connections, Buckets layout, Bucket[] buckets, PostgresPosition position, PostgresOrgs orgs) : IFindingsReader, IDisposable
{
    private readonly SemaphoreSlim _reconciling = new(1, 1);

    // What the last run of this node came to, bucket by bucket. Taken out while a run goes on with it, so that one that fails leaves nothing half done.
    private readonly (BookProgress Rows, IReadOnlyList<Finding> Damages)?[] _lookedAt = new (BookProgress, IReadOnlyList<Finding>)?[buckets.Length];

    public Task<IReadOnlyList<StoredFinding>> FindingsAsync(FindingQuery query, CancellationToken cancellationToken) => NewestRows.ReadAsync(
        connections, layout, query.Org, query.Limit, bucket => Findings(query, bucket), (bucket, row) => new StoredFinding(bucket, RowReads.Finding(row)), stored => stored.Place, cancellationToken);

    public async Task<BookReport> ReconcileAsync(BookQuery query, CancellationToken cancellationToken)
    {
        await _reconciling.WaitAsync(cancellationToken);
        try
        {
            // What this node shows is compared, too: as new as it can be, and from before the moment that the tables are read as of.
            position.CompareAll();
            var shown = buckets.Select(bucket => bucket.Read(Shown)).ToArray();
            var keys = orgs.Settings.Where(row => row.Kind == SettingKind.Key).Select(row => row.Name).ToHashSet(StringComparer.Ordinal);
            return await connections.ReadAsync(tables => Reconcile(tables, query, keys, shown, cancellationToken));
        }
        catch (Exception damaged) when (UnreadableRows.Caused(damaged))
        {
            throw UnreadableRows.Report(damaged);
        }
        finally
        {
            _reconciling.Release();
        }
    }

    private BookReport Reconcile(PostgresTables tables, BookQuery query, HashSet<string> keys, ShownFigures[] shown, CancellationToken cancellationToken)
    {
        var (findings, uneven, checkedRows, more, asOf) = (new List<Finding>(), new List<UnevenDay>(), 0L, 0L, 0L);
        foreach (var bucket in buckets.Select(bucket => bucket.Number))
        {
            cancellationToken.ThrowIfCancellationRequested();
            tables.Show(bucket);
            var report = Reconcile(tables, query with { Instances = query.Instances.Where(org => layout.Of(org) == bucket) }, keys, shown[bucket]);
            findings.AddRange(report.Findings);
            uneven.AddRange(report.Uneven);
            (checkedRows, more, asOf) = (checkedRows + report.Checked, more + report.More, asOf + report.AsOf);
        }

        foreach (var bucket in buckets.Select(bucket => bucket.Number)) findings.AddRange(Rebound(tables, query, keys, bucket));
        return new(findings, uneven, checkedRows, asOf, more);
    }

    private BookReport Reconcile(PostgresTables tables, BookQuery query, HashSet<string> keys, ShownFigures shown)
    {
        var before = query.Full ? null : _lookedAt[tables.Bucket];
        _lookedAt[tables.Bucket] = null;

        // The database was put back to an earlier state: nothing that was looked at counts.
        if (before is { } known && !Chain.Has(tables, known.Rows.Last)) before = null;
        var last = Chain.Last(tables);
        var isShown = shown.AsOf <= last && shown.AsOf >= (before?.Rows.Last.Commit ?? 0);
        var (report, progress) = new BookRun(tables, query, keys).Run(last, isShown ? shown : null, before?.Rows);
        var damages = before is not { Damages.Count: 0, Rows.Last: var after } ? DamagedRows.Find(tables)
            : progress.Last.Commit == after.Commit ? []
            : DamagedRows.Find(tables, after.Commit == 0 ? null : after);
        _lookedAt[tables.Bucket] = (progress, damages);
        return DamagedRows.Explain(report, damages, tables);
    }

    /// <summary>Usage that was charged to an org of another bucket than its envelope's org is in.</summary>
    /// <param name="bucket">The envelope's.</param>
    private List<Finding> Rebound(PostgresTables tables, BookQuery query, HashSet<string> keys, int bucket)
    {
        var findings = new List<Finding>();
        foreach (var (id, right) in _lookedAt[bucket]!.Value.Rows.Lineages.Elsewhere)
        {
            tables.Show(bucket);
            if (tables.Elsewhere(id.Value) is not { } found) continue;
            tables.Show(found.Bucket);
            findings.AddRange(new BookRun(tables, query, keys).Rebound(found.Usage, right));
        }

        return findings;
    }

    private static ShownFigures Shown(Book book) => new(
        book.Last.Commit, [.. book.Accounts.Values], [.. book.Windows.Values],
        book.Attempts.Values.Where(attempt => attempt is { State: HoldState.Open, Hold: not null }).Select(attempt => attempt.Hold!.Seq).DefaultIfEmpty(book.Last.Hold + 1).Min());

    private static PgQuery Findings(FindingQuery query, int bucket)
    {
        var select = new PgQuery($"SELECT {RowReads.FindingColumns} FROM findings").Where("bucket = ?", bucket).WhereGiven("org = ?", query.Org).WhereGiven("code = ?", query.Code);
        return NewestRows.Before(select, query.Before).Then("ORDER BY recorded_at DESC, seq DESC LIMIT ?", query.Limit);
    }

    public void Dispose() => _reconciling.Dispose();
}
