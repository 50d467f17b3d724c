namespace Tieout.Core.Ledger.Sketches;

/// <summary>How many distinct hashes raised the registers of a HyperLogLog sketch, in whole numbers.</summary>
/// <remarks>The estimator of Otmar Ertl (New cardinality estimation algorithms for HyperLogLog sketches, 2017, section 2.3): one formula for few and for many,
/// without thresholds and without tables of corrections. The term for registers that are full is left out: it takes more than 10^12 users to fill one in
/// 4,096.</remarks>
internal static class CardinalityEstimate
{
    /// <summary>Fractions are whole numbers of 2^-60.</summary>
    private const int FractionBits = 60;

    /// <summary>1 / (2 ln 2) × 2^64.</summary>
    private const ulong Alpha = 13_306_513_097_844_322_492;

    /// <param name="registers">A power of two of them.</param>
    /// <param name="rankMax">The largest value that a register can have; below 60.</param>
    public static long Of(ReadOnlySpan<byte> registers, int rankMax)
    {
        Span<int> counts = stackalloc int[rankMax + 1];
        counts.Clear();
        foreach (var rank in registers) counts[rank]++;
        if (counts[0] == registers.Length) return 0;
        var sum = (UInt128)registers.Length * Sigma(counts[0], registers.Length);
        for (var rank = 1; rank <= rankMax; rank++) sum += (UInt128)counts[rank] << (FractionBits - rank);

        // α m² / Σ: the fraction bits of the sum raise the quotient, those of α lower it.
        var squared = (UInt128)Alpha * (UInt128)((long)registers.Length * registers.Length);
        return (long)(((squared >> (64 - FractionBits)) + sum / 2) / sum);
    }

    /// <summary>x + Σ x^(2^k) 2^(k − 1) for k from 1 on, where x is the share of registers that nothing has raised.</summary>
    private static UInt128 Sigma(int empty, int registers)
    {
        var power = ((UInt128)empty << FractionBits) / (UInt128)registers;
        var sum = power;
        for (var doublings = 0; power > 0; doublings++)
        {
            power = power * power >> FractionBits;
            sum += power << doublings;
        }

        return sum;
    }
}
