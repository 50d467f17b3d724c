using Tieout.Core;
using Tieout.Core.Ledger;

namespace Tieout.Storage;

/// <summary>All that the ledger wrote about one attempt, each with the commit that made it durable.</summary>
/// <param name="Held">Null: it was charged without a hold.</param>
/// <param name="Ended">Null: the hold is open, or there was none.</param>
/// <param name="Used">Null: no usage came of it yet.</param>
/// <param name="Postings">Its charge and whatever corrected that, in the order posted.</param>
/// <param name="Outbox">Messages of the org from those commits: they may be about others too.</param>
public sealed record AttemptRecords(
    CommitLink? Held, HoldEnding? Ended, CommitLink? Used, IReadOnlyList<Committed<Posting>> Postings,
    IReadOnlyList<Committed<FindingRow>> Findings, IReadOnlyList<Committed<OutboxRow>> Outbox);

/// <summary>A row with the commit that made it durable.</summary>
public sealed record Committed<T>(T Row, CommitLink Commit);

/// <summary>How a hold ended.</summary>
public sealed record HoldEnding(HoldState State, Instant At, CommitLink Commit);

/// <summary>The time that begins an id of version 7, to a quarter of a second (40 of its bits), as it is written in text.</summary>
internal static class IdTime
{
    private const int TextLength = 11;

    /// <summary>Whether the text begins as the id does, in lower case: <c>0199a3c1-7e</c>.</summary>
    public static bool IsThatOf(Guid id, ReadOnlySpan<char> text)
    {
        if (text.Length < TextLength) return false;
        Span<char> written = stackalloc char[36];
        id.TryFormat(written, out _);
        return written[..TextLength].SequenceEqual(text[..TextLength]);
    }

    /// <summary>Ids that begin with the same time as the text does; null: the text does not begin as an id does.</summary>
    public static (Guid First, Guid Last)? Around(string text)
    {
        if (text.Length < TextLength || text[8] != '-') return null;
        var time = string.Concat(text.AsSpan(0, 8), text.AsSpan(9, 2));
        foreach (var c in time)
        {
            if (c is not ((>= '0' and <= '9') or (>= 'a' and <= 'f'))) return null;
        }

        return (Guid.ParseExact(time + new string('0', 22), "N"), Guid.ParseExact(time + new string('f', 22), "N"));
    }
}
