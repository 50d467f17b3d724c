using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Verification;

/// <summary>The rows of one table, checked commit by commit.</summary>
internal abstract class TableCheck : IDisposable
{
    /// <summary>Adds the rows of a commit to its hash and checks each.</summary>
    /// <param name="last">The numbers that the commit ends at.</param>
    public abstract void Add(RowBytes bytes, in Sequences last);

    /// <inheritdoc cref="RowStream{T}.NothingLeft"/>
    public abstract void NothingLeft();

    public abstract void Dispose();
}

/// <param name="then">Checks a row against others; null: the row is checked by its bytes alone.</param>
internal sealed class TableCheck<TTable, TRow>(ILedgerTables tables, string sql, Func<IRow, TRow> read, Action<TRow>? then, Findings findings, long after)
    : TableCheck
    where TTable : struct, IChainedTable<TRow>
    where TRow : ChainedRow
{
    private readonly RowStream<TRow> _rows = new(tables, Title, sql, read, row => TTable.Number(row), findings, after);

    /// <summary>Whether the rows have numbers of their own, without gaps.</summary>
    private static bool IsNumbered => TTable.Key is "seq" or "no";

    private static string Title => TTable.Last is null ? $"{TTable.Name} of commit" : IsNumbered ? TTable.Name : $"{TTable.Name}, {TTable.Key}";

    public override void Add(RowBytes bytes, in Sequences last)
    {
        var to = TTable.LastIn(last);
        foreach (var row in IsNumbered ? _rows.AllUpTo(to) : _rows.UpTo(to))
        {
            findings.Checked("L8");
            if (bytes.Add<TTable, TRow>(row) != row.Crc) findings.Broken("L8", $"{TTable.Name} {TTable.Describe(row)} is not as it was written.");
            then?.Invoke(row);
        }
    }

    public override void NothingLeft() => _rows.NothingLeft();

    public override void Dispose() => _rows.Dispose();
}

/// <summary>Makes the check of each table.</summary>
/// <param name="from">The numbers that the commits before end at.</param>
internal sealed class TableChecks(ILedgerTables tables, Standing standing, Findings findings, Sequences from) : IChainedTableVisitor<TableCheck>
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
        var (sql, read) = StoredEnds.Of(typeof(TRow), standing, after) ?? (TableRows.Select<TTable, TRow>(after), _readers.Of<TRow>());
        return new TableCheck<TTable, TRow>(tables, sql, (Func<IRow, TRow>)read, (Action<TRow>?)_then.GetValueOrDefault(typeof(TRow)), findings, after);
    }
}
