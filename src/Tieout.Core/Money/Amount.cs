using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Tieout.Core.Money;

/// <summary>An amount of some <see cref="Asset"/>, held as a whole number of nano-units (10⁻⁹ of the major unit).</summary>
/// <remarks>
/// There is nothing smaller than one nano-unit, so sums are exact. 128 bits wide, because sums must never overflow: with one command limited to
/// <see cref="Max"/>, leaving the range takes more than 10¹⁹ commands. The build is checked: leaving it would throw and never wrap. ADR 0016 says why.
/// </remarks>
public readonly record struct Amount(Int128 Nanos) : IComparable<Amount>
{
    public const long NanosPerUnit = 1_000_000_000;

    /// <summary>The largest amount one posting, hold or charge may carry: 9 billion major units, which every store keeps in 64 bits.</summary>
    public static readonly Amount Max = new(9_000_000_000 * NanosPerUnit);

    /// <summary>The largest limit or sum: 10¹⁸ major units, so that sums and differences of several stay exact as <see cref="decimal"/>.</summary>
    public static readonly Amount SumMax = new((Int128)1_000_000_000_000_000_000 * NanosPerUnit);

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

    public static Amount Sum(IEnumerable<Amount> amounts)
    {
        var sum = Zero;
        foreach (var amount in amounts) sum += amount;
        return sum;
    }

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
        TryParse(text, out var amount) ? amount : throw new FormatException($"'{text}' is not an amount: write major units with at most nine decimals, such as 12.50.");

    /// <summary>In major units. Exact up to 10¹⁹ major units, far above <see cref="SumMax"/>; above, rounded to 28 digits. Never throws for a sum of amounts.</summary>
    public decimal ToDecimal()
    {
        if (Nanos >= long.MinValue && Nanos <= long.MaxValue) return new decimal((long)Nanos) / NanosPerUnit;
        var (whole, rest) = Int128.DivRem(Nanos, NanosPerUnit);
        return (decimal)whole + (decimal)rest / NanosPerUnit;
    }

    public int CompareTo(Amount other) => Nanos.CompareTo(other.Nanos);

    /// <summary>Major units in the shortest exact form: <c>998.5</c>, <c>0.000000001</c>, <c>-3</c>, <c>0</c>.</summary>
    public override string ToString()
    {
        if (Nanos >= long.MinValue && Nanos <= long.MaxValue) return ToDecimal().ToString("0.#########", CultureInfo.InvariantCulture);
        var (whole, rest) = Int128.DivRem(Nanos, NanosPerUnit);
        return rest == 0
            ? whole.ToString(CultureInfo.InvariantCulture)
            : string.Create(CultureInfo.InvariantCulture, $"{whole}.{Int128.Abs(rest):000000000}").TrimEnd('0');
    }
}
