using System.Runtime.InteropServices;
using Tieout.Core.Ledger.Recounts;

namespace Tieout.Core.Ledger.RowIndex;

/// <summary>The index entries of some usage rows, which come in the order of their numbers.</summary>
public sealed class RowIndexStep
{
    private readonly Dictionary<HourRowsKey, HourRows> _hours = [];
    private readonly List<IdEntry> _ids = [];

    /// <summary>Each list has the new rows alone.</summary>
    public IReadOnlyCollection<HourRows> Hours => _hours.Values;

    /// <summary>Ascending.</summary>
    public IdEntry[] Ids()
    {
        _ids.Sort();
        return [.. _ids];
    }

    public void Add(in CountedUsage usage, in UsageIds ids, OrgState org)
    {
        var key = HourRowsKey.Of(usage);
        ref var rows = ref CollectionsMarshal.GetValueRefOrAddDefault(_hours, key, out _);
        (rows ??= new(key)).Add(usage.Seq);
        foreach (var (kind, id) in ids.All()) _ids.Add(new(IdEntry.KeyOf(org.FirstAccount, kind, id), usage.Seq));
    }
}
