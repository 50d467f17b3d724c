using System.Globalization;
using Tieout.Core.Money;

namespace Tieout.Core.Invoicing;

/// <summary>A tax as whoever knows the law says it: which and how much is not decided here.</summary>
/// <param name="Name">As it is to stand on the invoice, such as <c>VAT</c>.</param>
/// <param name="RatePct">0 to 100, with at most four decimals.</param>
public sealed record TaxRate(string Name, decimal RatePct)
{
    public const int NameMax = 60;

    public bool IsValid => Name.Length is > 0 and <= NameMax && !Name.Any(char.IsControl) && RatePct is >= 0 and <= 100 && Math.Round(RatePct, 4) == RatePct;

    /// <summary>On the rounded net, rounded once itself, a half away from zero.</summary>
    public TaxLine On(Amount net, int decimals) =>
        new(Name, RatePct.ToString("0.####", CultureInfo.InvariantCulture), MinorUnit.Round(net.ToDecimal() * RatePct / 100, decimals));

    /// <summary>Reads <c>VAT=19</c>.</summary>
    /// <returns>Null: it is not of that form.</returns>
    public static TaxRate? Parse(string text) =>
        text.LastIndexOf('=') is var at and > 0
            && decimal.TryParse(text.AsSpan(at + 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var rate)
        && new TaxRate(text[..at].Trim(), rate) is { IsValid: true } tax ? tax : null;
}

/// <param name="RatePct">As text, so that it stays as it was said.</param>
public sealed record TaxLine(string Name, string RatePct, Amount Amount)
{
    public TaxRate Rate => new(Name, decimal.Parse(RatePct, CultureInfo.InvariantCulture));
}
