using Tieout.Core.Ledger.Tables;
using Tieout.Core.Money;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Native;

namespace Tieout.Storage.Sqlite.Rows;

/// <summary>Writes rows of one table, each column as the table's declaration says.</summary>
/// <param name="then">What comes after the values, for tables whose rows are added to.</param>
/// <param name="insert">The verb: other than INSERT for tables whose rows are replaced.</param>
internal sealed class RowInsert<TTable, TRow>(RawConnection connection, string then = "", string insert = "INSERT") : IDisposable
    where TTable : struct, ITable<TRow>
{
    private readonly RawStatement _statement = connection.Prepare(
        $"{insert} INTO {TTable.Name} ({TableColumns<TTable, TRow>.Names}) VALUES ({string.Join(", ", TableColumns<TTable, TRow>.All.Select(_ => "?"))}) {then}".TrimEnd());

    public void Write(TRow row)
    {
        var bound = new BoundColumns(_statement);
        TTable.Write(ref bound, row);
        _statement.Run();
    }

    public void Write(IReadOnlyList<TRow> rows)
    {
        for (var i = 0; i < rows.Count; i++) Write(rows[i]);
    }

    public void Dispose() => _statement.Dispose();
}

/// <summary>Binds the columns of a row to a statement, from its first value on.</summary>
internal struct BoundColumns(RawStatement statement) : IColumns
{
    private int _index;

    public void Long(string name, long value) => statement.Bind(++_index, value);

    public void Int(string name, int value) => statement.Bind(++_index, (long)value);

    public void OptionalInt(string name, int? value) => statement.Bind(++_index, (long?)value);

    public void Nanos(string name, Amount value) => statement.Bind(++_index, value);

    public void Sum(string name, Int128 value) => statement.Bind(++_index, value);

    public void Text(string name, string value) => statement.Bind(++_index, value);

    public void OptionalText(string name, string? value) => statement.Bind(++_index, value);

    public void Id(string name, Guid value) => statement.BindBlob(++_index, value);

    public void OptionalId(string name, Guid? value)
    {
        if (value is { } id) statement.BindBlob(++_index, id);
        else statement.BindNull(++_index);
    }

    public void Bytes(string name, byte[] value) => statement.BindBlob(++_index, value);

    public readonly void Implied(string value)
    {
        // No column.
    }

    public void Crc(uint value) => statement.Bind(++_index, (long)value);

    public void Commit(long value) => statement.Bind(++_index, value);
}
