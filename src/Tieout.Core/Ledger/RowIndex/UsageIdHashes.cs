namespace Tieout.Core.Ledger.RowIndex;

/// <summary>The hashes of a usage row's ids (<see cref="IdEntry.HashOf"/>). A value without memory of its own: there is one for every row that is counted.</summary>
public readonly record struct UsageIdHashes
{
    private uint? Operation { get; init; }

    private uint? Correlation { get; init; }

    private uint? Trace { get; init; }

    private uint? Workflow { get; init; }

    /// <summary>The end user's, of 64 bits (<see cref="IdEntry.WideHashOf"/>), from which distinct users are counted; null: the row names none.</summary>
    public ulong? EndUser { get; private init; }

    public UsageIdHashes With(UsageIdKind kind, ReadOnlySpan<char> id)
    {
        var wide = IdEntry.WideHashOf(kind, id);
        var hash = IdEntry.Upper(wide);
        return kind switch
        {
            UsageIdKind.Operation => this with { Operation = hash },
            UsageIdKind.Correlation => this with { Correlation = hash },
            UsageIdKind.Trace => this with { Trace = hash },
            UsageIdKind.Workflow => this with { Workflow = hash },
            UsageIdKind.EndUser => this with { EndUser = wide },
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "No such kind of id."),
        };
    }

    /// <summary>Of the kind; null: the row has no such id.</summary>
    public uint? Of(UsageIdKind kind) => kind switch
    {
        UsageIdKind.Operation => Operation,
        UsageIdKind.Correlation => Correlation,
        UsageIdKind.Trace => Trace,
        UsageIdKind.Workflow => Workflow,
        UsageIdKind.EndUser => EndUser is { } wide ? IdEntry.Upper(wide) : null,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "No such kind of id."),
    };

    /// <param name="org">Number of the org's first account.</param>
    /// <param name="seq">Number of the usage row that has the ids.</param>
    internal void AddTo(List<IdEntry> entries, int org, long seq)
    {
        foreach (var kind in UsageIds.Kinds)
        {
            if (Of(kind) is { } hash) entries.Add(new(IdEntry.KeyOf(org, hash), seq));
        }
    }
}
