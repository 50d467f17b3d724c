using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Sqlite.Verification;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Sqlite;

/// <summary>What a new budget's window holds from its beginning on: the charges in its scope and time that were posted before it was set.</summary>
internal static class Backfilling
{
    public static IReadOnlyList<BudgetWindow> Windows(RawConnection connection, Book book, BudgetState budget, Instant now) =>
        Windows(connection, book.Org(budget.Budget.Scope.Org)!, [budget], now);

    /// <summary>The windows of an org's budgets from those on that contain <paramref name="at"/>, counted from the postings.</summary>
    public static IReadOnlyList<BudgetWindow> Windows(RawConnection connection, OrgState org, IReadOnlyList<BudgetState> budgets, Instant at)
    {
        if (budgets.Count == 0) return [];
        var labels = LabelsOf(connection, org.Org.Id);
        var count = new WindowCount(budgets);
        var from = budgets.Min(budget => budget.WindowAt(at).Start);
        var after = ChainSearch.Before(connection, from).Posting;
        if (new SqliteTables(connection).Detached is { } detached && from <= detached.RecordedAt)
        {
            after = Math.Max(after, detached.Last.Posting);
            Begin(connection, detached.Last.Commit, budgets, at, count);
        }

        using var s = connection.Prepare("""
            SELECT p.kind, p.amount, p.effective_at, u.attribution, u.end_user FROM postings p JOIN usage u ON u.seq = p.usage_seq
            WHERE p.seq > ? AND p.debit BETWEEN ? AND ?
            """);
        s.Bind(1, after);
        s.Bind(2, org.FirstAccount);
        s.Bind(3, org.FirstAccount + OrgState.AccountKinds - 1);
        while (s.Step()) count.Add((PostingKind)s.Int64(0), s.Amount(1), RowReads.Time(s, 2), labels[RowReads.Int32(s, 3)], s.TextOrNull(4));
        return count.Windows;
    }

    /// <summary>Windows that began in detached months begin with what they held when the rows went.</summary>
    private static void Begin(RawConnection connection, long cut, IReadOnlyList<BudgetState> budgets, Instant at, WindowCount count)
    {
        using var s = connection.Prepare($"SELECT {RowReads.WindowColumns} FROM detached_windows WHERE cut = ? AND budget = ? AND end_at > ?");
        foreach (var budget in budgets)
        {
            s.Bind(1, cut);
            s.Bind(2, budget.No);
            s.Bind(3, budget.WindowAt(at).Start.UnixMicros);
            while (s.Step()) count.Begin(RowReads.Window(s));
            s.Reset();
        }
    }

    private static Dictionary<int, UsageLabels> LabelsOf(RawConnection connection, string org)
    {
        var labels = new Dictionary<int, UsageLabels>();
        using var s = connection.Prepare($"SELECT {RowReads.LabelsColumns} FROM attributions WHERE org = ?");
        s.Bind(1, org);
        while (s.Step())
        {
            var row = RowReads.Labels(s);
            labels[row.No] = row.Labels;
        }

        return labels;
    }
}

/// <summary>Finds where in the tables a time begins. Commits never go back in time, so halving finds it.</summary>
internal static class ChainSearch
{
    /// <inheritdoc cref="Chain.Before"/>
    public static (long Usage, long Posting) Before(RawConnection connection, Instant time) => Chain.Before(new SqliteTables(connection), time);

    /// <summary>A commit's link; that before the first commit is empty.</summary>
    public static ChainRow Commit(RawConnection connection, long commit)
    {
        if (commit == 0) return new(0, [], [], Instant.UnixEpoch, default);
        using var s = connection.Prepare($"SELECT {RowReads.ChainColumns} FROM chain WHERE commit_no = ?");
        s.Bind(1, commit);
        return s.Step() ? RowReads.Chain(s, []) : throw new StoreCorruptException($"Commit {commit} is missing from the chain.");
    }

    /// <summary>The commit that a row became durable in.</summary>
    /// <param name="last">The column of the chain that says where its table ended.</param>
    /// <exception cref="ArgumentOutOfRangeException">No commit has it yet.</exception>
    public static ChainRow CommitOf(RawConnection connection, string last, long seq)
    {
        using var s = connection.Prepare($"SELECT {last} FROM chain WHERE commit_no = ?");
        var end = connection.ReadInt64("SELECT coalesce(max(commit_no), 0) FROM chain");
        var (low, high) = (1L, end);
        while (low <= high)
        {
            var middle = low + (high - low) / 2;
            s.Bind(1, middle);
            if (!s.Step()) throw new StoreCorruptException($"Commit {middle} is missing from the chain.");
            if (s.Int64(0) >= seq) high = middle - 1;
            else low = middle + 1;
            s.Reset();
        }

        return low <= end
            ? Commit(connection, low) : throw new ArgumentOutOfRangeException(nameof(seq), seq, $"No commit has this {last["last_".Length..]} yet.");
    }
}
