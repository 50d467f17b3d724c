using Tieout.Storage;
using Tieout.Storage.Sqlite;

namespace Tieout.Bench.Ledger;

/// <summary>What is measured, and what it is measured against.</summary>
internal abstract class BenchStore : IAsyncDisposable
{
    /// <summary>One ledger, open once or several times.</summary>
    public abstract IReadOnlyList<ILedger> Nodes { get; }

    /// <summary>Lists handed in before the first is awaited.</summary>
    public abstract int Outstanding { get; }

    /// <summary>Which orgs can be in one commit: those of the same number.</summary>
    public abstract int BucketOf(string org);

    /// <summary>Writes again what the ledger has written since the last time, without rules. Reading it is not timed.</summary>
    /// <returns>Charges (or holds, where there are none) and the time their insertion took, in ticks.</returns>
    public abstract Task<(long Charges, long Ticks)> LimitAsync(int batch);

    public abstract ValueTask DisposeAsync();
}

/// <summary>The embedded store against a plain loop on the same disk.</summary>
internal sealed class SqliteBench : BenchStore
{
    private readonly SqliteLedger _ledger;
    private readonly PlainLoop _limit;

    private SqliteBench(LedgerBenchOptions options)
    {
        _ledger = SqliteLedger.Open(Path.Combine(options.Folder, "ledger"), options.BatchMax);
        _limit = new(Path.Combine(options.Folder, "limit.db"), _ledger.Store.Database);
    }

    public override IReadOnlyList<ILedger> Nodes => [_ledger];

    /// <summary>One commits, one is decided, one waits.</summary>
    public override int Outstanding => 3;

    public static SqliteBench Open(LedgerBenchOptions options) => new(options);

    public override int BucketOf(string org) => 0;

    public override Task<(long Charges, long Ticks)> LimitAsync(int batch) => Task.FromResult(_limit.Run(batch));

    public override async ValueTask DisposeAsync()
    {
        _limit.Dispose();
        await _ledger.DisposeAsync();
    }
}
