namespace Tieout.Core.Attribution.Audit;

/// <summary>The result of an audit of a past span of time. Operations that are whole and whose attempts have all ended are settled: a later audit adds up their
/// figures and looks only at the other operations.</summary>
/// <remarks>The result holds until a later step continues one of the operations, or uses its id under another org. Then the span is audited again.</remarks>
/// <param name="From">Recorded from here on, by the ledger's clock.</param>
/// <param name="To">Not included.</param>
/// <param name="Books">Those with rows of the time.</param>
/// <param name="Lines">Settled operations by org.</param>
/// <param name="Through">By book: the last step that there was when the time was audited.</param>
public sealed record AuditedSpan(
    Instant From, Instant To, IReadOnlyList<AuditedRows> Books, IReadOnlyDictionary<string, SettledLine> Lines, IReadOnlyDictionary<int, long> Through)
{
    /// <summary>Whether a step of a book was recorded in the span.</summary>
    public bool Has(int book, long step) => Books.Any(rows => rows.Book == book && rows.Steps.Has(step));
}

/// <summary>Numbers of rows: just after one, up to and with another.</summary>
public readonly record struct RowSpan(long After, long Last)
{
    public bool Has(long row) => row > After && row <= Last;
}

/// <param name="Usage">Usage rows of the time.</param>
/// <param name="HasUnlinked">Some usage has no step, so an audit looks at it again.</param>
/// <param name="Unsettled">Parts of <paramref name="Steps"/> whose operations an audit looks at again, in their order.</param>
public sealed record AuditedRows(int Book, RowSpan Steps, RowSpan Usage, bool HasUnlinked, IReadOnlyList<RowSpan> Unsettled)
{
    /// <summary>Whether the operation that begins with a step is among the settled ones.</summary>
    public bool IsSettled(long step) => Steps.Has(step) && !Unsettled.Any(span => span.Has(step));
}

/// <summary>Settled operations of an org. All are whole, and none of their charges is in doubt.</summary>
/// <param name="Sample">The first step of one with the most attempts; null: none has more than one.</param>
public sealed record SettledLine(LineageLine Line, SampledStep? Sample);

/// <param name="Step">The number of an operation's first step in its org's book.</param>
/// <param name="Attempts">Of the operation; two or more.</param>
public readonly record struct SampledStep(long Step, int Attempts);
