using Tieout.Storage.Rows;

namespace Tieout.Storage.Verification;

/// <summary>The rows of one table in their order, one in memory at a time, handed out commit by commit.</summary>
/// <param name="number">The number a row bears among all of its table.</param>
/// <param name="after">The number that the rows before end at.</param>
internal sealed class RowStream<T>(ILedgerTables tables, string table, string sql, Func<IRow, T> read, Func<T, long> number, Findings findings, long after = 0)
    : IDisposable
    where T : class
{
    private readonly IRows _rows = tables.Select(sql);
    private bool _done;
    private T? _next;
    private long _last = after;

    /// <summary>The rows up to and including number <paramref name="last"/>.</summary>
    public IEnumerable<T> UpTo(long last)
    {
        while (Peek() is { } row && number(row) <= last)
        {
            _next = null;
            yield return row;
        }
    }

    /// <summary>As <see cref="UpTo"/>, and says which numbers are missing.</summary>
    public IEnumerable<T> AllUpTo(long last)
    {
        foreach (var row in UpTo(last))
        {
            Missing(_last + 1, number(row) - 1);
            _last = number(row);
            yield return row;
        }

        Missing(_last + 1, last);
        // The chain's own figure is under no hash: rows that an earlier commit took cannot lie beyond it.
        if (last < _last) findings.Broken("L8", $"chain says that a commit ends at {table} {last}, but {_last} is part of an earlier one.");
        _last = Math.Max(_last, Math.Min(last, long.MaxValue - 1));
    }

    /// <summary>Whatever comes after the last commit belongs to none.</summary>
    public void NothingLeft()
    {
        foreach (var row in UpTo(long.MaxValue)) findings.Broken("L8", $"{table} {number(row)} belongs to no commit.");
    }

    public void Dispose() => _rows.Dispose();

    private void Missing(long from, long to)
    {
        if (from <= to) findings.Broken("L8", from == to ? $"{table} {from} is missing." : $"{table} {from} to {to} are missing.");
    }

    private T? Peek()
    {
        while (_next is null && !_done)
        {
            if (!_rows.Step())
            {
                _done = true;
                break;
            }

            try
            {
                _next = read(_rows);
            }
            catch (Exception unreadable) when (unreadable is StoreCorruptException || UnreadableRows.Caused(unreadable))
            {
                findings.Broken("L8", $"{table} {_rows.Int64(0)} cannot be read: {unreadable.Message}");
            }
        }

        return _next;
    }
}
