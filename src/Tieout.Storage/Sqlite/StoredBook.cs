using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Writing;

namespace Tieout.Storage.Sqlite;

/// <summary>The book that decisions are made on, kept in memory, and how it gets from the store what it does not hold. For the thread that decides.</summary>
/// <remarks>
/// In memory: what governs, accounts, labels, prices, open holds, and windows that have not been over for long. Everything
/// else is recalled for the batch that asks for it and let go again, so memory does not grow with the number of charges.
/// </remarks>
internal sealed partial class StoredBook : IStoredBook
{
    /// <summary>How long after its end a window stays in memory: longer than nearly every hold, so that settling need not read.</summary>
    public static readonly TimeSpan WindowsKept = TimeSpan.FromHours(1);

    private readonly StoredRows _rows;
    private readonly StoredAttempts _besideCommits;
    private readonly StoredAttempts _betweenCommits;
    private StoredAttempts _attempts;
    private readonly List<BudgetState> _matching = [];

    // No stored id is above it, so an id above it is new and need not be looked up. Ids are time-ordered, so most are.
    private AttemptId _newestId;

    private StoredBook(Book book, StoredRows rows, RawConnection reads, RawConnection writes)
    {
        Book = book;
        _rows = rows;
        _besideCommits = _attempts = new(reads, rows.Labels);
        _betweenCommits = new(writes, rows.Labels);
    }

    public Book Book { get; }

    /// <summary>Makes the book hold everything that deciding <paramref name="commands"/> looks at.</summary>
    /// <param name="revisited">Gets the ids of attempts that were known before this batch: to be let go of when it is durable.</param>
    /// <param name="isCommitting">Whether a commit is under way. If not, the committing thread's connection is free, and it has the pages of the ids
    /// in its memory, where the other's are void after each commit.</param>
    public void Prefetch(IReadOnlyList<Command> commands, List<AttemptId> revisited, bool isCommitting)
    {
        _attempts = isCommitting ? _besideCommits : _betweenCommits;
        try
        {
            RecallAll(commands, revisited);
        }
        finally
        {
            _attempts.EndReading();
        }
    }

    /// <summary>Takes in what was decided.</summary>
    public void Apply(WriteSet writes)
    {
        Book.Apply(writes);
        foreach (var row in writes.Labels) _rows.Add(row);
        foreach (var row in writes.Holds) See(row.Hold.Id);
        foreach (var row in writes.Usage) See(row.Usage.Id);
    }

    /// <summary>Lets go of an attempt unless its hold is open. Only when all that is known of it is durable.</summary>
    public void Forget(AttemptId id)
    {
        if (Book.Attempt(id) is { State: not HoldState.Open }) Book.Forget(id);
    }

    /// <summary>Lets go of windows that have long been over and of money commands. Only when nothing is in flight and all is flushed.</summary>
    /// <returns>The windows let go of.</returns>
    public List<WindowKey> LetGo(Instant now)
    {
        Book.ForgetRecalled();
        var from = now - WindowsKept;
        var over = Book.Windows.Values.Where(window => window.End <= from && window.Held == Amount.Zero).Select(window => window.Key).ToList();
        foreach (var key in over) Book.Forget(key);
        Book.WindowsFrom = from;
        return over;
    }

    public void Dispose()
    {
        _rows.Dispose();
        _besideCommits.Dispose();
        _betweenCommits.Dispose();
    }

    private void RecallAll(IReadOnlyList<Command> commands, List<AttemptId> revisited)
    {
        for (var i = 0; i < commands.Count; i++)
        {
            if (commands[i].Audit?.Approval is { } terms) RecallObject(CommandOrg.Of(commands[i]) ?? "", ObjectKind.Proposal, terms.ProposalId);
            switch (commands[i])
            {
                case Command.Charge charge:
                    Recall(charge.Usage.Usage.Id, revisited);
                    RecallWindows(charge.Usage.Usage.Labels, charge.Usage.Usage.EndUser, charge.Usage.Usage.OccurredAt);
                    RecallLineage(charge.Usage.Usage.Labels.Org, charge.Usage.Usage.OperationId, charge.Lineage);
                    break;
                case Command.PlaceHold hold:
                    Recall(hold.Id, revisited);
                    RecallLineage(hold.Labels.Org, hold.OperationId, hold.Lineage);
                    break;
                case Command.Settle settle:
                    RecallEnding(settle.Usage.Usage.Id, revisited);
                    foreach (var part in settle.Inside) Recall(part.Usage.Id, revisited);
                    break;
                case Command.Release release:
                    RecallEnding(release.Id, revisited);
                    break;
                case Command.ExpireHold expire:
                    RecallEnding(expire.Id, revisited);
                    break;
                case Command.TopUp topUp:
                    RecallCommand(topUp.Org, topUp.Id);
                    break;
                case Command.Grant grant:
                    RecallCommand(grant.Org, grant.Id);
                    break;
                case Command.RecordHop hop:
                    RecallLineage(hop.Org, hop.OperationId, hop.Lineage);
                    break;
                case Command.KeepObject { Object: var what }:
                    RecallObject(what.Org, what.Kind, what.Id);
                    break;
                case Command.EndObject end:
                    RecallObject(end.Org, end.Kind, end.Id);
                    break;
                case Command.Announce announce:
                    RecallAnnounced(announce.Org, announce.Id);
                    break;
                case Command.ChargeRecorded charge:
                    RecallCommand(charge.Org, charge.Id);
                    if (_rows.Usage(charge.Usage) is { } recorded)
                    {
                        Book.Recall(recorded);
                        RecallWindows(recorded.Usage.Labels, recorded.Usage.EndUser, recorded.EffectiveAt);
                    }

                    break;
                case Command.Correct correct:
                    RecallCorrected(correct);
                    break;
                case Command.Recharge recharge:
                    RecallAll([.. recharge.Parts], revisited);
                    break;
                case Command.Together together:
                    RecallAll(together.Parts, revisited);
                    break;
                case Command.ApproveProposal approve:
                    RecallObject(approve.Org, ObjectKind.Proposal, approve.Proposal);
                    RecallAll([approve.Action], revisited);
                    break;
                case Command.RejectProposal reject:
                    RecallObject(reject.Org, ObjectKind.Proposal, reject.Proposal);
                    break;
            }
        }
    }

    private void See(AttemptId id)
    {
        if (id.CompareTo(_newestId) > 0) _newestId = id;
    }

    private Attempt? Recall(AttemptId id, List<AttemptId> revisited)
    {
        if (id.CompareTo(_newestId) > 0) return null;
        var known = Book.Attempt(id);
        if (known is null)
        {
            known = _attempts.Find(id);
            if (known is null) return null;
            Book.Recall(id, known);
        }

        revisited.Add(id);
        return known;
    }

    private void RecallEnding(AttemptId id, List<AttemptId> revisited)
    {
        if (Recall(id, revisited) is { Hold: { } hold }) RecallWindows(hold.Scope, hold.EndUser, hold.HeldAt);
    }

    private void RecallCommand(string org, string id)
    {
        if (Book.Command(org, id) is null && _rows.Command(org, id) is { } row) Book.Recall(row);
    }

    private void RecallAnnounced(string org, string id)
    {
        if (Book.Announced(org, id) is null && _rows.Announced(org, id) is { } row) Book.Recall(row);
    }

    private void RecallObject(string org, ObjectKind kind, string id)
    {
        if (Book.Object(org, kind, id) is null && _rows.Object(org, kind, id) is { } kept) Book.Recall(kept);
    }

    private void RecallLineage(string org, string operation, LineageAppend? append)
    {
        if (append is not { IsNew: false, Row.Issuance: var issuance } || Book.LineageHead(org, operation, issuance) is not null) return;
        if (_rows.LineageHead(org, operation, issuance) is { } head) Book.Recall(org, operation, issuance, head);
    }

    private void RecallCorrected(Command.Correct correct)
    {
        RecallCommand(correct.Org, correct.Id);
        if (_rows.Posting(correct.Posting, OrgOf) is not { } before) return;
        Book.Recall(before);
        if (before.Usage is { } usage) RecallWindows(usage.Usage.Labels, usage.Usage.EndUser, before.Posting.EffectiveAt);
    }

    /// <summary>The windows that count something at <paramref name="at"/>, if they are old enough to have been let go of.</summary>
    private void RecallWindows(UsageLabels labels, string? endUser, Instant at)
    {
        if (at >= Book.WindowsFrom) return;
        _matching.Clear();
        Book.Budgets.Matching(labels, endUser, _matching);
        foreach (var budget in _matching)
        {
            var key = new WindowKey(budget.No, budget.WindowAt(at).Start, budget.IsPerUser ? endUser : null);
            if (Book.Window(key) is null && _rows.Window(key) is { } window) Book.Recall(window);
        }
    }

    private string OrgOf(int account) =>
        Book.Accounts.TryGetValue(account, out var known) ? known.Org : throw new StoreCorruptException($"A posting names account {account}, which is not there.");
}
