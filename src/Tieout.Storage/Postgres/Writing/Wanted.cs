using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;

namespace Tieout.Storage.Postgres.Writing;

/// <summary>What deciding a batch looks at and is not in memory: asked for in one go, table by table.</summary>
/// <remarks>What a command looks at is the same as in the embedded store, which asks row by row: <see cref="Sqlite.StoredBook"/>.</remarks>
/// <param name="newestId">No stored id is above it.</param>
internal sealed class Wanted(Book book, AttemptId newestId)
{
    private readonly List<BudgetState> _matching = [];

    public HashSet<Guid> Attempts { get; } = [];
    public List<AttemptId> Ending { get; } = [];
    public HashSet<(string Org, string Id)> Commands { get; } = [];
    public HashSet<long> Postings { get; } = [];
    public HashSet<long> Recorded { get; } = [];
    public HashSet<WindowKey> Windows { get; } = [];
    public HashSet<(string Org, ObjectKind Kind, string Id)> Objects { get; } = [];
    public HashSet<(string Org, string Id)> Announced { get; } = [];
    public HashSet<(string Org, string Operation, string Issuance)> Lineages { get; } = [];

    /// <summary>Adds what one command looks at.</summary>
    public void Add(Command command)
    {
        if (command.Audit?.Approval is { } terms) Objects.Add((CommandOrg.Of(command) ?? "", ObjectKind.Proposal, terms.ProposalId));
        switch (command)
        {
            case Command.Charge charge:
                AddAttempt(charge.Usage.Usage.Id);
                AddWindows(charge.Usage.Usage.Labels, charge.Usage.Usage.EndUser, charge.Usage.Usage.OccurredAt);
                if (charge.Lineage is { IsNew: false } used) Lineages.Add((charge.Usage.Usage.Labels.Org, charge.Usage.Usage.OperationId, used.Row.Issuance));
                break;
            case Command.PlaceHold hold:
                AddAttempt(hold.Id);
                if (hold.Lineage is { IsNew: false } held) Lineages.Add((hold.Labels.Org, hold.OperationId, held.Row.Issuance));
                break;
            case Command.Settle settle:
                AddEnding(settle.Usage.Usage.Id);
                foreach (var part in settle.Inside) AddAttempt(part.Usage.Id);
                break;
            case Command.Release release:
                AddEnding(release.Id);
                break;
            case Command.ExpireHold expire:
                AddEnding(expire.Id);
                break;
            case Command.TopUp topUp:
                Commands.Add((topUp.Org, topUp.Id));
                break;
            case Command.Grant grant:
                Commands.Add((grant.Org, grant.Id));
                break;
            case Command.RecordHop hop:
                Lineages.Add((hop.Org, hop.OperationId, hop.Lineage.Row.Issuance));
                break;
            case Command.KeepObject { Object: var what }:
                Objects.Add((what.Org, what.Kind, what.Id));
                break;
            case Command.EndObject end:
                Objects.Add((end.Org, end.Kind, end.Id));
                break;
            case Command.Announce announce:
                Announced.Add((announce.Org, announce.Id));
                break;
            case Command.ChargeRecorded charge:
                Commands.Add((charge.Org, charge.Id));
                Recorded.Add(charge.Usage);
                break;
            case Command.Correct correct:
                Commands.Add((correct.Org, correct.Id));
                Postings.Add(correct.Posting);
                break;
            case Command.Recharge recharge:
                foreach (var part in recharge.Parts) Add(part);
                break;
            case Command.Together together:
                foreach (var part in together.Parts) Add(part);
                break;
            case Command.ApproveProposal approve:
                Objects.Add((approve.Org, ObjectKind.Proposal, approve.Proposal));
                Add(approve.Action);
                break;
            case Command.RejectProposal reject:
                Objects.Add((reject.Org, ObjectKind.Proposal, reject.Proposal));
                break;
        }
    }

    /// <summary>The windows that count something at <paramref name="at"/>, if they are old enough to have been let go of.</summary>
    public void AddWindows(UsageLabels labels, string? endUser, Instant at)
    {
        if (at >= book.WindowsFrom) return;
        _matching.Clear();
        book.Budgets.Matching(labels, endUser, _matching);
        foreach (var budget in _matching)
        {
            var key = new WindowKey(budget.No, budget.WindowAt(at).Start, budget.IsPerUser ? endUser : null);
            if (book.Window(key) is null) Windows.Add(key);
        }
    }

    private void AddAttempt(AttemptId id)
    {
        if (id.CompareTo(newestId) <= 0 && book.Attempt(id) is null) Attempts.Add(id.Value);
    }

    private void AddEnding(AttemptId id)
    {
        AddAttempt(id);
        Ending.Add(id);
    }
}
