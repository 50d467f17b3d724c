using System.Runtime.CompilerServices;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Storage.Detaching;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Sqlite.Verification;
using Tieout.Storage.Writing;

namespace Tieout.Storage.Sqlite.Reading;

/// <summary>Postings from the file: rows, and sums over a range of time.</summary>
internal sealed class SqlitePostingsReader(ReadConnections connections, LedgerWriter writer) : IPostingsReader
{
    // What a posting adds to what an org was charged: a reversal takes it back. Kinds 4 and 5 are corrections.
    private const string Signed = "CASE p.kind WHEN 4 THEN -p.amount ELSE p.amount END";

    public async IAsyncEnumerable<Posting> PostingsAsync(
        string org, Instant from, Instant to, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (WithPostings(org) is not { } state) yield break;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var page = connections.Read(
                cancellationToken, connection => PostingsFrom(connection, state, from, to, after)
                .Then("ORDER BY p.seq LIMIT ?", ReadConnections.PageRows)
                .List(connection, s => RowReads.Posting(s, _ => org).Posting));
            foreach (var posting in page) yield return posting;
            if (page.Count < ReadConnections.PageRows) yield break;
            after = page[^1].Seq;
            await Task.Yield();
        }
    }

    public Task<RangeTotals> TotalsAsync(string org, Instant from, Instant to, CancellationToken cancellationToken) =>
        Task.FromResult(connections.Read(cancellationToken, connection =>
    {
        if (WithPostings(org) is not { } state) return new RangeTotals(Amount.Zero, Amount.Zero, 0, 0, null, null);
        DetachedGuard.Range(connection, org, from);
        var posted = PostingsIn(
                connection,
                $"SELECT total_of({Signed}), count(*), max(p.recorded_at), total_of(CASE WHEN p.kind > 3 AND p.posting_repair = 0 THEN {Signed} ELSE 0 END) FROM postings p", state, from, to)
            .Where(Standings.IsOfRevenue(state))
            .List(connection, s => (Sum: s.Amount(0), Count: s.Int64(1), At: s.Int64OrNull(2), Corrections: s.Amount(3)))[0];
        var used = new Query("SELECT total_of(u.charge), count(*), max(u.recorded_at) FROM usage u")
            .Where("u.seq > ?", ChainSearch.Before(connection, from).Usage)
            .Where("u.effective_at >= ? AND u.effective_at < ?", from.UnixMicros, to.UnixMicros)
            .Where("u.attribution IN (SELECT no FROM attributions WHERE org = ?)", org)
            .List(connection, s => (Sum: s.Amount(0), Count: s.Int64(1), At: s.Int64OrNull(2)))[0];
        return new RangeTotals(posted.Sum, used.Sum + posted.Corrections, posted.Count, used.Count, Time(posted.At), Time(used.At));
    }));

    private static Query PostingsFrom(RawConnection connection, OrgState org, Instant from, Instant to, long after)
    {
        if (new SqliteTables(connection).Detached is not { } detached || after < detached.Last.Posting) DetachedGuard.Range(connection, org.Org.Id, from);
        return PostingsIn(connection, $"SELECT {RowReads.PostingColumns} FROM postings p", org, from, to, after);
    }

    private static Query PostingsIn(RawConnection connection, string select, OrgState org, Instant from, Instant to, long after = 0) => new Query(select)
        .Where("p.seq > ?", Math.Max(after, ChainSearch.Before(connection, from).Posting))
        .Where("p.effective_at >= ? AND p.effective_at < ?", from.UnixMicros, to.UnixMicros)
        .Where("p.debit BETWEEN ? AND ?", org.FirstAccount, org.FirstAccount + OrgState.AccountKinds - 1);

    /// <summary>The org, if it has postings. Rows of all orgs lie together: without this, an org that has none would read everybody's to find that
    /// out.</summary>
    private OrgState? WithPostings(string org) =>
        writer.Pipeline.Read(image => image.Org(org) is { } state && image.Account(state, AccountKind.Customer).Version > 0 ? state : null);

    private static Instant? Time(long? micros) => micros is { } value ? new Instant(value) : null;
}
