using Npgsql;
using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Storage.Detaching;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Writing;

/// <summary>What the windows of a new budget already count: charges of before it was set (B2). In the transaction that sets it.</summary>
internal static class Backfill
{
    public static async Task<IReadOnlyList<BudgetWindow>> WindowsAsync(NpgsqlConnection connection, int bucket, Book book, WriteSet writes)
    {
        foreach (var row in writes.Settings)
        {
            if (row.Kind != SettingKind.Budget || book.Budgets.Find(row.Name) is not null) continue;
            var budget = Budget.Parse(row.Body);
            var state = new BudgetState(book.Last.Budget + 1, budget, TimeZoneInfo.FindSystemTimeZoneById(budget.TimeZone), row.RecordedAt, row.AfterHold);
            return await WindowsAsync(connection, bucket, book, state, row.RecordedAt);
        }

        return [];
    }

    private static Task<IReadOnlyList<BudgetWindow>> WindowsAsync(NpgsqlConnection connection, int bucket, Book book, BudgetState budget, Instant now) =>
        WindowsAsync(connection, bucket, book.Org(budget.Budget.Scope.Org)!, [budget], now);

    /// <summary>The windows of an org's budgets from those on that contain <paramref name="at"/>, counted from the postings.</summary>
    public static async Task<IReadOnlyList<BudgetWindow>> WindowsAsync(
        NpgsqlConnection connection, int bucket, OrgState org, IReadOnlyList<BudgetState> budgets, Instant at)
    {
        if (budgets.Count == 0) return [];
        var count = new WindowCount(budgets);
        var from = budgets.Min(budget => budget.WindowAt(at).Start);
        var detached = await PostgresDetachedGuard.NewestAsync(connection, bucket) is { } gone && from <= gone.RecordedAt ? gone : null;
        if (detached is not null) await BeginAsync(connection, bucket, detached.Last.Commit, budgets, at, count);
        await using var batch = new NpgsqlBatch(connection);
        batch.Add($"SELECT {RowReads.LabelsColumns} FROM attributions WHERE bucket = $1 AND org = $2", bucket, org.Org.Id);
        batch.Add(
            $"""
            SELECT p.kind, p.amount, p.effective_at, u.attribution, u.end_user FROM postings p JOIN usage u ON {UsageMonths.OfPostingsSince("$2", "$1")}
            WHERE p.bucket = $1 AND p.debit BETWEEN $3 AND $4 AND p.seq > $5
              AND p.seq > coalesce((SELECT last_posting FROM chain WHERE bucket = $1 AND recorded_at < $2 ORDER BY recorded_at DESC, commit_no DESC LIMIT 1), 0)
            """,
            bucket, from.UnixMicros, org.FirstAccount, org.FirstAccount + OrgState.AccountKinds - 1, detached?.Last.Posting ?? 0);
        await using var reader = await batch.ExecuteReaderAsync();
        var labels = (await reader.ListAsync(RowReads.Labels)).ToDictionary(row => row.No, row => row.Labels);
        IRow row = new ReadRow(reader);
        while (await reader.ReadAsync())
        {
            count.Add((PostingKind)row.Int64(0), row.Amount(1), RowReads.Time(row, 2), labels[RowReads.Int32(row, 3)], row.TextOrNull(4));
        }

        return count.Windows;
    }

    /// <summary>Windows that began in detached months begin with what they held when the rows went.</summary>
    private static async Task BeginAsync(
        NpgsqlConnection connection, int bucket, long cut, IReadOnlyList<BudgetState> budgets, Instant at, WindowCount count)
    {
        await using var batch = new NpgsqlBatch(connection);
        foreach (var budget in budgets)
        {
            batch.Add($"SELECT {RowReads.WindowColumns} FROM detached_windows WHERE bucket = $1 AND cut = $2 AND budget = $3 AND end_at > $4",
                bucket, cut, budget.No, budget.WindowAt(at).Start.UnixMicros);
        }

        await using var reader = await batch.ExecuteReaderAsync();
        foreach (var _ in budgets)
        {
            foreach (var window in await reader.ListAsync(RowReads.Window)) count.Begin(window);
        }
    }
}
