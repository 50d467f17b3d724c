using System.Text.Json.Nodes;
using Tieout.Core.Ledger;
using Tieout.Server.Http;
using Tieout.Server.Metering;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Triage.Packets;

/// <summary><c>dispute.json</c> from the ledger's rows.</summary>
internal static class DisputeFile
{
    public static DisputeBody Of(Dispute dispute) => new(
        dispute.Id, dispute.FoundAs, dispute.Org.Org.Id, dispute.Org.Org.Asset, dispute.Org.Org.TimeZone, dispute.Charged,
        dispute.Line is { } line ? Of(line) : null, dispute.LeftOut, [.. dispute.Attempts.Select(attempt => Of(attempt, dispute.Org))]);

    private static DisputedLineBody Of(DisputedLine disputed)
    {
        var (line, invoice) = (disputed.Line, disputed.Invoice);
        return new(
            invoice.Number, disputed.No, invoice.Period, line.Project, line.Provider, line.Model, SnakeCase.Of(line.Source), line.Attempts, line.Exact,
            line.Corrections, line.Amount, line.Proof.FirstPosting, line.Proof.LastPosting);
    }

    private static DisputedAttemptBody Of(DisputedAttempt attempt, OrgState org) => new(
        attempt.Id, attempt.Operation, attempt.Charged, attempt.Usage is { } usage ? UsageLine.From(usage, Viewer.Platform) : null,
        attempt.Price is { } price ? JsonNode.Parse(price.ToJson()) : null,
        attempt.Attempt.Hold is { } hold ? HoldBody.From(hold, attempt.Attempt.State, attempt.Records.Ended?.At.ToString()) : null,
        [.. attempt.Records.Postings.Select(posting => Of(posting.Row, posting.Commit, org))],
        [.. attempt.Records.Findings.Select(finding => $"{finding.Row.Code} ({finding.Row.Code.Severity}) at {finding.Row.RecordedAt}")]);

    private static DisputedPostingBody Of(in Posting posting, Storage.CommitLink commit, OrgState org) => new(
        posting.Seq, SnakeCase.Of(posting.Kind), DisputedAttempt.Signed(posting), SnakeCase.Of(org.KindOf(posting.Debit)),
        SnakeCase.Of(org.KindOf(posting.Credit)), posting.CommandId, posting.Reverses == 0 ? null : posting.Reverses, posting.Reason,
        posting.EffectiveAt.ToString(), posting.RecordedAt.ToString(), commit.Commit, Convert.ToHexStringLower(commit.Hash.Span));
}
