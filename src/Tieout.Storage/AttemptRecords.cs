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
