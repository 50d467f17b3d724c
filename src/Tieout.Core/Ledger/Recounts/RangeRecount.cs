using System.Runtime.InteropServices;
using Tieout.Core.Budgets;

namespace Tieout.Core.Ledger.Recounts;

/// <summary>Whether a report has one sum for its whole range, or one for each day or hour.</summary>
public enum RecountSlot
{
    /// <summary>One sum for the whole range.</summary>
    Range,

    /// <summary>A sum for each day in the org's zone.</summary>
    Day,

    /// <summary>A sum for each hour of UTC.</summary>
    Hour,
}

/// <summary>What of one org is summed.</summary>
/// <param name="To">Not included.</param>
public sealed record RecountQuery(OrgState Org, Instant From, Instant To, RecountSlot Slot = RecountSlot.Range)
{
    public RangeCut Cut { get; } = RangeCut.Of(From, To, Org.Zone, Slot);

    public bool Contains(Instant at) => From <= at && at < To;

    /// <summary>When the slot begins that an instant lies in.</summary>
    public Instant SlotOf(Instant at) => Slot switch
    {
        RecountSlot.Day => Window.Of(WindowUnit.Day, at, Org.Zone).Start,
        RecountSlot.Hour => Recount.HourOf(at),
        _ => From,
    };
}

/// <summary>Sums the lines of a range, and the rows of which there are no lines, by slot and labels.</summary>
public sealed class RangeRecount(RecountQuery query)
{
    private readonly Dictionary<(Instant Slot, int Labels), RecountLine> _lines = [];
    private readonly int _revenue = query.Org.AccountNo(AccountKind.Revenue);

    public RecountQuery Query => query;

    /// <summary>By slot and labels; the key's start is the slot's.</summary>
    public IEnumerable<RecountLine> Lines => _lines.Values.OrderBy(line => line.Key.Start).ThenBy(line => line.Key.Labels);

    public void Add(RecountLine line) => At(line.Key.Start, line.Key.Labels).Add(line);

    /// <summary>A usage row of the org. One that counts outside the range is left out.</summary>
    public void Add(in CountedUsage usage)
    {
        if (query.Contains(usage.EffectiveAt)) At(usage.EffectiveAt, usage.Labels).Count(usage);
    }

    /// <summary>A posting of the org. One that counts outside the range, or is no charge nor its correction, is left out.</summary>
    public void Add(in CountedPosting posting)
    {
        if (query.Contains(posting.EffectiveAt) && (posting.Debit == _revenue || posting.Credit == _revenue))
        {
            At(posting.EffectiveAt, posting.Labels).Count(posting);
        }
    }

    private RecountLine At(Instant at, int labels)
    {
        var slot = query.SlotOf(at);
        ref var line = ref CollectionsMarshal.GetValueRefOrAddDefault(_lines, (slot, labels), out _);
        return line ??= new(new(query.Org.FirstAccount, query.Slot == RecountSlot.Day ? RecountSpan.Day : RecountSpan.Hour, slot, labels));
    }
}

/// <summary>Counts how the usage rows of a range ended and were corrected, by slot, labels, traits and the ids that they lack.</summary>
public sealed class StatusSums(RecountQuery query)
{
    private readonly Dictionary<StatusKey, StatusLine> _lines = [];

    public IReadOnlyList<StatusLine> Lines =>
    [
        .. _lines.Values.OrderBy(line => line.Key.Of.Start).ThenBy(line => line.Key.Of.Labels).ThenBy(line => line.Key.Traits.Number)
            .ThenBy(line => line.Key.Absent),
    ];

    public void Add(StatusLine line) => At(line.Key.Of.Start, line.Key.Of.Labels, line.Key.Traits, line.Key.Absent).Add(line);

    /// <summary>A usage row of the org. One that counts outside the range is left out.</summary>
    public void Add(CountedUsage usage)
    {
        if (query.Contains(usage.EffectiveAt)) At(usage.EffectiveAt, usage.Labels, usage.Traits, usage.Absent).Count(usage);
    }

    /// <summary>A posting of the org. One that counts outside the range, or corrects no usage, is left out.</summary>
    public void Add(CountedPosting posting)
    {
        if (posting.CorrectsUsage && query.Contains(posting.EffectiveAt))
        {
            At(posting.EffectiveAt, posting.Labels, posting.Traits, posting.Absent).Count(posting);
        }
    }

    private StatusLine At(Instant at, int labels, UsageTraits traits, AbsentIds absent)
    {
        var key = new StatusKey(new(query.Org.FirstAccount, RecountSpan.Day, query.SlotOf(at), labels), traits, absent);
        ref var line = ref CollectionsMarshal.GetValueRefOrAddDefault(_lines, key, out _);
        return line ??= new(key);
    }
}
