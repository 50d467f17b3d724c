using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.Inside;
using Tieout.Storage.Postgres.Verification;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Reconciliation;

namespace Tieout.Storage.Postgres.Reading;

/// <summary>Reconciliation of every bucket's book, one after another, all as of one moment.</summary>
internal sealed partial class PostgresReader
{
    public async Task<BookReport> ReconcileAsync(BookQuery query, CancellationToken cancellationToken)
    {
        var (findings, uneven, checkedRows, more) = (new List<Finding>(), new List<UnevenDay>(), 0L, 0L);
        var keys = Settings.Where(row => row.Kind == SettingKind.Key).Select(row => row.Name).ToHashSet(StringComparer.Ordinal);
        await connections.RunAsync(async connection =>
        {
            await PostgresConnections.ExecuteAsync(connection, "SET idle_in_transaction_session_timeout = 0");
            var tables = new PostgresTables(connection);
            await tables.BeginAsync();
            foreach (var bucket in buckets)
            {
                cancellationToken.ThrowIfCancellationRequested();
                await tables.ShowAsync(bucket.Number);
                var instances = query.Instances.Where(org => layout.Of(org) == bucket.Number);
                var (report, _) = new BookRun(tables, query with { Instances = instances }, keys).Run(Chain.Last(tables), shown: null);
                report = DamagedRows.Explain(report, DamagedRows.Find(tables), tables);
                findings.AddRange(report.Findings);
                uneven.AddRange(report.Uneven);
                (checkedRows, more) = (checkedRows + report.Checked, more + report.More);
            }
        });
        return new(findings, uneven, checkedRows, watch.AsOf, more);
    }
}
