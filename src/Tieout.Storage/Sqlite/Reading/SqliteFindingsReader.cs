using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Storage.Reconciliation;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Verification;
using Tieout.Storage.Verification;
using Tieout.Storage.Writing;

namespace Tieout.Storage.Sqlite.Reading;

/// <summary>Findings from the file, and the run over the whole book.</summary>
internal sealed class SqliteFindingsReader(ReadConnections connections, LedgerWriter writer, IOrgs orgs) : IFindingsReader, IDisposable
{
    /// <summary>A checkpoint may be written between a look at memory and a look at the file; then again.</summary>
    private const int LooksMax = 5;

    private readonly SemaphoreSlim _reconciling = new(1, 1);

    // What the last run of this process came to. Taken out while a run goes on with it, so that one that fails leaves nothing half done.
    private (BookProgress Rows, IReadOnlyList<Finding> Damages)? _lookedAt;

    /// <summary>
    /// The newest row of an open finding. A row of a run is followed by no record that closes its finding. A row that the ledger wrote itself is followed by no
    /// record of its finding, since from then on a run's row or the record speaks for it, and by no other row of the same attempt.
    /// </summary>
    internal const string Open = """
        CASE WHEN f.attempt IS NULL
          THEN NOT EXISTS (SELECT 1 FROM records r WHERE r.kind = ? AND r.org = f.org AND r.name = finding_id(f.code, f.org, f.attempt, f.detail, f.seq)
            AND r.recorded_at >= f.recorded_at AND json_extract(r.body, '$.state') <> 'open')
          ELSE NOT EXISTS (SELECT 1 FROM records r WHERE r.kind = ? AND r.org = f.org AND r.name = finding_id(f.code, f.org, f.attempt, f.detail, f.seq) AND r.recorded_at >= f.recorded_at)
            AND NOT EXISTS (SELECT 1 FROM findings n WHERE n.attempt = f.attempt AND n.code = f.code AND n.seq > f.seq)
        END
        """;

    public Task<IReadOnlyList<StoredFinding>> FindingsAsync(FindingQuery query, CancellationToken cancellationToken) =>
        connections.RowsAsync(cancellationToken, connection =>
    {
        var select = new Query($"SELECT {RowReads.FindingColumns} FROM findings f").WhereGiven("org = ?", query.Org).WhereGiven("code = ?", query.Code);
        if (query.Before is { } before) select.Where("seq < ?", before.Seq);
        if (query.Open) select.Where(Open, (int)RecordKind.Finding, (int)RecordKind.Finding);
        return select.Then("ORDER BY seq DESC LIMIT ?", query.Limit).List(connection, row => new StoredFinding(Bucket: 0, RowReads.Finding(row)));
    });

    public async Task<BookReport> ReconcileAsync(BookQuery query, CancellationToken cancellationToken)
    {
        await _reconciling.WaitAsync(cancellationToken);
        try
        {
            await writer.FlushAsync();
        }
        catch (StoreUnavailableException)
        {
            // What is stored is then older than what is shown, and each is compared as of its own commit.
        }

        try
        {
            var before = query.Full ? null : _lookedAt;
            _lookedAt = null;

            // On two threads: bytes against the chain, and what the rows say against each other.
            var bytes = Task.Run(() => connections.ReadAsOf(tables => Damages(tables, before), withFigures: false), cancellationToken);
            var (report, progress) = await Task.Run(() => Reconcile(query, before?.Rows), cancellationToken);
            var damages = await bytes;

            // The bytes of what came between the two looks are the next run's.
            _lookedAt = (progress, damages);
            return connections.Read(cancellationToken, connection => DamagedRows.Explain(report, damages, new SqliteTables(connection)));
        }
        finally
        {
            _reconciling.Release();
        }
    }

    /// <summary>Those of before, if they are still there, and those of the commits since.</summary>
    private static IReadOnlyList<Finding> Damages(SqliteAsOf tables, (BookProgress Rows, IReadOnlyList<Finding> Damages)? before)
    {
        if (before is not { Damages.Count: 0, Rows.Last: { Commit: > 0 } last } || !Chain.At(tables, last.Commit).Hash.AsSpan().SequenceEqual(last.Hash))
        {
            return DamagedRows.Find(tables);
        }

        return DamagedRows.Find(tables, last);
    }

    private (BookReport, BookProgress) Reconcile(BookQuery query, BookProgress? before)
    {
        var keys = orgs.Settings.Where(row => row.Kind == SettingKind.Key).Select(row => row.Name).ToHashSet(StringComparer.Ordinal);
        for (var look = 1; ; look++)
        {
            var (asOf, accounts, windows) = writer.Pipeline.Read(image => image.Figures);
            var result = connections.ReadAsOf<(BookReport, BookProgress)?>(tables =>
            {
                var checkpoint = tables.Checkpoint;
                if (checkpoint > asOf && look < LooksMax) return null;
                return new BookRun(tables, query, keys).Run(
                    checkpoint, checkpoint > asOf ? null : new ShownFigures(asOf, accounts, windows), before);
            });
            if (result is { } found) return found;
        }
    }

    public void Dispose() => _reconciling.Dispose();
}
