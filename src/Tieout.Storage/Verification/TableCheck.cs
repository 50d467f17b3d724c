using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Verification;

/// <summary>The rows of one table, checked commit by commit.</summary>
internal abstract class TableCheck : IDisposable
{
    /// <summary>Adds the rows of a commit to its hash and checks each.</summary>
    /// <param name="last">The numbers that the commit ends at.</param>
    public abstract void Add(in Sequences last);

    /// <summary>Whatever comes after the last commit belongs to none.</summary>
    public abstract void NothingLeft();

    public abstract void Dispose();
}

/// <param name="then">Checks a row against others; null: the row is checked by its bytes alone.</param>
/// <param name="after">The number that the rows before end at.</param>
internal sealed class TableCheck<TTable, TRow>(RowStream<TTable, TRow> rows, Action<TRow>? then, Findings findings, long after) : TableCheck
    where TTable : struct, IChainedTable<TRow>
    where TRow : ChainedRow
{
    private long _last = after;

    /// <summary>Whether the rows have numbers of their own, without gaps.</summary>
    private static bool IsNumbered => TTable.Key is "seq" or "no";

    private static string Title => TTable.Last is null ? $"{TTable.Name} of commit" : IsNumbered ? TTable.Name : $"{TTable.Name}, {TTable.Key}";

    public override void Add(in Sequences last)
    {
        var to = TTable.LastIn(last);
        while (Next(to) is { Row: { } row } next)
        {
            if (IsNumbered)
            {
                Missing(_last + 1, TTable.Number(row) - 1);
                _last = TTable.Number(row);
            }

            findings.Checked("L8");
            if (!next.IsAsWritten) findings.Broken("L8", $"{TTable.Name} {TTable.Describe(row)} is not as it was written.");
            then?.Invoke(row);
        }

        rows.Hash();
        if (IsNumbered) EndAt(to);
    }

    public override void NothingLeft()
    {
        while (Next(long.MaxValue) is { Row: { } row }) findings.Broken("L8", $"{Title} {TTable.Number(row)} belongs to no commit.");
    }

    public override void Dispose() => rows.Dispose();

    /// <summary>Passes the next row up to a number; null: there is none.</summary>
    private ReadRow<TRow>? Next(long to)
    {
        while (rows.Peek() is { } next)
        {
            if (next.Row is { } row && TTable.Number(row) > to) return null;
            rows.Pass();
            if (next.Row is not null) return next;
            findings.Broken("L8", $"{Title} {next.Unreadable}");
        }

        return null;
    }

    private void EndAt(long last)
    {
        Missing(_last + 1, last);
        // The chain's own figure is under no hash: rows that an earlier commit took cannot lie beyond it.
        if (last < _last) findings.Broken("L8", $"chain says that a commit ends at {Title} {last}, but {_last} is part of an earlier one.");
        _last = Math.Max(_last, Math.Min(last, long.MaxValue - 1));
    }

    private void Missing(long from, long to)
    {
        if (from <= to) findings.Broken("L8", from == to ? $"{Title} {from} is missing." : $"{Title} {from} to {to} are missing.");
    }
}

/// <summary>Makes the check of each table.</summary>
/// <param name="hash">Of the commit that is checked.</param>
/// <param name="from">The numbers that the commits before end at.</param>
internal sealed class TableChecks(ILedgerTables tables, Standing standing, Findings findings, RowBytes hash, Sequences from) : IChainedTableVisitor<TableCheck>
{
    private readonly RowReads.Readers _readers = new(standing.Labels, standing.OrgOf);

    /// <summary>What more is checked of the rows of a type, each against others.</summary>
    private readonly Dictionary<Type, Delegate> _then = new()
    {
        [typeof(SettingRow)] = (SettingRow row) => standing.Add(row),
        [typeof(PriceRow)] = (PriceRow row) => standing.Add(row),
        [typeof(CommandRow)] = (CommandRow row) => standing.Add(row),
        [typeof(HoldRow)] = (HoldRow row) => standing.Add(row.Hold),
        [typeof(HoldEnd)] = (HoldEnd end) => standing.End(end),
        [typeof(UsageRow)] = (UsageRow row) => standing.Add(row),
        [typeof(PostingRow)] = (PostingRow row) => standing.Add(row.Posting),
        [typeof(FindingRow)] = (FindingRow row) => standing.Add(row),
    };

    public TableCheck Visit<TTable, TRow>()
        where TTable : struct, IChainedTable<TRow>
        where TRow : ChainedRow
    {
        var after = TTable.LastIn(from);
        var (rows, read) = StoredEnds.Of(typeof(TRow), standing, after) ?? (Ordered<TTable, TRow>(after), _readers.Of<TRow>());
        return new TableCheck<TTable, TRow>(
            new(tables.Pages(rows), (Func<IRow, TRow>)read, hash), (Action<TRow>?)_then.GetValueOrDefault(typeof(TRow)), findings, after);
    }

    private static OrderedRows Ordered<TTable, TRow>(long after)
        where TTable : struct, IChainedTable<TRow>
        where TRow : ChainedRow => new(TableColumns<TTable, TRow>.Names, TTable.Name, TTable.Key, after);
}
