namespace Tieout.Simulator.Traffic;

/// <summary>A small random source whose sequence depends on the seed alone, on every machine and in every version.</summary>
internal sealed class TrafficRandom
{
    private readonly ulong _seed;
    private ulong _state;
    private double _spare = double.NaN;

    public TrafficRandom(ulong seed) => (_seed, _state) = (seed, seed);

    /// <summary>A source of its own for <paramref name="purpose"/>: drawing more from one does not move the others.</summary>
    public TrafficRandom Fork(uint purpose) => new(unchecked(_seed * 0x9E3779B97F4A7C15UL + (purpose + 1UL) * 0xD1B54A32D192ED03UL));

    public ulong Bits()
    {
        unchecked
        {
            _state += 0x9E3779B97F4A7C15UL;
            var mixed = (_state ^ (_state >> 30)) * 0xBF58476D1CE4E5B9UL;
            mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBUL;
            return mixed ^ (mixed >> 31);
        }
    }

    /// <summary>From 0 to just below 1, evenly.</summary>
    public double Unit() => (Bits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>From <paramref name="low"/> to <paramref name="high"/>, evenly.</summary>
    public double Between(double low, double high) => low + (high - low) * Unit();

    /// <summary>From <paramref name="low"/> to <paramref name="high"/>, evenly by ratio: as often between 1 and 2 as between 2 and 4.</summary>
    public double Ratio(double low, double high) => low * Math.Pow(high / low, Unit());

    /// <summary>From 0 to just below <paramref name="count"/>.</summary>
    public int Below(int count) => (int)(Unit() * count);

    public bool Chance(double probability) => Unit() < probability;

    public T Pick<T>(IReadOnlyList<T> from) => from[Below(from.Count)];

    /// <summary>Normal with mean 0 and deviation 1.</summary>
    public double Normal()
    {
        if (!double.IsNaN(_spare))
        {
            var kept = _spare;
            _spare = double.NaN;
            return kept;
        }

        double x, y, square;
        do
        {
            x = 2 * Unit() - 1;
            y = 2 * Unit() - 1;
            square = x * x + y * y;
        }
        while (square is >= 1 or 0);

        var factor = Math.Sqrt(-2 * Math.Log(square) / square);
        _spare = y * factor;
        return x * factor;
    }

    /// <summary>A count with the given mean and an equal variance.</summary>
    public int Poisson(double mean)
    {
        if (mean <= 0) return 0;
        // The normal form is off by less than a hundredth of the deviation from here on, and takes the same time for any mean.
        if (mean > 60) return Math.Max(0, (int)Math.Round(mean + Math.Sqrt(mean) * Normal()));

        var (limit, product, count) = (Math.Exp(-mean), Unit(), 0);
        while (product > limit)
        {
            product *= Unit();
            count++;
        }

        return count;
    }
}
