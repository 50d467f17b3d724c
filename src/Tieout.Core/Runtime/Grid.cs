namespace Tieout.Core.Runtime;

/// <summary>The intervals in which activity becomes usage records: equal, from 1970-01-01 UTC on.</summary>
/// <remarks>
/// Prices change at UTC midnight or on half hours, so a grid that divides a half hour (or is an hour, with prices by the day) cuts wherever they do:
/// within one interval there is one price.
/// </remarks>
/// <param name="Seconds">Length of an interval; it divides an hour.</param>
public readonly record struct Grid(int Seconds)
{
    public static readonly Grid Default = new(300);

    public static bool IsValid(int seconds) => seconds is >= 10 and <= 3_600 && 3_600 % seconds == 0;

    /// <summary>Where the interval begins that contains a second.</summary>
    public long Start(long second) => second - (second % Seconds);

    /// <summary>The same stretches, none of them longer than its interval.</summary>
    public IEnumerable<Stretch> Cut(IEnumerable<Stretch> stretches)
    {
        foreach (var whole in stretches)
        {
            for (var from = whole.From; from < whole.To;)
            {
                var to = Math.Min(whole.To, Start(from) + Seconds);
                yield return whole with { From = from, To = to };
                from = to;
            }
        }
    }
}
