using System.Globalization;
using Tieout.Core.Money;

namespace Tieout.Console.Figures;

/// <summary>Figures as pages write them.</summary>
internal static class Written
{
    private const char Minus = '\u2212';

    private static readonly Amount Cent = Amount.Parse("0.01");

    /// <summary>With two decimals. What is less than half of the last one, and not zero, is never written as zero.</summary>
    public static string Money(Amount amount)
    {
        if (amount == Amount.Zero) return "0.00";
        var (size, sign) = (amount < Amount.Zero ? -amount : amount, amount < Amount.Zero ? Minus.ToString() : "");
        if (size < Cent) return $"{sign}< 0.01";
        return sign + Math.Round(size.ToDecimal(), 2, MidpointRounding.AwayFromZero).ToString("N2", CultureInfo.InvariantCulture);
    }

    /// <summary>To the last nano-unit, for whoever points at a figure.</summary>
    public static string Exact(Amount amount) => amount.ToString();

    public static string Count(Int128 count) => count.ToString("N0", CultureInfo.InvariantCulture).Replace('-', Minus);

    /// <summary>Per cent with one decimal; a dash where there is no whole.</summary>
    public static string Share(Amount part, Amount whole) => whole == Amount.Zero ? "—"
        : (part.ToDecimal() / whole.ToDecimal() * 100).ToString("N1", CultureInfo.InvariantCulture).Replace('-', Minus);
}
