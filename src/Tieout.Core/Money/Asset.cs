using System.Text.RegularExpressions;

namespace Tieout.Core.Money;

/// <summary>What amounts are amounts of: a currency such as USD, or a unit of the platform's own such as CREDIT.</summary>
public readonly partial record struct Asset(string Code)
{
    public static readonly Asset Usd = new("USD");

    /// <summary>Three to twelve capital letters or digits, beginning with a letter.</summary>
    public static bool IsValid(string? code) => code is not null && CodeForm().IsMatch(code);

    public override string ToString() => Code;

    [GeneratedRegex(@"\A[A-Z][A-Z0-9]{2,11}\z", RegexOptions.CultureInvariant)]
    private static partial Regex CodeForm();
}
