using Tieout.Core.Ledger;
using Tieout.Storage.Detaching;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Sqlite.Verification;

/// <summary>The tables of a file.</summary>
internal sealed class SqliteTables(RawConnection connection) : ILedgerTables
{
    public long FirstOpenHold => connection.ReadInt64("SELECT first_open_hold FROM checkpoint");

    public int Bucket => 0;

    public Detachment? Detached => DetachedTables.Newest(this);

    public string IdOfText(string column) => $"unhex(replace({column}, '-', ''))";

    public bool IsUsedElsewhere(Guid attempt) => false;

    /// <summary>Rows of one org often follow one another, so each stretch of rows is one look-up. To put all numbers into a statement costs twice as
    /// much.</summary>
    public void Usage(string columns, ReadOnlySpan<long> numbers, long recordedFrom, bool oldestFirst, Action<IRow> take)
    {
        using var rows = connection.Prepare($"SELECT {columns} FROM usage u WHERE u.seq >= ? AND u.seq <= ? ORDER BY u.seq {(oldestFirst ? "" : "DESC")}");
        for (var done = 0; done < numbers.Length;)
        {
            var length = oldestFirst ? Leading(numbers[done..]) : Trailing(numbers[..^done]);
            var stretch = oldestFirst ? numbers.Slice(done, length) : numbers[^(done + length)..^done];
            rows.Bind(1, stretch[0]);
            rows.Bind(2, stretch[^1]);
            while (rows.Step()) take(rows);
            rows.Reset();
            done += length;
        }
    }

    /// <summary>How many numbers at the beginning have at most one row between one and the next, which is read with them.</summary>
    private static int Leading(ReadOnlySpan<long> numbers)
    {
        var count = 1;
        while (count < numbers.Length && numbers[count] - numbers[count - 1] <= 2) count++;
        return count;
    }

    /// <summary>As <see cref="Leading"/>, at the end.</summary>
    private static int Trailing(ReadOnlySpan<long> numbers)
    {
        var count = 1;
        while (count < numbers.Length && numbers[^count] - numbers[^(count + 1)] <= 2) count++;
        return count;
    }

    public IRows Select(string sql, params ReadOnlySpan<long> values)
    {
        var statement = connection.Prepare(sql);
        for (var i = 0; i < values.Length; i++) statement.Bind(i + 1, values[i]);
        return statement;
    }
}
