namespace Tieout.Analysis;

/// <summary>Figures of lists of numbers.</summary>
internal static class Numbers
{
    /// <summary>From the median of absolute deviations to a standard deviation, where values are normal.</summary>
    private const double NormalPerMad = 1.4826;

    /// <returns>0 for no values.</returns>
    public static double Median(List<double> values)
    {
        if (values.Count == 0) return 0;
        var sorted = values.ToArray();
        Array.Sort(sorted);
        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /// <summary>A standard deviation that outliers do not move.</summary>
    public static double RobustDeviation(List<double> values)
    {
        var center = Median(values);
        return NormalPerMad * Median(values.ConvertAll(value => Math.Abs(value - center)));
    }

    /// <summary>The index of the largest value; of equal ones the first. -1 for no values.</summary>
    public static int IndexOfMax(ReadOnlySpan<double> values)
    {
        var best = -1;
        for (var i = 0; i < values.Length; i++)
        {
            if (best < 0 || values[i] > values[best]) best = i;
        }

        return best;
    }
}
