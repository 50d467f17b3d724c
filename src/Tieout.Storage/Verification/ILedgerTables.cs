using Tieout.Core.Ledger;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Verification;

/// <summary>The tables of one chain as <c>verify</c> goes through them: those of a file, or one bucket's part of a database.</summary>
/// <remarks>Both are asked in the same SQL, so that both are verified in the same way.</remarks>
internal interface ILedgerTables
{
    /// <param name="sql">With a <c>?</c> for each of <paramref name="values"/>.</param>
    IRows Select(string sql, params ReadOnlySpan<long> values);

    /// <summary>The rows of a table, read once, a page at a time.</summary>
    IRowPages Pages(OrderedRows rows) => new OpenPages(Select(rows.Sql));

    /// <summary>The rows of a table, read once, one after another.</summary>
    IRows Rows(OrderedRows rows) => Select(rows.Sql);

    /// <summary>Usage rows by their numbers, in one statement.</summary>
    /// <param name="columns">What is selected of <c>usage u</c>.</param>
    /// <param name="numbers">Ascending, each once, one or more.</param>
    /// <param name="recordedFrom">In microseconds. No row that is asked for was recorded before.</param>
    /// <param name="take">Called for each row, in the order that is asked for. Rows between those that are asked for may come, too.</param>
    void Usage(string columns, ReadOnlySpan<long> numbers, long recordedFrom, bool oldestFirst, Action<IRow> take)
    {
        // Where at least one row in three is asked for, reading all costs less than looking for each.
        var isDense = numbers[^1] - numbers[0] < 3L * numbers.Length;
        var which = isDense ? "" : $"u.seq IN ({string.Join(',', numbers.ToArray())}) AND ";
        using var rows = Select(
            $"SELECT {columns} FROM usage u WHERE {which}u.seq >= ? AND u.seq <= ? AND u.recorded_at >= ? ORDER BY u.seq {(oldestFirst ? "" : "DESC")}",
            numbers[0], numbers[^1], recordedFrom);
        while (rows.Step()) take(rows);
    }

    /// <summary>No hold before this one is open at the checkpoint.</summary>
    long FirstOpenHold { get; }

    /// <summary>Which of the store's books the tables are: 0 where there is but one.</summary>
    int Bucket { get; }

    /// <summary>Rows that an archive has in the ledger's place; null: none.</summary>
    Detachment? Detached => null;

    /// <summary>SQL that turns an id kept as text into one as ids of usage are kept; it is NULL where the text is no such id.</summary>
    string IdOfText(string column);

    /// <summary>Whether usage of the attempt lies in the store, but in tables that are not shown here.</summary>
    bool IsUsedElsewhere(Guid attempt);
}
