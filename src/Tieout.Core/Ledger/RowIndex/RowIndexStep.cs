using System.Runtime.InteropServices;
using Tieout.Core.Ledger.Recounts;

namespace Tieout.Core.Ledger.RowIndex;

/// <summary>The index entries of some usage rows and postings, which each come in the order of their numbers.</summary>
public sealed class RowIndexStep
{
    private readonly Dictionary<HourRowsKey, HourRows> _hours = [];
    private readonly List<IdEntry> _ids = [];

    /// <summary>Each list has the new rows alone.</summary>
    public IReadOnlyCollection<HourRows> Hours => _hours.Values;

    /// <summary>Ascending.</summary>
    public ReadOnlySpan<IdEntry> Ids()
    {
        _ids.Sort();
        return CollectionsMarshal.AsSpan(_ids);
    }

    public void Add(in CountedUsage usage, in UsageIdHashes ids, OrgState org)
    {
        Add(HourRowsKey.Of(usage), usage.Seq);
        ids.AddTo(_ids, org.FirstAccount, usage.Seq);
    }

    /// <summary>A posting; one that corrects no usage is left out.</summary>
    public void Add(in CountedPosting posting)
    {
        if (HourRowsKey.Of(posting) is { } key) Add(key, posting.Seq);
    }

    private void Add(HourRowsKey key, long seq)
    {
        ref var rows = ref CollectionsMarshal.GetValueRefOrAddDefault(_hours, key, out _);
        (rows ??= new(key)).Add(seq);
    }
}
