using Tieout.Core.Money;

namespace Tieout.Core.Ledger.Tables;

/// <summary>Collects the figures of a cell behind its key, as the table is declared: names and values.</summary>
internal readonly struct CellFigureList() : IColumns
{
    private readonly List<(string Name, Int128 Value)> _columns = new(CellsTable.KeyColumns + 9);

    public static string[] Names { get; } = [.. Of(CellsTable.Blank)._columns.Skip(CellsTable.KeyColumns).Select(column => column.Name)];

    public static Int128[] Values(CellChange cell)
    {
        var columns = Of(cell)._columns;
        var values = new Int128[columns.Count - CellsTable.KeyColumns];
        for (var i = 0; i < values.Length; i++) values[i] = columns[i + CellsTable.KeyColumns].Value;
        return values;
    }

    public void Long(string name, long value) => _columns.Add((name, value));

    public void Int(string name, int value) => _columns.Add((name, value));

    public void Sum(string name, Int128 value) => _columns.Add((name, value));

    public void Nanos(string name, Amount value) => throw NoFigure(name);

    public void OptionalInt(string name, int? value) => throw NoFigure(name);

    public void Text(string name, string value) => throw NoFigure(name);

    public void OptionalText(string name, string? value) => throw NoFigure(name);

    public void Id(string name, Guid value) => throw NoFigure(name);

    public void OptionalId(string name, Guid? value) => throw NoFigure(name);

    public void Bytes(string name, byte[] value) => throw NoFigure(name);

    public void Implied(string value) => throw NoFigure(value);

    public void Crc(uint value) => throw NoFigure("crc");

    public void Commit(long value) => throw NoFigure("commit_no");

    private static CellFigureList Of(CellChange cell)
    {
        var list = new CellFigureList();
        CellsTable.Write(ref list, cell);
        return list;
    }

    private static NotSupportedException NoFigure(string name) => new($"Cells have numbers only, and {name} is none.");
}
