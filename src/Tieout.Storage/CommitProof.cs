using Tieout.Core;
using Tieout.Core.Ledger;

namespace Tieout.Storage;

/// <summary>Which commits of an org's book are to be proved.</summary>
/// <param name="Commits">By their numbers.</param>
/// <param name="Lineage">By steps of lineages: the commit that recorded each.</param>
/// <param name="Labels">By numbers of attributions that usage or holds name.</param>
/// <param name="Prices">By numbers of prices that usage names.</param>
public sealed record CommitProofQuery(
    string Org, IReadOnlyCollection<long> Commits, IReadOnlyCollection<long> Lineage, IReadOnlyCollection<int> Labels, IReadOnlyCollection<int> Prices);

/// <summary>A commit with every row that its hash covers, in the order of the hash.</summary>
/// <param name="Previous">The hash of the commit before; 32 zero bytes before the first.</param>
public sealed record CommitProof(int Bucket, long Commit, Instant RecordedAt, byte[] Previous, byte[] Hash, IReadOnlyList<ProofRow> Rows);

/// <summary>One row of a commit.</summary>
/// <param name="Tag">The first of its canonical bytes: which table it is of.</param>
/// <param name="Number">Its number in the table.</param>
/// <param name="Org">Whom it is of; empty: the platform; null: the row does not say.</param>
/// <param name="Bytes">Its canonical bytes (L8).</param>
public sealed record ProofRow(string Table, byte Tag, long Number, string? Org, IReadOnlyList<RowField> Fields, byte[] Bytes);
