using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Reconciliation;

/// <summary>Our own book, as rows of a comparison.</summary>
public sealed class LedgerSide
{
    private readonly Dictionary<TieKey, LedgerCell> _cells = [];

    public IReadOnlyDictionary<TieKey, LedgerCell> Cells => _cells;

    public static LedgerSide Of(TieSpec spec, IEnumerable<DayTally> sums)
    {
        var side = new LedgerSide();
        side.Add(spec, sums);
        return side;
    }

    public void Add(TieSpec spec, IEnumerable<DayTally> sums)
    {
        foreach (var sum in sums) CellOf(TieKey.Of(spec, sum.Labels, sum.Day)).Add(sum.Labels, sum.Tally);
    }

    /// <summary>The rows of another side instead of these.</summary>
    public void Replace(IEnumerable<TieKey> keys, LedgerSide by)
    {
        foreach (var key in keys)
        {
            if (by.Find(key) is { } cell) _cells[key] = cell;
            else _cells.Remove(key);
        }
    }

    /// <summary>The counts of one unit as a book of their own: the last field of <paramref name="spec"/> is <see cref="TieField.Measure"/>.</summary>
    /// <remarks>A count stands as an amount of whole units, so that it is compared and split as money is.</remarks>
    public void AddCounts(TieSpec spec, IEnumerable<DayTally> sums, string measure, Func<Tally, Int128> count)
    {
        foreach (var sum in sums)
        {
            var key = new TieKey(TieKey.Of(spec, sum.Labels, sum.Day).Values.SetItem(spec.IndexOf(TieField.Measure), measure));
            CellOf(key).Add(sum.Labels, new()
            {
                Attempts = sum.Tally.Attempts,
                FirstAttempts = sum.Tally.FirstAttempts,
                Hidden = sum.Tally.Hidden,
                Total = Amount.Major(count(sum.Tally)),
            });
        }
    }

    public LedgerCell? Find(TieKey key) => _cells.GetValueOrDefault(key);

    private LedgerCell CellOf(TieKey key)
    {
        if (!_cells.TryGetValue(key, out var cell)) _cells.Add(key, cell = new());
        return cell;
    }
}

/// <summary>What our own book says of one row, and the labels it is made of.</summary>
public sealed class LedgerCell
{
    private readonly List<(UsageLabels Labels, Tally Tally)> _parts = [];

    public Tally All { get; private set; }

    /// <summary>The part that bears no key. It is charged all the same.</summary>
    public Tally Keyless { get; private set; }

    public IReadOnlyList<(UsageLabels Labels, Tally Tally)> Parts => _parts;

    public void Add(UsageLabels labels, in Tally tally)
    {
        All += tally;
        if (labels.Key is null) Keyless += tally;
        _parts.Add((labels, tally));
    }
}

/// <summary>The other book, as rows of a comparison.</summary>
public sealed class OutsideSide
{
    private readonly Dictionary<TieKey, OutsideCell> _cells = [];

    public IReadOnlyDictionary<TieKey, OutsideCell> Cells => _cells;

    /// <summary>The most decimals any of its figures was written with, in major units.</summary>
    public int Decimals { get; private set; }

    /// <param name="figure">As it was written, in the file's own unit.</param>
    /// <param name="unitsPerMajor">How many of the file's units make one major unit: 100 where it counts cents.</param>
    /// <exception cref="OverflowException">The sum of the row does not fit.</exception>
    public void Add(TieKey key, decimal figure, int unitsPerMajor)
    {
        if (!_cells.TryGetValue(key, out var cell)) _cells.Add(key, cell = new(unitsPerMajor));
        cell.Add(figure);
        var decimals = figure.Scale + (unitsPerMajor == 1 ? 0 : 2);
        if (decimals > Decimals) Decimals = decimals;
    }

    /// <summary>Like <see cref="Add"/>, of a part that no usage of ours can answer to, such as a tax or what nobody used.</summary>
    public void AddAside(TieKey key, decimal figure, int unitsPerMajor, string cause)
    {
        Add(key, figure, unitsPerMajor);
        _cells[key].Aside(cause, figure);
    }

    public OutsideCell? Find(TieKey key) => _cells.GetValueOrDefault(key);
}

/// <summary>What the other book says of one row.</summary>
public sealed class OutsideCell(int unitsPerMajor)
{
    private Dictionary<string, decimal>? _asides;

    /// <summary>Exact, in the file's own unit.</summary>
    public decimal Raw { get; private set; }

    /// <summary>Rows of the file that it sums.</summary>
    public int Rows { get; private set; }

    /// <summary>Rounded once, to the nano-unit: only a figure with more than nine decimals loses anything.</summary>
    public Amount Amount => Amount.RoundHalfEven(Raw / unitsPerMajor);

    /// <summary>One of the file's units.</summary>
    public Amount One => Amount.RoundHalfEven(1m / unitsPerMajor);

    /// <summary>Parts that no usage of ours can answer to, by cause.</summary>
    public IEnumerable<(string Cause, Amount Amount)> Asides =>
        (_asides ?? []).OrderBy(aside => aside.Key, StringComparer.Ordinal).Select(aside => (aside.Key, Amount.RoundHalfEven(aside.Value / unitsPerMajor)));

    public void Aside(string cause, decimal figure)
    {
        _asides ??= new(StringComparer.Ordinal);
        _asides[cause] = _asides.GetValueOrDefault(cause) + figure;
    }

    public void Add(decimal figure)
    {
        Raw += figure;
        Rows++;
    }
}
