using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Tieout.Core.Money;

/// <summary>An amount of some <see cref="Asset"/>, held as a whole number of nano-units (10⁻⁹ of the major unit).</summary>
/// <remarks>
/// There is nothing smaller than one nano-unit, so sums are exact. 128 bits wide, because sums must never overflow: with one command limited to
/// <see cref="TransferMax"/>, leaving the range takes more than 10¹⁹ commands. The build is checked: leaving it would throw and never wrap. ADR 0016 says why.
/// </remarks>
public readonly record struct Amount : IComparable<Amount>, ISpanFormattable, IUtf8SpanFormattable
{
    public const long NanosPerUnit = 1_000_000_000;

    /// <summary>The longest text of an amount: a sign, 39 digits and a point.</summary>
    private const int TextMax = 41;

    // Two halves and not one Int128, which asks for 16-byte alignment: an outcome with its figures is a fifth smaller, and every command makes one.
    private readonly ulong _low;
    private readonly long _high;

    public Amount(Int128 nanos) => (_low, _high) = (unchecked((ulong)nanos), (long)(nanos >> 64));

    private Amount(ulong low, long high) => (_low, _high) = (low, high);

    public Int128 Nanos => new(unchecked((ulong)_high), _low);

    /// <summary>The most that one posting, hold or charge may move: 9 × 10⁹ major units. A rule, and no bound of this type.</summary>
    /// <remarks>
    /// The source is the width of a column: stores keep one amount as a signed 64-bit number of nano-units, at most 9.22 × 10⁹ major units, and this is the
    /// round number below.
    /// The ledger refuses more (<c>amount_too_large</c>).
    /// </remarks>
    public static readonly Amount TransferMax = new(9_000_000_000 * NanosPerUnit);

    /// <summary>The largest limit, and the largest sum of an account: 10¹⁸ major units, so that sums and differences of several stay exact as
    /// <see cref="decimal"/>.</summary>
    public static readonly Amount SumMax = new((Int128)1_000_000_000_000_000_000 * NanosPerUnit);

    public static Amount Zero => default;

    /// <summary>Whether 64 bits hold it, as they do any one posting, hold or charge.</summary>
    public bool TryToInt64(out long nanos)
    {
        nanos = unchecked((long)_low);
        return nanos >> 63 == _high;
    }

    /// <exception cref="OverflowException">The sum does not fit into 128 bits.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Amount operator +(Amount left, Amount right)
    {
        var low = unchecked(left._low + right._low);
        var carry = low < left._low ? 1 : 0;
        var high = unchecked(left._high + right._high + carry);

        // The signs of both agree, and that of the sum does not.
        if (((left._high ^ high) & (right._high ^ high)) < 0) ThrowTooLarge(left, right);
        return new(low, high);
    }

    /// <exception cref="OverflowException">The difference does not fit into 128 bits.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Amount operator -(Amount left, Amount right)
    {
        var low = unchecked(left._low - right._low);
        var borrow = left._low < right._low ? 1 : 0;
        var high = unchecked(left._high - right._high - borrow);
        if (((left._high ^ right._high) & (left._high ^ high)) < 0) ThrowTooLarge(left, right);
        return new(low, high);
    }

    // Apart, so that the operators stay small enough to be inlined.
    [DoesNotReturn]
    private static void ThrowTooLarge(Amount left, Amount right) => throw new OverflowException($"{left} and {right} come to more than 128 bits hold.");

    public static Amount operator -(Amount value) => new(-value.Nanos);

    /// <exception cref="OverflowException">The product does not fit into 128 bits.</exception>
    public static Amount operator *(Amount each, long times) => new(each.Nanos * times);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool operator <(Amount left, Amount right) => left._high < right._high || (left._high == right._high && left._low < right._low);
    public static bool operator >(Amount left, Amount right) => right < left;
    public static bool operator <=(Amount left, Amount right) => !(right < left);
    public static bool operator >=(Amount left, Amount right) => !(left < right);

    public static Amount Min(Amount left, Amount right) => left <= right ? left : right;

    public static Amount Largest(Amount left, Amount right) => left >= right ? left : right;

    /// <summary>That many major units, for example 25 dollars.</summary>
    public static Amount Major(Int128 units) => new(units * NanosPerUnit);

    /// <summary>Without its sign.</summary>
    public static Amount Abs(Amount amount) => amount < Zero ? -amount : amount;

    /// <exception cref="OverflowException">The sum does not fit into 128 bits.</exception>
    public static Amount Sum(IEnumerable<Amount> amounts) => amounts.Sum(static amount => amount);

    /// <summary>The nearest amount to <paramref name="major"/> major units; a tie goes to the even nano-unit.</summary>
    /// <remarks>The one rounding of a charge: prices are summed as exact decimals and rounded here, once.</remarks>
    /// <exception cref="OverflowException">The value does not fit.</exception>
    public static Amount RoundHalfEven(decimal major) =>
        new((Int128)Math.Round(major * NanosPerUnit, 0, MidpointRounding.ToEven));

    /// <summary>The smallest amount not below <paramref name="major"/>: for ceilings, which must never be short.</summary>
    /// <exception cref="OverflowException">The value does not fit.</exception>
    public static Amount RoundUp(decimal major) => new((Int128)Math.Ceiling(major * NanosPerUnit));

    /// <summary>Reads a plain decimal number of major units, such as <c>12.50</c>. Nothing is rounded:
    /// more than nine decimals, exponents, spaces and thousands separators are refused.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Amount amount)
    {
        amount = default;
        const NumberStyles plain = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint;
        if (!decimal.TryParse(text, plain, CultureInfo.InvariantCulture, out var major)) return false;
        if (decimal.Abs(major) > 1_000_000_000_000_000_000) return false;
        var nanos = major * NanosPerUnit;
        if (nanos != decimal.Truncate(nanos)) return false;
        amount = new((Int128)nanos);
        return true;
    }

    /// <exception cref="FormatException">See <see cref="TryParse"/>.</exception>
    public static Amount Parse(string text) =>
        TryParse(text, out var amount) ? amount
            : throw new FormatException($"'{text}' is not an amount. Use digits with an optional decimal point and at most nine decimals, for example 12.50.");

    /// <summary>In major units. Exact up to 10¹⁹ major units, far above <see cref="SumMax"/>; above, rounded to 28 digits. Never throws for a sum of
    /// amounts.</summary>
    public decimal ToDecimal()
    {
        if (TryToInt64(out var nanos)) return new decimal(nanos) / NanosPerUnit;
        var (whole, rest) = Int128.DivRem(Nanos, NanosPerUnit);
        return (decimal)whole + (decimal)rest / NanosPerUnit;
    }

    public int CompareTo(Amount other) => Nanos.CompareTo(other.Nanos);

    /// <summary>Major units in the shortest exact form: <c>998.5</c>, <c>0.000000001</c>, <c>-3</c>, <c>0</c>.</summary>
    public override string ToString()
    {
        Span<byte> text = stackalloc byte[TextMax];
        return TryFormat(text, out var length, default, null) ? Encoding.ASCII.GetString(text[..length]) : throw new FormatException();
    }

    /// <summary>As <see cref="ToString()"/>, in UTF-8.</summary>
    public bool TryFormat(Span<byte> utf8Destination, out int bytesWritten, ReadOnlySpan<char> format, IFormatProvider? provider)
    {
        Span<byte> text = stackalloc byte[TextMax];
        var (whole, rest) = Int128.DivRem(Nanos, NanosPerUnit);
        var length = 0;
        if (rest < 0 && whole == 0) text[length++] = (byte)'-';
        _ = whole.TryFormat(text[length..], out var digits, default, CultureInfo.InvariantCulture);
        length += digits;
        if (rest != 0)
        {
            text[length++] = (byte)'.';
            _ = ((long)Int128.Abs(rest)).TryFormat(text[length..], out digits, "D9", CultureInfo.InvariantCulture);
            length += digits;
            while (text[length - 1] == (byte)'0') length--;
        }

        bytesWritten = text[..length].TryCopyTo(utf8Destination) ? length : 0;
        return bytesWritten > 0;
    }

    /// <inheritdoc cref="TryFormat(Span{byte}, out int, ReadOnlySpan{char}, IFormatProvider?)"/>
    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider)
    {
        Span<byte> text = stackalloc byte[TextMax];
        charsWritten = 0;
        return TryFormat(text, out var length, format, provider) && Encoding.ASCII.TryGetChars(text[..length], destination, out charsWritten);
    }

    string IFormattable.ToString(string? format, IFormatProvider? formatProvider) => ToString();
}
