namespace Tieout.Core.Ledger.RowIndex;

/// <summary>A digest of a set of numbers, the same in any order: two sets with the same digest are the same but by chance (2^-64).</summary>
public readonly record struct RowDigest(long Count, ulong Sum)
{
    public RowDigest With(long number) => new(Count + 1, unchecked(Sum + Mixed((ulong)number)));

    /// <summary>Of both sets together.</summary>
    public RowDigest With(RowDigest other) => new(Count + other.Count, unchecked(Sum + other.Sum));

    public RowDigest With(IdEntry entry) => With(unchecked((long)Mixed((ulong)entry.Key)) ^ entry.Seq);

    /// <summary>Spreads a number over 64 bits (the finalizer of SplitMix64).</summary>
    public static ulong Mixed(ulong number)
    {
        unchecked
        {
            number += 0x9E37_79B9_7F4A_7C15;
            number = (number ^ (number >> 30)) * 0xBF58_476D_1CE4_E5B9;
            number = (number ^ (number >> 27)) * 0x94D0_49BB_1331_11EB;
            return number ^ (number >> 31);
        }
    }
}
