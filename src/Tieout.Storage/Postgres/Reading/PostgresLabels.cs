using System.Collections.Concurrent;
using Npgsql;
using Tieout.Core.Metering;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Reading;

/// <summary>Labels that readers have met, of every bucket.</summary>
internal sealed class PostgresLabels
{
    private readonly ConcurrentDictionary<(int Bucket, int No), UsageLabels> _labels = new();
    private readonly ConcurrentDictionary<int, int> _loaded = new();

    public Func<int, UsageLabels> Of(int bucket) => no =>
        _labels.TryGetValue((bucket, no), out var known)
            ? known : throw new StoreCorruptException($"A row of bucket {bucket} names attribution {no}, which does not exist.");

    /// <summary>Every label of a bucket that this reader has not met yet. Before rows are read: one connection has one reader at a time.</summary>
    public async Task LoadAsync(NpgsqlConnection connection, int bucket)
    {
        var known = _loaded.GetValueOrDefault(bucket);
        foreach (var row in await new PgQuery($"SELECT {RowReads.LabelsColumns} FROM attributions").Where("bucket = ? AND no > ?", bucket, known)
            .Then("ORDER BY no").ListAsync(connection, RowReads.Labels))
        {
            _labels[(bucket, row.No)] = row.Labels;
            known = row.No;
        }

        _loaded.AddOrUpdate(bucket, known, (_, before) => Math.Max(before, known));
    }
}
