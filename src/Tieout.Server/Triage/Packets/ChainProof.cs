using System.Security.Cryptography;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage;

namespace Tieout.Server.Triage.Packets;

/// <summary>The commits that hold the disputed rows, so that an outsider computes their hashes again (L8). Of rows that are not the org's business there is the
/// hash alone.</summary>
internal sealed class ChainProof(IChainReader chain)
{
    private const string OthersRow = "another tenant's or the platform's";
    private const string Administrative = "administrative: it may say what concerns others";
    private const string NamesOthers = "it names another tenant";

    /// <summary>Rows of these tables say what was used, charged and handed on. The others (settings, actions of people, messages) stay in the ledger.</summary>
    private static readonly string[] Shown =
    [
        LabelsTable.Name, CommandsTable.Name, HoldsTable.Name, HoldEndsTable.Name, UsageTable.Name, PostingsTable.Name, FindingsTable.Name, LineageTable.Name,
    ];

    /// <param name="steps">Lineage of the disputed operations.</param>
    /// <exception cref="RowsArchivedException">An archive has one of the commits.</exception>
    public async Task<IReadOnlyList<CommitBody>> OfAsync(
        Dispute dispute, IReadOnlyList<LineageEntry> steps, OtherTenants others, CancellationToken cancellationToken)
    {
        var org = dispute.Org.Org.Id;
        var used = dispute.Attempts.Select(attempt => attempt.Usage).OfType<UsageRow>().ToList();
        var prices = used.Select(usage => usage.Price).Where(price => price > 0).ToHashSet();
        var labels = used.Select(usage => usage.Labels)
            .Concat(dispute.Attempts.Select(attempt => attempt.Attempt.Hold?.Labels).OfType<int>()).ToHashSet();
        var commits = await chain.CommitsAsync(
            new(org, dispute.Attempts.SelectMany(attempt => attempt.Commits).ToHashSet(), [.. steps.Select(step => step.Seq)], labels, prices),
            cancellationToken);
        return [.. commits.Select(commit => Body(commit, org, prices, others))];
    }

    private static CommitBody Body(CommitProof commit, string org, HashSet<int> prices, OtherTenants others)
    {
        var rows = commit.Rows.Select(row => Body(row, org, prices, others)).ToList();
        return new(
            commit.Bucket, commit.Commit, commit.RecordedAt.ToString(), commit.RecordedAt.UnixMicros, Convert.ToHexStringLower(commit.Previous),
            Convert.ToHexStringLower(commit.Hash), rows.TrueForAll(row => row.Fields is not null), rows);
    }

    private static CommitRowBody Body(ProofRow row, string org, HashSet<int> prices, OtherTenants others)
    {
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(row.Bytes));
        var hidden = Hidden(row, org, prices, others);

        // The table of a row of others would say what they did.
        return hidden is null
            ? new(row.Table, row.Tag, sha256, [.. row.Fields.Select(field => new RowFieldBody(field.Name, field.Kind, field.Value))], Hidden: null)
            : new(hidden == OthersRow ? "hidden" : row.Table, Tag: null, sha256, Fields: null, hidden);
    }

    /// <summary>Why a row is not shown; null: it is.</summary>
    private static string? Hidden(ProofRow row, string org, HashSet<int> prices, OtherTenants others)
    {
        if (row.Table == PricesTable.Name) return prices.Contains((int)row.Number) ? null : OthersRow;
        if (row.Org != org) return OthersRow;
        if (!Shown.Contains(row.Table)) return Administrative;
        return row.Fields.Any(field => others.AreNamedIn(field.Value)) ? NamesOthers : null;
    }
}
