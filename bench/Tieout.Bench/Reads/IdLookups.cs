using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Storage;

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

    private IdLookups(ILedgerReader read) => _read = read;

    /// <summary>Samples of each org, from all over the time that the store has usage of.</summary>
    public static async Task<IdLookups> SampleAsync(ILedgerReader read, CancellationToken cancellationToken)
    {
        var (lookups, random) = (new IdLookups(read), new Random(1));
        foreach (var org in read.Orgs)
        {
            var all = new UsageFilter(org.Org.Id, Instant.UnixEpoch, Instant.EndOfTime);
            var first = (await read.PageAsync(new(org, all, OldestFirst: true, After: null, Rows: 1), cancellationToken))[0].EffectiveAt;
            var last = (await read.PageAsync(new(org, all, OldestFirst: false, After: null, Rows: 1), cancellationToken))[0].EffectiveAt;
            for (var sample = 0; sample < SamplesEach; sample++)
            {
                var from = new Instant(random.NextInt64(first.UnixMicros, last.UnixMicros + 1));
                var page = await read.PageAsync(new(org, all with { From = from }, OldestFirst: true, After: null, Rows: 1), cancellationToken);
                lookups.Add(org.Org.Id, page[0].Usage.Usage);
            }
        }

        return lookups;
    }

    public IEnumerable<(string Name, Func<OrgState, CancellationToken, Task> Read)> Figures()
    {
        yield return ("operation, with its holds", (org, token) => _read.OperationAsync(org.Org.Id, Next(org, UsageColumn.Operation), token));
        foreach (var (name, column) in Ids) yield return (name, (org, token) => FirstRowsAsync(org, column, token));
    }

    private async Task FirstRowsAsync(OrgState org, string column, CancellationToken cancellationToken)
    {
        var (rows, filter) = (0, new UsageFilter(org.Org.Id, Instant.UnixEpoch, Instant.EndOfTime).Where(column, Next(org, column)));
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

    private void Add(string org, UsageRecord usage)
    {
        (string Column, string? Id)[] ids =
        [
            (UsageColumn.Operation, usage.OperationId), (UsageColumn.Correlation, usage.CorrelationId), ("trace", usage.TraceId),
            ("workflow", usage.WorkflowId), ("user", usage.EndUser),
        ];
        foreach (var (column, id) in ids)
        {
            if (!_samples.TryGetValue((org, column), out var samples)) _samples[(org, column)] = samples = [];
            if (id is not null) samples.Add(id);
        }
    }
}
