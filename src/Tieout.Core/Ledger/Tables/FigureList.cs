using Tieout.Core.Money;

namespace Tieout.Core.Ledger.Tables;

/// <summary>The figures of a row of sums behind its key, in the order of the table's declaration.</summary>
public static class FigureList<TTable, TRow>
    where TTable : struct, IAddedTable<TRow>
{
    /// <summary>The columns of the figures.</summary>
    public static string[] Names { get; } = [.. Of(TTable.Blank).Select(column => column.Name)];

    /// <summary>Amounts in nano-units.</summary>
    public static Int128[] Values(TRow row)
    {
        var columns = All(row);
        var values = new Int128[columns.Count - TTable.KeyColumns];
        for (var i = 0; i < values.Length; i++) values[i] = columns[i + TTable.KeyColumns].Value;
        return values;
    }

    /// <summary>More than any table of sums has.</summary>
    private const int Columns = 24;

    private static IEnumerable<(string Name, Int128 Value)> Of(TRow row) => All(row).Skip(TTable.KeyColumns);

    private static List<(string Name, Int128 Value)> All(TRow row)
    {
        var numbers = new Numbers(new(Columns));
        TTable.Write(ref numbers, row);
        return numbers.Columns;
    }

    private readonly struct Numbers(List<(string Name, Int128 Value)> columns) : IColumns
    {
        public List<(string Name, Int128 Value)> Columns => columns;

        public void Long(string name, long value) => columns.Add((name, value));

        public void Int(string name, int value) => columns.Add((name, value));

        public void Sum(string name, Int128 value) => columns.Add((name, value));

        public void Nanos(string name, Amount value) => throw NoNumber(name);

        public void OptionalInt(string name, int? value) => throw NoNumber(name);

        // A text may be a part of the key, and is no figure.
        public void Text(string name, string value)
        {
            if (columns.Count >= TTable.KeyColumns) throw NoNumber(name);
            columns.Add((name, 0));
        }

        public void OptionalText(string name, string? value) => throw NoNumber(name);

        public void Id(string name, Guid value) => throw NoNumber(name);

        public void OptionalId(string name, Guid? value) => throw NoNumber(name);

        public void Bytes(string name, byte[] value) => throw NoNumber(name);

        public void Implied(string value) => throw NoNumber(value);

        public void Crc(uint value) => throw NoNumber("crc");

        public void Commit(long value) => throw NoNumber("commit_no");

        private static NotSupportedException NoNumber(string name) => new($"{TTable.Name} has numbers only behind its key, and {name} is none.");
    }
}
