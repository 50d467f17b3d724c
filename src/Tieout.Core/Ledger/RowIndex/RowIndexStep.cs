using System.Runtime.InteropServices;
using Tieout.Core.Ledger.Recounts;

namespace Tieout.Core.Ledger.RowIndex;

/// <summary>The index entries of some usage rows, which come in the order of their numbers.</summary>
public sealed class RowIndexStep
{
    private readonly Dictionary<HourRowsKey, HourRows> _hours = [];

    /// <summary>Each list has the new rows alone.</summary>
    public IReadOnlyCollection<HourRows> Hours => _hours.Values;

    public void Add(in CountedUsage usage)
    {
        var key = HourRowsKey.Of(usage);
        ref var rows = ref CollectionsMarshal.GetValueRefOrAddDefault(_hours, key, out _);
        (rows ??= new(key)).Add(usage.Seq);
    }
}
