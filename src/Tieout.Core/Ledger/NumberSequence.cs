using System.Globalization;

namespace Tieout.Core.Ledger;

/// <summary>Numbers without gaps, from 1: a prefix and digits, such as <c>INV-000001</c>. By text they sort as they were given out, until the digits are used
/// up.</summary>
/// <remarks>The ledger gives them out: a record with the number as its name is added once, so of two who want the same number one is refused and takes the
/// next.</remarks>
/// <param name="Prefix">Begins every number of the sequence, and no number of another one of the same kind of record.</param>
/// <param name="Digits">How many digits there are at least.</param>
public sealed record NumberSequence(string Prefix, int Digits)
{
    /// <param name="place">From 1.</param>
    public string Number(int place) => Prefix + place.ToString($"D{Digits}", CultureInfo.InvariantCulture);

    /// <summary>The number that follows so many others.</summary>
    public string After(int count) => Number(count + 1);

    /// <summary>Whether the text begins as its numbers do.</summary>
    public bool Has(string number) => number.StartsWith(Prefix, StringComparison.Ordinal);
}
