using Tieout.Core.Money;

namespace Tieout.Core.Ledger.Tables;

/// <summary>Takes the columns of a stored row, one after another, in the order of the table, and makes of them what it is for: canonical bytes, a bound
/// statement, a COPY, a list of names.</summary>
/// <remarks>Implemented by structs and called through a type parameter: so a column costs what writing its value costs, and the name of a column costs nothing
/// where nobody reads it.</remarks>
public interface IColumns
{
    /// <summary>A whole number of 64 bits: a number of a row, a count, a time in microseconds.</summary>
    void Long(string name, long value);

    /// <summary>A whole number of 32 bits: a kind, a state, a number of labels, yes (1) or no (0).</summary>
    void Int(string name, int value);

    void OptionalInt(string name, int? value);

    /// <summary>The amount of one row, in whole nano-units of 64 bits.</summary>
    void Nanos(string name, Amount value);

    /// <summary>A sum over rows, of up to 128 bits.</summary>
    void Sum(string name, Int128 value);

    void Text(string name, string value);

    void OptionalText(string name, string? value);

    void Id(string name, Guid value);

    void OptionalId(string name, Guid? value);

    void Bytes(string name, byte[] value);

    /// <summary>No column, but in the canonical bytes: it follows from a column and from what other rows say of that.</summary>
    void Implied(string value);

    /// <summary>The column <c>crc</c>: the CRC-32C of the row's canonical bytes, and so no part of them.</summary>
    void Crc(uint value);

    /// <summary>The column <c>commit_no</c>: the commit that wrote the row, which is hashed once for all rows of the commit, and so no part of the canonical
    /// bytes of each.</summary>
    void Commit(long value);
}

/// <summary>The declaration of a table: its columns in order, each with its name, its type, its value in a row, and whether it is in the canonical
/// bytes.</summary>
/// <remarks>Everything that goes over the columns of a row goes over these. On PostgreSQL each table has the column <c>bucket</c> before them.</remarks>
/// <typeparam name="TRow">What is stored as one row.</typeparam>
public interface ITable<TRow>
{
    static abstract string Name { get; }

    /// <summary>A row with nothing in it, from which names and types are read.</summary>
    static abstract TRow Blank { get; }

    static abstract void Write<TColumns>(ref TColumns to, TRow row)
        where TColumns : struct, IColumns;
}

/// <summary>A table that the hash chain covers (L8). <see cref="ChainedTables"/> lists all of them.</summary>
public interface IChainedTable<TRow> : ITable<TRow>
    where TRow : ChainedRow
{
    /// <summary>The first of a row's canonical bytes. Given once and never to another table.</summary>
    static abstract byte Tag { get; }

    /// <summary>The column that orders the rows.</summary>
    static abstract string Key { get; }

    /// <summary>The column of <c>chain</c> that says how far <see cref="Key"/> had come at a commit; null: the key is the commit itself.</summary>
    static abstract string? Last { get; }

    /// <summary>The rows of this table that a write set appends.</summary>
    static abstract IReadOnlyList<TRow> Rows(WriteSet writes);

    /// <summary>The value of <see cref="Key"/> in a row.</summary>
    static abstract long Number(TRow row);

    /// <summary>The value of <see cref="Last"/>: how far <see cref="Key"/> had come.</summary>
    static abstract long LastIn(in Sequences last);

    /// <summary>Names a row in messages, behind the name of its table: the number of the row first.</summary>
    static abstract string Describe(TRow row);
}

/// <summary>A table whose rows are sums: a write adds to the row of the same key. A figure whose name begins with <c>min_</c> or <c>max_</c> is the smallest or
/// largest of what was written, 0 being none; bytes are appended; every other is added up.</summary>
public interface IAddedTable<TRow> : ITable<TRow>
{
    /// <summary>How many of the first columns are the key; the others are figures.</summary>
    static abstract int KeyColumns { get; }
}

/// <summary>A row with the commit that writes it.</summary>
public readonly record struct InCommit<TRow>(TRow Row, long Commit);
