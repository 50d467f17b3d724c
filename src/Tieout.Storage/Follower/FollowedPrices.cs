using Tieout.Core.Pricing;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Follower;

/// <summary>Prices of usage rows by their numbers. A price never changes, so it is read once.</summary>
internal sealed class FollowedPrices
{
    private const int NumbersTogether = 200;

    private readonly Dictionary<int, string> _texts = [];
    private readonly Dictionary<int, ResolvedPrice?> _prices = [];
    private int _last;

    /// <summary>Reads those that came since the last time.</summary>
    public void Learn(ILedgerTables ledger, int last)
    {
        if (last <= _last) return;
        using var rows = ledger.Select("SELECT no, body FROM prices WHERE no > ? AND no <= ?", _last, last);
        while (rows.Step()) _texts[(int)rows.Int64(0)] = rows.Text(1);
        _last = last;
    }

    /// <summary>Reads some of them.</summary>
    public void Learn(ILedgerTables ledger, IEnumerable<int> numbers)
    {
        foreach (var together in numbers.Where(no => no > 0 && !_texts.ContainsKey(no)).Distinct().Chunk(NumbersTogether))
        {
            using var rows = ledger.Select($"SELECT no, body FROM prices WHERE no IN ({string.Join(", ", together)})");
            while (rows.Step()) _texts[(int)rows.Int64(0)] = rows.Text(1);
        }
    }

    /// <returns>Null: there is none, or it is no price, which <c>verify</c> names.</returns>
    public ResolvedPrice? Find(int no)
    {
        if (no == 0) return null;
        if (_prices.TryGetValue(no, out var known)) return known;
        ResolvedPrice? price = null;
        try
        {
            if (_texts.TryGetValue(no, out var text)) price = ResolvedPrice.Parse(text);
        }
        catch (FormatException)
        {
            // Its rows count as rows without a price.
        }

        return _prices[no] = price;
    }
}
