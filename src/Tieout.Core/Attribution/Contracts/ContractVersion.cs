using System.Globalization;

namespace Tieout.Core.Attribution.Contracts;

/// <summary>A semantic version: a change that breaks someone has a higher major number.</summary>
public readonly record struct ContractVersion(int Major, int Minor, int Patch) : IComparable<ContractVersion>
{
    private const int PartMax = 999_999;

    /// <summary>Reads <c>1.4.0</c>: three whole numbers up to 999,999 without leading zeros.</summary>
    public static bool TryParse(string? text, out ContractVersion version)
    {
        version = default;
        if (text?.Split('.') is not [var major, var minor, var patch]) return false;
        if (!Part(major, out var first) || !Part(minor, out var second) || !Part(patch, out var third)) return false;
        version = new(first, second, third);
        return true;
    }

    /// <exception cref="FormatException">Not a version.</exception>
    public static ContractVersion Parse(string text) =>
        TryParse(text, out var version) ? version : throw new FormatException($"'{text}' is not a semantic version.");

    public int CompareTo(ContractVersion other) => (Major, Minor, Patch).CompareTo((other.Major, other.Minor, other.Patch));

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}.{Patch}");

    private static bool Part(string text, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value <= PartMax && (text.Length == 1 || text[0] != '0');
}
