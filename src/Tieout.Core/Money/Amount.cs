using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Tieout.Core.Money;

/// <summary>An amount of some <see cref="Asset"/>, held as a whole number of nano-units (10⁻⁹ of the major unit).</summary>
/// <remarks>
/// There is nothing smaller than one nano-unit, so sums are exact. Range: about ±9.2 billion major units. The build is
/// checked: leaving the range throws <see cref="OverflowException"/>; it never wraps.
/// </remarks>
public readonly record struct Amount(long Nanos) : IComparable<Amount>
{
    public const long NanosPerUnit = 1_000_000_000;

    /// <summary>
    /// The largest amount one command may carry: 1 billion major units. Accounts stop at half the range of <see cref="long"/>, so
    /// overflow is a refusal at the door and never an exception in a sum.
    /// </summary>
    public static readonly Amount Max = new(1_000_000_000 * NanosPerUnit);

    public static Amount Zero => default;

    public static Amount operator +(Amount left, Amount right) => new(left.Nanos + right.Nanos);
    public static Amount operator -(Amount left, Amount right) => new(left.Nanos - right.Nanos);
    public static Amount operator -(Amount value) => new(-value.Nanos);
    public static bool operator <(Amount left, Amount right) => left.Nanos < right.Nanos;
    public static bool operator >(Amount left, Amount right) => left.Nanos > right.Nanos;
    public static bool operator <=(Amount left, Amount right) => left.Nanos <= right.Nanos;
    public static bool operator >=(Amount left, Amount right) => left.Nanos >= right.Nanos;

    public static Amount Min(Amount left, Amount right) => left <= right ? left : right;

    public static Amount Largest(Amount left, Amount right) => left >= right ? left : right;

    /// <summary>The nearest amount to <paramref name="major"/> major units; a tie goes to the even nano-unit.</summary>
    /// <remarks>The one rounding of a charge: prices are summed as exact decimals and rounded here, once.</remarks>
    /// <exception cref="OverflowException">The value does not fit.</exception>
    public static Amount RoundHalfEven(decimal major) =>
        new((long)Math.Round(major * NanosPerUnit, 0, MidpointRounding.ToEven));

    /// <summary>The smallest amount not below <paramref name="major"/>: for ceilings, which must never be short.</summary>
    /// <exception cref="OverflowException">The value does not fit.</exception>
    public static Amount RoundUp(decimal major) => new((long)Math.Ceiling(major * NanosPerUnit));

    /// <summary>Reads a plain decimal number of major units, such as <c>12.50</c>. Nothing is rounded:
    /// more than nine decimals, exponents, spaces and thousands separators are refused.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Amount amount)
    {
        amount = default;
        const NumberStyles plain = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint;
        if (!decimal.TryParse(text, plain, CultureInfo.InvariantCulture, out var major)) return false;
        if (major is > long.MaxValue / NanosPerUnit or < -(long.MaxValue / NanosPerUnit)) return false;
        var nanos = major * NanosPerUnit;
        if (nanos != decimal.Truncate(nanos)) return false;
        amount = new((long)nanos);
        return true;
    }

    /// <exception cref="FormatException">See <see cref="TryParse"/>.</exception>
    public static Amount Parse(string text) =>
        TryParse(text, out var amount) ? amount : throw new FormatException($"'{text}' is not an amount: write major units with at most nine decimals, such as 12.50.");

    /// <summary>In major units, exact.</summary>
    public decimal ToDecimal() => new decimal(Nanos) / NanosPerUnit;

    public int CompareTo(Amount other) => Nanos.CompareTo(other.Nanos);

    /// <summary>Major units in the shortest exact form: <c>998.5</c>, <c>0.000000001</c>, <c>-3</c>, <c>0</c>.</summary>
    public override string ToString() => ToDecimal().ToString("0.#########", CultureInfo.InvariantCulture);
}
