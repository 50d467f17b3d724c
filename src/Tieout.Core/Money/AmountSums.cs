namespace Tieout.Core.Money;

/// <summary>Sums of amounts over rows, as LINQ has them for numbers.</summary>
public static class AmountSums
{
    /// <param name="amountOf">The amount of one row.</param>
    /// <exception cref="OverflowException">The sum does not fit into 128 bits.</exception>
    public static Amount Sum<T>(this IEnumerable<T> rows, Func<T, Amount> amountOf)
    {
        var sum = Amount.Zero;
        foreach (var row in rows) sum += amountOf(row);
        return sum;
    }
}
