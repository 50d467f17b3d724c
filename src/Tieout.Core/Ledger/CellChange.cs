using Tieout.Core.Ledger.Tables;
using Tieout.Core.Money;

namespace Tieout.Core.Ledger;

/// <summary>Which cell: the hour (UTC) and the labels.</summary>
public readonly record struct CellKey(long Hour, int Labels)
{
    public override int GetHashCode() => unchecked((Labels * 397) ^ (int)Hour);
}

/// <summary>What a batch adds to a cell. An hour's cells sum to its usage rows and charge postings.</summary>
public sealed class CellChange(CellKey key) : UsageSums
{
    public CellKey Key { get; } = key;

    /// <summary>Charge postings and their corrections.</summary>
    public Amount Charge { get; set; }

    /// <summary>What <see cref="Figures"/> are, as <see cref="CellsTable"/> calls them; the last two are amounts.</summary>
    public static ReadOnlySpan<string> FigureNames => FigureList<CellsTable, CellChange>.Names;

    /// <summary>All of it, amounts in nano-units.</summary>
    public Int128[] Figures => FigureList<CellsTable, CellChange>.Values(this);

    /// <summary>The weightiest figure in which stored ones differ from these, in words; null: they are the same.</summary>
    public string? Differs(ReadOnlySpan<Int128> stored)
    {
        var figures = Figures;
        for (var i = figures.Length - 1; i >= 0; i--)
        {
            if (stored[i] == figures[i]) continue;
            var isAmount = i >= figures.Length - 2;
            return $"{FigureNames[i]} {(isAmount ? new Amount(stored[i]).ToString() : stored[i])}, its rows come to {(isAmount ? new Amount(figures[i]).ToString() : figures[i])}";
        }

        return null;
    }

    /// <summary>A cell with these figures.</summary>
    /// <param name="figures">In the order of <see cref="FigureNames"/>, amounts in nano-units.</param>
    /// <exception cref="OverflowException">A count of records has more than 64 bits, so nobody counted it.</exception>
    public static CellChange Of(CellKey key, ReadOnlySpan<Int128> figures) => new(key)
    {
        Attempts = (long)figures[0],
        Failures = (long)figures[1],
        InputTokens = figures[2],
        CacheReadTokens = figures[3],
        CacheWriteTokens = figures[4],
        OutputTokens = figures[5],
        ReasoningTokens = figures[6],
        ProviderCost = new(figures[7]),
        Charge = new(figures[8]),
    };

    /// <summary>Adds another change of the same cell.</summary>
    public void Add(CellChange other)
    {
        AddUsage(other);
        Charge += other.Charge;
    }

    /// <summary>This and another change of the same cell.</summary>
    public CellChange Plus(CellChange other)
    {
        var sum = new CellChange(Key);
        sum.Add(this);
        sum.Add(other);
        return sum;
    }

    /// <summary>Adds one usage record and its charge.</summary>
    public void Count(UsageRow row)
    {
        Count(UsageFacts.Of(row));
        Charge += row.Charge;
    }
}

/// <summary>What of a usage record counts in windows and cells.</summary>
public readonly record struct UsageFacts(
    int Labels, string? EndUser, bool Failed, long InputTokens, long CacheReadTokens, long CacheWriteTokens, long OutputTokens, long ReasoningTokens,
    Amount ProviderCost)
{
    public static UsageFacts Of(UsageRow row)
    {
        var counts = row.Usage.Counts;
        return new(
            row.Labels, row.Usage.EndUser, row.Usage.Failed, counts.InputTokens, counts.CacheReadTokens, counts.CacheWriteTokens, counts.OutputTokens,
            counts.ReasoningTokens, row.ProviderCost);
    }
}
