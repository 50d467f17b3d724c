using System.Runtime.CompilerServices;
using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Storage.Detaching;
using Tieout.Storage.Sqlite.Follower;
using Tieout.Storage.Sqlite.Reading;
using Tieout.Storage.Writing;

namespace Tieout.Storage.Sqlite;

/// <summary>The embedded ledger: a folder with one SQLite file, opened by one process.</summary>
public sealed class SqliteLedger : ILedger
{
    private readonly LedgerWriter _writer;
    private readonly TimeProvider _clock;
    private readonly ReadConnections _connections;
    private readonly SqliteFindingsReader _findings;
    private readonly SqliteDeliveries _deliveries;
    private readonly SideConnection _side;
    private readonly SqliteFollower _follower;

    private SqliteLedger(SqliteLedgerStore store, TimeProvider clock, int batchMax)
    {
        (Store, _clock) = (store, clock);
        _writer = new(store, clock, batchMax);
        _connections = new(store.Database);
        var derived = new DerivedStore(store.Folder);
        var orgs = new SqliteOrgs(_writer);
        _findings = new(_connections, _writer, orgs);
        var usage = new SqliteUsageReader(_connections, _writer, derived, orgs);
        Read = new LedgerReader
        {
            Position = new SqlitePosition(_writer),
            AllOrgs = orgs,
            Usage = usage,
            Prices = new SqlitePricesReader(_connections, _writer),
            BudgetsReader = new SqliteBudgetsReader(_connections, _writer),
            Balances = new SqliteBalances(_connections, _writer),
            Postings = new SqlitePostingsReader(_connections, _writer),
            Chain = new SqliteChainReader(_connections),
            Records = new SqliteRecordsReader(_connections),
            Attempts = new SqliteAttemptsReader(_connections, usage),
            Objects = new SqliteObjectsReader(_connections),
            Findings = _findings,
            Recounts = new SqliteRecountReader(_connections, derived),
            RowIndex = new SqliteRowIndexReader(_connections, derived),
            Sketches = new SqliteSketchReader(_connections, derived),
            ToolCalls = new SqliteToolCallsReader(_connections, derived),
            Lineages = new SqliteLineageReader(_connections),
        };
        _follower = new(_connections, derived);
        _deliveries = new(store.Database, clock);
        _side = new(store.Database);
        (RefusedRequests, KeyUses) = (new SqliteRefusedRequests(_side), new SqliteKeyUses(_side));
    }

    public LedgerHealth Health => _writer.Health;

    public ILedgerReader Read { get; }

    public IDeliveries Deliveries => _deliveries;

    public IRefusedRequests RefusedRequests { get; }

    public IKeyUses KeyUses { get; }

    public IFollower Follower => _follower;

    internal SqliteLedgerStore Store { get; }

    /// <summary>When nothing is under way: what decisions are made on.</summary>
    internal Book? Book => _writer.Pipeline.Book;

    /// <summary>For tests, when nothing is under way: attempts that the book holds.</summary>
    internal int AttemptsInMemory => _writer.Pipeline.Book?.Attempts.Count ?? 0;

    /// <summary>For tests, when nothing is under way: the chain's last hash, in hexadecimal.</summary>
    internal string ChainHash => Convert.ToHexString(_writer.Pipeline.Book?.ChainHash ?? []);

    /// <summary>Opens the ledger in a folder, making both if they are not there, and takes the folder for this process.</summary>
    /// <exception cref="DataFolderInUseException">Another process has it.</exception>
    /// <exception cref="StoreUnavailableException">It cannot be opened or written, or a newer program has written there.</exception>
    /// <exception cref="StoreCorruptException">The file is damaged; <c>tieout verify</c> says where.</exception>
    public static SqliteLedger Open(string folder, TimeProvider? clock = null) => Open(folder, LedgerWriter.BatchMax, clock);

    /// <summary>As <see cref="Open(string, TimeProvider?)"/>, with smaller commits: for measuring.</summary>
    internal static SqliteLedger Open(string folder, int batchMax, TimeProvider? clock = null)
    {
        var store = SqliteLedgerStore.Open(folder);
        try
        {
            return new(store, clock ?? TimeProvider.System, batchMax);
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<Outcome> SubmitAsync(Command command, CancellationToken cancellationToken = default) =>
        (await _writer.SubmitAsync([command], cancellationToken))[0];

    public ValueTask<IReadOnlyList<Outcome>> SubmitAsync(IReadOnlyList<Command> commands, CancellationToken cancellationToken = default) =>
        new(_writer.SubmitAsync(commands, cancellationToken));

    public Task RepairAsync(IReadOnlyList<FigureDrift> drifts) => _writer.RepairAsync(drifts);

    public Task<DetachReport> DetachAsync(DetachOrder order, IProgress<RowProgress>? progress, CancellationToken cancellationToken) =>
        LedgerDetachment.RunAsync(this, order, _clock, new RemovalPace(IsShared: true), progress, cancellationToken);

    public void Limit(LedgerLimits limits)
    {
        Store.Limits = limits;
        if (Book is { } book) book.Limits = limits;
    }

    /// <summary>When this is done, the file's tables of accounts, windows and cells hold everything that was durable before.</summary>
    public Task FlushAsync() => _writer.FlushAsync();

    /// <summary>Commits what waits, then closes the file and gives the folder back.</summary>
    public async ValueTask DisposeAsync()
    {
        _deliveries.Dispose();
        _side.Dispose();
        await _writer.DisposeAsync();
        _findings.Dispose();
        _follower.Dispose();
        _connections.Dispose();
    }
}
