using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Tieout.Core.Money;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Sqlite.Native;

/// <summary>One prepared statement, used again and again: bind from 1, step, reset.</summary>
/// <remarks>
/// Bytes and text are copied into memory of the statement's own and bound as static: SQLite then neither copies them nor
/// allocates. The memory is given back to the next row by <see cref="Reset"/>.
/// </remarks>
internal sealed unsafe class RawStatement : IRows
{
    /// <summary>Enough for the text of one row in practice; a longer row makes it grow once.</summary>
    private const int ScratchBytesAtFirst = 1_024;

    private const int CharsAtFirst = 128;

    private readonly RawConnection _connection;
    private readonly string _sql;
    private nint _statement;
    private byte* _scratch;
    private int _scratchBytes;
    private int _scratchUsed;
    private List<nint>? _outgrown;
    private char[] _chars = [];

    internal RawStatement(RawConnection connection, string sql)
    {
        _connection = connection;
        _sql = sql;
        var utf8 = Encoding.UTF8.GetBytes(sql);
        fixed (byte* text = utf8)
        {
            connection.Check(
                NativeSqlite.Prepare(connection.Handle, text, utf8.Length, NativeSqlite.PreparePersistent, out _statement, out _), sql, StoreEffect.None);
        }

        if (_statement == 0) throw new ArgumentException($"Not a statement: {sql}", nameof(sql));
        _scratchBytes = ScratchBytesAtFirst;
        _scratch = (byte*)NativeMemory.Alloc((nuint)_scratchBytes);
    }

    /// <summary>Columns of each row.</summary>
    public int ColumnCount => NativeSqlite.ColumnCount(_statement);

    public void Bind(int index, long value) => Check(NativeSqlite.BindInt64(_statement, index, value));

    /// <summary>An integer where 64 bits suffice, as nearly always; else its digits as text. <see cref="Int128"/> reads both back.</summary>
    public void Bind(int index, Int128 value)
    {
        if (unchecked((long)value) is var low && low == value) Bind(index, low);
        else Bind(index, value.ToString(CultureInfo.InvariantCulture));
    }

    public void Bind(int index, Amount value)
    {
        if (value.TryToInt64(out var nanos)) Bind(index, nanos);
        else Bind(index, value.Nanos);
    }

    public void Bind(int index, long? value)
    {
        if (value is { } some) Bind(index, some);
        else BindNull(index);
    }

    public void BindNull(int index) => Check(NativeSqlite.BindNull(_statement, index));

    /// <summary>Text, in UTF-8; null binds NULL.</summary>
    public void Bind(int index, string? value)
    {
        if (value is null)
        {
            BindNull(index);
            return;
        }

        var room = Take(Encoding.UTF8.GetMaxByteCount(value.Length));
        var bytes = Encoding.UTF8.GetBytes(value, room);
        Bind(index, room, bytes);
    }

    /// <summary>Text that is in UTF-8 already.</summary>
    public void BindText(int index, ReadOnlySpan<byte> utf8)
    {
        var room = Take(utf8.Length);
        utf8.CopyTo(room);
        Bind(index, room, utf8.Length);
    }

    public void BindBlob(int index, ReadOnlySpan<byte> value)
    {
        var room = Take(value.Length);
        value.CopyTo(room);
        fixed (byte* bytes = room)
        {
            Check(NativeSqlite.BindBlob(_statement, index, bytes, value.Length, NativeSqlite.Static));
        }

        _scratchUsed += value.Length;
    }

    public void BindBlob(int index, Guid value)
    {
        Span<byte> bytes = stackalloc byte[16];
        value.TryWriteBytes(bytes, bigEndian: true, out _);
        BindBlob(index, bytes);
    }

    /// <summary>True if there is a row to read; false when the statement is done.</summary>
    public bool Step()
    {
        var code = StepForCode();
        if (code == NativeSqlite.Row) return true;
        if (code == NativeSqlite.Done) return false;
        var failure = _connection.Failure(code, _sql, StoreEffect.None);
        Reset();
        throw failure;
    }

    /// <summary>Steps a statement that answers no rows, and makes it ready for the next.</summary>
    public void Run()
    {
        _ = Step();
        Reset();
    }

    /// <summary>Resets the statement when disposed: also when its row cannot be read, or it could not be bound again.</summary>
    public ResetAfter Reading() => new(this);

    public void Reset()
    {
        // The code repeats what Step already reported.
        _ = NativeSqlite.Reset(_statement);
        _scratchUsed = 0;
        if (_outgrown is not null) FreeOutgrown();
    }

    public bool IsNull(int column) => NativeSqlite.ColumnType(_statement, column) == NativeSqlite.TypeNull;

    /// <summary>NULL reads as 0, as SQLite has it.</summary>
    public long Int64(int column) => NativeSqlite.ColumnInt64(_statement, column);

    /// <exception cref="StoreCorruptException">The value is no whole number.</exception>
    public Int128 Int128(int column) => NativeSqlite.ColumnType(_statement, column) switch
    {
        NativeSqlite.TypeInteger => NativeSqlite.ColumnInt64(_statement, column),
        NativeSqlite.TypeText when System.Int128.TryParse(Bytes(column), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) => value,
        NativeSqlite.TypeNull => 0,
        _ => throw new StoreCorruptException($"Column {column} holds '{Text(column)}', which is not a whole number: {_sql}"),
    };

    public Amount Amount(int column) => new(Int128(column));

    public long? Int64OrNull(int column) => IsNull(column) ? null : Int64(column);

    /// <summary>Valid until the next step or reset. NULL reads as empty.</summary>
    public ReadOnlySpan<byte> Bytes(int column)
    {
        var start = NativeSqlite.ColumnBlob(_statement, column);
        return new(start, NativeSqlite.ColumnBytes(_statement, column));
    }

    public string Text(int column) => Encoding.UTF8.GetString(Bytes(column));

    /// <summary>Valid until the next call.</summary>
    public ReadOnlySpan<char> Chars(int column)
    {
        var bytes = Bytes(column);
        if (_chars.Length < bytes.Length) _chars = new char[Math.Max(bytes.Length, CharsAtFirst)];
        return _chars.AsSpan(0, Encoding.UTF8.GetChars(bytes, _chars));
    }

    public string? TextOrNull(int column) => IsNull(column) ? null : Text(column);

    /// <exception cref="StoreCorruptException">The value is not 16 bytes long.</exception>
    public Guid Guid(int column)
    {
        var bytes = Bytes(column);
        return bytes.Length == 16 ? new(bytes, bigEndian: true) : throw new StoreCorruptException($"An id has {bytes.Length} bytes, not 16: {_sql}");
    }

    public void Dispose()
    {
        if (_statement != 0) _ = NativeSqlite.Finalize(_statement);
        _statement = 0;
        FreeOutgrown();
        NativeMemory.Free(_scratch);
        _scratch = null;
    }

    internal int StepForCode()
    {
        _connection.Enter();
        var code = NativeSqlite.Step(_statement);
        _connection.Leave();
        return code;
    }

    private void Bind(int index, Span<byte> room, int bytes)
    {
        fixed (byte* text = room)
        {
            Check(NativeSqlite.BindText(_statement, index, text, bytes, NativeSqlite.Static));
        }

        _scratchUsed += bytes;
    }

    /// <summary>Room for a value; a zero-length value still gets an address, since SQLite reads a null pointer as NULL.</summary>
    private Span<byte> Take(int bytes)
    {
        if (_scratchUsed + bytes + 1 > _scratchBytes) Grow(bytes);
        return new(_scratch + _scratchUsed, bytes + 1);
    }

    /// <summary>Values bound before point into the old memory, so it stays until the reset.</summary>
    private void Grow(int bytes)
    {
        (_outgrown ??= []).Add((nint)_scratch);
        _scratchBytes = Math.Max(_scratchBytes * 2, bytes + 1);
        _scratch = (byte*)NativeMemory.Alloc((nuint)_scratchBytes);
        _scratchUsed = 0;
    }

    private void FreeOutgrown()
    {
        foreach (var memory in _outgrown ?? []) NativeMemory.Free((void*)memory);
        _outgrown = null;
    }

    private void Check(int code)
    {
        if (code != NativeSqlite.Ok) throw _connection.Failure(code, _sql, StoreEffect.None);
    }
}

/// <summary>Resets a statement at the end of a scope.</summary>
internal readonly ref struct ResetAfter(RawStatement statement)
{
    public void Dispose() => statement.Reset();
}
