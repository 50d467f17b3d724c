using Tieout.Core.Money;

namespace Tieout.Core.Invoicing;

/// <summary>The smallest unit that can be paid in: what a final invoice is rounded to. The ledger itself never rounds to it.</summary>
public static class MinorUnit
{
    /// <summary>ISO 4217 currencies without cents.</summary>
    private static readonly HashSet<string> Whole = ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF",
        "XOF", "XPF"];

    /// <summary>ISO 4217 currencies of thousandths.</summary>
    private static readonly HashSet<string> Thousandths = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];

    /// <summary>Decimals of a currency; nine, which is exact, for the platform's own units (any code that has not three letters).</summary>
    public static int Decimals(string asset) =>
        asset.Length != 3 || !asset.All(char.IsAsciiLetterUpper) ? 9 : Whole.Contains(asset) ? 0 : Thousandths.Contains(asset) ? 3 : 2;

    /// <summary>One minor unit, in nano-units.</summary>
    public static long Nanos(int decimals)
    {
        var nanos = Amount.NanosPerUnit;
        for (var i = 0; i < decimals; i++) nanos /= 10;
        return nanos;
    }

    /// <summary>To whole minor units, a half away from zero, as invoices are.</summary>
    public static Amount Round(decimal major, int decimals) => Amount.RoundHalfEven(Math.Round(major, decimals, MidpointRounding.AwayFromZero));
}
