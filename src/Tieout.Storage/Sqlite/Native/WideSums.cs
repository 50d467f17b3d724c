using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tieout.Storage.Sqlite.Native;

/// <summary>Two SQL functions that add whole numbers of up to 128 bits, stored as an integer or, where 64 bits do not suffice, as digits.</summary>
/// <remarks>
/// SQLite's own sum() fails above 64 bits, and its + turns into floating point. <c>total_of(x)</c> sums a column, nothing being zero;
/// <c>wide_sum(a, b)</c> adds two values.
/// </remarks>
internal static unsafe class WideSums
{
    private const int Flags = NativeSqlite.Utf8 | NativeSqlite.Deterministic | NativeSqlite.Innocuous;
    private const int SumBytes = 16;
    private const int DigitsMax = 40;

    public static int Define(RawConnectionHandle connection)
    {
        var code = NativeSqlite.CreateFunction(connection, "total_of", 1, Flags, 0, null, &Step, &End, 0);
        return code == NativeSqlite.Ok ? NativeSqlite.CreateFunction(connection, "wide_sum", 2, Flags, 0, &Add, null, null, 0) : code;
    }

    // No exception may leave a callback: SQLite's frames lie between it and whoever could catch it.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Step(nint context, int count, nint* values)
    {
        try
        {
            var sum = NativeSqlite.AggregateContext(context, SumBytes);
            if (sum is null) Fail(context, "no memory for a sum"u8);
            else if (!TryRead(values[0], out var value)) Fail(context, "total_of: a value is not a whole number"u8);
            else Unsafe.WriteUnaligned(sum, Unsafe.ReadUnaligned<Int128>(sum) + value);
        }
        catch (OverflowException)
        {
            Fail(context, "total_of: the sum does not fit into 128 bits"u8);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void End(nint context)
    {
        var sum = NativeSqlite.AggregateContext(context, 0);
        Answer(context, sum is null ? 0 : Unsafe.ReadUnaligned<Int128>(sum));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Add(nint context, int count, nint* values)
    {
        try
        {
            if (TryRead(values[0], out var left) && TryRead(values[1], out var right)) Answer(context, left + right);
            else Fail(context, "wide_sum: a value is not a whole number"u8);
        }
        catch (OverflowException)
        {
            Fail(context, "wide_sum: the sum does not fit into 128 bits"u8);
        }
    }

    /// <summary>NULL counts as nothing, as in sum().</summary>
    private static bool TryRead(nint value, out Int128 number)
    {
        number = 0;
        switch (NativeSqlite.ValueType(value))
        {
            case NativeSqlite.TypeInteger:
                number = NativeSqlite.ValueInt64(value);
                return true;
            case NativeSqlite.TypeText:
                var digits = NativeSqlite.ValueBlob(value);
                return Int128.TryParse(
                    new ReadOnlySpan<byte>(digits, NativeSqlite.ValueBytes(value)), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
            case NativeSqlite.TypeNull:
                return true;
            default:
                return false;
        }
    }

    private static void Answer(nint context, Int128 sum)
    {
        if (sum >= long.MinValue && sum <= long.MaxValue)
        {
            NativeSqlite.ResultInt64(context, (long)sum);
            return;
        }

        Span<byte> digits = stackalloc byte[DigitsMax];
        _ = sum.TryFormat(digits, out var length, default, CultureInfo.InvariantCulture);
        fixed (byte* text = digits) NativeSqlite.ResultText(context, text, length, NativeSqlite.Transient);
    }

    private static void Fail(nint context, ReadOnlySpan<byte> message)
    {
        fixed (byte* text = message) NativeSqlite.ResultError(context, text, message.Length);
    }
}
