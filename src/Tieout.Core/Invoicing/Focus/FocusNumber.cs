using System.Globalization;
using System.Numerics;

namespace Tieout.Core.Invoicing.Focus;

/// <summary>A number of a cell, exact whatever its digits: products of two cells are compared without rounding.</summary>
/// <param name="Scale">How many of the digits are decimals; below zero: how many zeros follow them.</param>
internal readonly record struct FocusNumber(BigInteger Digits, int Scale)
{
    /// <summary>A longer cell or a larger exponent is no amount of anything.</summary>
    private const int CharsMax = 200;

    private const int ExponentMax = 100;

    public static FocusNumber Zero { get; } = new(BigInteger.Zero, 0);

    public static FocusNumber operator *(FocusNumber a, FocusNumber b) => new(a.Digits * b.Digits, a.Scale + b.Scale);

    public int CompareTo(FocusNumber other)
    {
        var scale = Math.Max(Scale, other.Scale);
        return At(scale).CompareTo(other.At(scale));
    }

    /// <summary>Reads <c>-12.5</c> and <c>1.25E-6</c>: digits, at most one point with digits on both sides, no sign but a minus, no separators.</summary>
    public static FocusNumber? Read(string text)
    {
        if (text.Length > CharsMax) return null;
        var rest = text.AsSpan();
        var isNegative = rest is ['-', ..];
        if (isNegative) rest = rest[1..];
        var exponent = 0;
        if (rest.IndexOf('E') is >= 0 and var at)
        {
            if (!int.TryParse(rest[(at + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent) || rest[at + 1] == '+') return null;
            if (Math.Abs(exponent) > ExponentMax) return null;
            rest = rest[..at];
        }

        var point = rest.IndexOf('.');
        var decimals = point < 0 ? [] : rest[(point + 1)..];
        var whole = point < 0 ? rest : rest[..point];
        if (whole.Length == 0 || point >= 0 && decimals.Length == 0 || !AreDigits(whole) || !AreDigits(decimals)) return null;
        var digits = BigInteger.Parse(string.Concat(whole, decimals), NumberStyles.None, CultureInfo.InvariantCulture);
        return new(isNegative ? -digits : digits, decimals.Length - exponent);
    }

    private static bool AreDigits(ReadOnlySpan<char> text)
    {
        foreach (var digit in text)
        {
            if (!char.IsAsciiDigit(digit)) return false;
        }

        return true;
    }

    private BigInteger At(int scale) => Digits * BigInteger.Pow(10, scale - Scale);
}
