using Tieout.Core.Ledger;
using Tieout.Storage;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Native;

namespace Tieout.Bench.Reads;

/// <summary>Look-ups of usage by the ids that rows from all over the store have.</summary>
internal sealed class IdLookups
{
    private const int SamplesEach = 100;

    private static readonly (string Name, string Column)[] Ids =
        [("correlation id", UsageColumn.Correlation), ("trace id", "trace"), ("workflow", "workflow"), ("end user, 100 rows", "user")];

    private readonly ILedgerReader _read;
    private readonly Dictionary<(string Org, string Column), List<string>> _samples = [];
    private int _next;

    public IdLookups(SqliteLedger ledger, long rows)
    {
        _read = ledger.Read;
        using var connection = RawConnection.Open(ledger.Store.Database, readOnly: true);
        var random = new Random(1);
        foreach (var org in _read.Orgs)
        {
            for (var sample = 0; sample < SamplesEach; sample++) Sample(connection, org.Org.Id, random.NextInt64(rows));
        }
    }

    public IEnumerable<(string Name, Func<OrgState, CancellationToken, Task> Read)> Figures()
    {
        yield return ("operation, with its holds", (org, token) => _read.OperationAsync(org.Org.Id, Next(org, UsageColumn.Operation), token));
        foreach (var (name, column) in Ids) yield return (name, (org, token) => FirstRowsAsync(org, column, token));
    }

    private async Task FirstRowsAsync(OrgState org, string column, CancellationToken cancellationToken)
    {
        var (rows, filter) = (0, new UsageFilter(org.Org.Id, Core.Instant.UnixEpoch, Core.Instant.EndOfTime).Where(column, Next(org, column)));
        await foreach (var _ in _read.UsageAsync(filter, cancellationToken))
        {
            if (++rows == 100) break;
        }

        if (rows == 0) throw new InvalidOperationException($"No usage has the {column} of a usage record.");
    }

    private string Next(OrgState org, string column)
    {
        var samples = _samples[(org.Org.Id, column)];
        return samples[++_next % samples.Count];
    }

    /// <summary>The first row of an org from a number on.</summary>
    private void Sample(RawConnection connection, string org, long from)
    {
        using var row = connection.Prepare(
            "SELECT operation_id, correlation_id, trace_id, workflow_id, end_user FROM usage "
            + "WHERE seq >= ? AND attribution IN (SELECT no FROM attributions WHERE org = ?) ORDER BY seq LIMIT 1");
        row.Bind(1, from);
        row.Bind(2, org);
        if (!row.Step()) return;
        string[] columns = [UsageColumn.Operation, .. Ids.Select(id => id.Column)];
        for (var i = 0; i < columns.Length; i++)
        {
            if (!_samples.TryGetValue((org, columns[i]), out var samples)) _samples[(org, columns[i])] = samples = [];
            if (!row.IsNull(i)) samples.Add(row.Text(i));
        }
    }
}
