using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Storage.Postgres.Verification;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Reconciliation;
using Tieout.Storage.Rows;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Postgres.Reading;

/// <summary>Findings from the tables, and the run over every bucket's book, one after another, all as of one moment.</summary>
internal sealed class PostgresFindingsReader(
    PostgresConnections connections, Buckets layout, Bucket[] buckets, PostgresPosition position, PostgresOrgs orgs) : IFindingsReader, IDisposable
{
    private readonly SemaphoreSlim _reconciling = new(1, 1);

    // What the last run of this node came to, bucket by bucket. Taken out while a run goes on with it, so that one that fails leaves nothing half done.
    private readonly (BookProgress Rows, IReadOnlyList<Finding> Damages)?[] _lookedAt = new (BookProgress, IReadOnlyList<Finding>)?[buckets.Length];

    /// <summary>The id of a finding by its row, as <see cref="Finding.IdOf(FindingRow)"/> makes it.</summary>
    private const string Id = """
        coalesce(
          CASE WHEN f.attempt IS NULL THEN f.detail::json ->> 'id' END,
          f.code || '-' || encode(substring(sha256(convert_to(f.code || chr(10) || f.org || chr(10)
            || CASE WHEN f.attempt IS NULL THEN 'finding/' || f.seq WHEN f.code = 'orphan_hold' THEN 'hold/' || f.attempt ELSE 'usage/' || f.attempt END, 'UTF8')) FROM 1 FOR 8), 'hex'))
        """;

    /// <summary>
    /// The newest row of an open finding. A row of a run is followed by no record that closes its finding. A row that the ledger wrote itself is followed by no
    /// record of its finding, since from then on a run's row or the record speaks for it, and by no other row of the same attempt.
    /// </summary>
    internal const string Open = $"""
        CASE WHEN f.attempt IS NULL
          THEN NOT EXISTS (SELECT 1 FROM records r WHERE r.bucket = ? AND r.kind = ? AND r.org = f.org AND r.name = {Id}
            AND r.recorded_at >= f.recorded_at AND r.body::json ->> 'state' <> 'open')
          ELSE NOT EXISTS (SELECT 1 FROM records r WHERE r.bucket = ? AND r.kind = ? AND r.org = f.org AND r.name = {Id} AND r.recorded_at >= f.recorded_at)
            AND NOT EXISTS (SELECT 1 FROM findings n WHERE n.bucket = ? AND n.attempt = f.attempt AND n.code = f.code AND n.seq > f.seq)
        END
        """;

    public Task<IReadOnlyList<StoredFinding>> FindingsAsync(FindingQuery query, CancellationToken cancellationToken) => NewestRows.ReadAsync(
        connections, layout, query.Org, query.Limit, bucket => Findings(query, bucket), (bucket, row) => new StoredFinding(bucket, RowReads.Finding(row)),
        stored => stored.Place, cancellationToken);

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

        foreach (var bucket in buckets.Select(bucket => bucket.Number))
        {
            var rebound = Rebound(tables, query, keys, bucket, out var left);
            findings.AddRange(rebound);
            more += left;
        }

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
    /// <param name="left">How many are left for the next run.</param>
    private List<Finding> Rebound(PostgresTables tables, BookQuery query, HashSet<string> keys, int bucket, out long left)
    {
        left = 0;
        var findings = new List<Finding>();
        foreach (var (id, right) in _lookedAt[bucket]!.Value.Rows.Lineages.Elsewhere)
        {
            if (findings.Count >= query.Most)
            {
                left++;
                continue;
            }

            tables.Show(bucket);
            if (tables.Elsewhere(id.Value) is not { } found) continue;
            tables.Show(found.Bucket);
            findings.AddRange(new BookRun(tables, query, keys).Rebound(found.Usage, right));
        }

        return findings;
    }

    private static ShownFigures Shown(Book book) => new(
        book.Last.Commit, [.. book.Accounts.Values], [.. book.Windows.Values],
        book.Attempts.Values.Where(attempt => attempt is { State: HoldState.Open, Hold: not null })
            .Select(attempt => attempt.Hold!.Seq).DefaultIfEmpty(book.Last.Hold + 1).Min());

    private static PgQuery Findings(FindingQuery query, int bucket)
    {
        var select = new PgQuery($"SELECT {RowReads.FindingColumns} FROM findings f").Where("bucket = ?", bucket).WhereGiven("org = ?", query.Org).WhereGiven(
            "code = ?", query.Code);
        if (query.Open) select.Where(Open, bucket, (int)RecordKind.Finding, bucket, (int)RecordKind.Finding, bucket);
        return NewestRows.Before(select, query.Before).Then("ORDER BY recorded_at DESC, seq DESC LIMIT ?", query.Limit);
    }

    public void Dispose() => _reconciling.Dispose();
}
