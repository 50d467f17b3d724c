using System.Runtime.ExceptionServices;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Verification;

/// <summary>Goes through the whole ledger once, commit by commit: every row's CRC, every commit's hash (L8), and all else that rows must agree on.</summary>
/// <remarks>Memory stays flat: some blocks of rows a table, and what is recomputed (accounts, windows, cells).</remarks>
internal sealed class ChainCheck : IDisposable
{
    private const int PageCommits = 1_024;

    private readonly Findings _findings;
    private readonly RowBytes _bytes = new();
    private readonly IRowPages _chain;
    private readonly TableCheck[] _tables;
    private readonly Standing _standing;
    private readonly ChainRow? _after;

    /// <param name="after">Begins after this commit, which was checked before; null: at the first.</param>
    public ChainCheck(ILedgerTables tables, Standing standing, Findings findings, ChainRow? after = null)
    {
        _findings = findings;
        _standing = standing;
        _after = after;
        _chain = tables.Pages(new(RowReads.ChainColumns, ChainTable.Name, "commit_no", after?.Commit ?? 0));
        _tables = ChainedTables.Each(new TableChecks(tables, standing, findings, _bytes, after?.Last ?? default));
    }

    /// <param name="committed">Called after each commit.</param>
    public void Run(Action<ChainRow> committed)
    {
        var previous = _after?.Hash ?? new byte[32];
        var last = _after?.Commit ?? 0L;
        foreach (var commit in Commits())
        {
            if (commit.Commit != last + 1) _findings.Broken("L8", $"chain {last + 1} is missing.");
            last = commit.Commit;
            var hash = Link(previous, commit);
            _findings.Check(
                "L8", hash.AsSpan().SequenceEqual(commit.Hash), $"chain {commit.Commit}: its hash is not that of its rows (recorded {commit.RecordedAt}).");
            _findings.Check(
                "L8", (commit.Last.Account, commit.Last.Budget) == _standing.Numbers,
                $"chain {commit.Commit} says that accounts end at {commit.Last.Account} and budgets at {commit.Last.Budget}; by its settings they end at {_standing.Numbers}.");
            previous = commit.Hash;
            _standing.EndCommit();
            committed(commit);
        }

        foreach (var table in _tables) table.NothingLeft();
    }

    public void Dispose()
    {
        _chain.Dispose();
        foreach (var table in _tables) table.Dispose();
        _bytes.Dispose();
    }

    /// <summary>The links as they are stored, without the hash before each.</summary>
    private IEnumerable<ChainRow> Commits()
    {
        var page = new List<ChainRow>(PageCommits);
        ExceptionDispatchInfo? failure = null;
        for (var hasMore = true; hasMore;)
        {
            page.Clear();
            try
            {
                hasMore = _chain.Next(row =>
                {
                    page.Add(RowReads.Chain(row, []));
                    return page.Count < PageCommits;
                });
            }
            catch (Exception unreadable)
            {
                (failure, hasMore) = (ExceptionDispatchInfo.Capture(unreadable), false);
            }

            foreach (var commit in page) yield return commit;
            failure?.Throw();
        }
    }

    /// <summary>The hash of the commit's rows as they are now.</summary>
    private byte[] Link(byte[] previous, ChainRow commit)
    {
        _bytes.Begin(previous, commit.Commit, commit.RecordedAt);
        foreach (var table in _tables) table.Add(commit.Last);
        return _bytes.End();
    }
}
