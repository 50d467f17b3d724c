using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Money;

namespace Tieout.Core.Tests.Ledger;

/// <summary>The smallest thing that behaves like a store: a book, and every row ever written.</summary>
internal sealed class MemoryLedger
{
    private const int Limit = int.MaxValue;

    public Book Book { get; } = new();
    public Instant Now { get; set; } = Instant.From(new DateTimeOffset(2026, 3, 10, 12, 0, 0, TimeSpan.Zero));

    public List<SettingRow> Settings { get; } = [];
    public List<HoldRow> Holds { get; } = [];
    public List<HoldEnd> Ends { get; } = [];
    public List<UsageRow> Usage { get; } = [];
    public List<PostingRow> Postings { get; } = [];
    public List<CommandRow> Commands { get; } = [];
    public List<FindingRow> Findings { get; } = [];
    public List<OutboxRow> Outbox { get; } = [];
    public List<AuditRow> Audit { get; } = [];
    public List<RecordRow> Records { get; } = [];
    public List<ChainRow> Chain { get; } = [];

    public Outcome Submit(Command command) => Submit([command])[0];

    public IReadOnlyList<Outcome> Submit(IReadOnlyList<Command> commands)
    {
        foreach (var command in commands) Recall(command);
        var writes = LedgerRules.Decide(Book, commands, Now);
        Book.Apply(writes);
        if (!writes.IsEmpty) Chain.Add(writes.Chain);
        Settings.AddRange(writes.Settings);
        Holds.AddRange(writes.Holds);
        Ends.AddRange(writes.HoldsEnded);
        Usage.AddRange(writes.Usage);
        Postings.AddRange(writes.Postings);
        Commands.AddRange(writes.Commands);
        Findings.AddRange(writes.Findings);
        Outbox.AddRange(writes.Outbox);
        Audit.AddRange(writes.Audit);
        Records.AddRange(writes.Records);
        return writes.Outcomes;
    }

    public Account Customer(string org) => Book.Account(Book.Org(org)!.AccountNo(AccountKind.Customer));

    public Recomputation Recompute()
    {
        var fresh = new Book();
        foreach (var row in Settings) fresh.Recall(row);
        var again = new Recomputation(fresh);
        foreach (var row in Postings)
        {
            var posting = row.Posting;
            var usage = posting.UsageSeq == 0 ? null : Usage[(int)posting.UsageSeq - 1];
            again.Add(posting, usage, Commands.Find(command => command.Posting == posting.Seq));
        }

        foreach (var hold in Holds) again.Add(hold.Hold);
        foreach (var end in Ends) again.End(end.Hold);
        return again;
    }

    /// <summary>Everything that money and budgets stand at, as text: equal states, equal text.</summary>
    public string State()
    {
        var accounts = Book.Accounts.Values.OrderBy(account => account.No)
            .Select(account => $"{account.No} {account.Debits} {account.Credits} {account.Held} {account.Version} {string.Join(',', account.Grants)}");
        var windows = Book.Windows.Values.Where(window => window.Posted != Amount.Zero || window.Held != Amount.Zero)
            .OrderBy(window => window.Key.Budget).ThenBy(window => window.Key.Start).ThenBy(window => window.Key.Each, StringComparer.Ordinal)
            .Select(window => $"{window.Key} {window.Posted} {window.Held} {window.LastAlertedPercent}");
        return string.Join('\n', [.. accounts, .. windows, Book.Last.ToString(), Convert.ToHexString(Book.ChainHash)]);
    }

    // What a real store looks up before a decision.
    private void Recall(Command command)
    {
        switch (command)
        {
            case Command.Correct correct when correct.Posting > 0 && correct.Posting <= Postings.Count:
                var posting = Postings[(int)correct.Posting - 1].Posting;
                var usage = posting.UsageSeq == 0 ? null : Usage[(int)posting.UsageSeq - 1];
                Book.Recall(
                    new PostedBefore(posting, usage, Postings.Exists(row => row.Posting.Kind == PostingKind.Reversal && row.Posting.Reverses == posting.Seq)));
                break;
            case Command.Recharge recharge:
                foreach (var part in recharge.Parts) Recall(part);
                break;
            case Command.Together together:
                foreach (var part in together.Parts) Recall(part);
                break;
            case Command.ApproveProposal approve:
                Recall(approve.Action);
                break;
            case Command.Announce announce when Outbox.Find(row => row.Org == announce.Org && row.Id == announce.Id) is { } told:
                Book.Recall(told);
                break;
            case Command.SetBudget set when Book.Budgets.Find(set.Budget.Id) is null && Book.Org(set.Budget.Scope.Org) is { } org:
                RecallSpendSoFar(set.Budget, org);
                break;
        }
    }

    private void RecallSpendSoFar(Budget budget, OrgState org)
    {
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(budget.TimeZone, out var zone)) return;
        var state = new BudgetState(Book.Last.Budget + 1, budget, zone, Now, Limit);
        foreach (var row in Postings)
        {
            var posting = row.Posting;
            if (posting.UsageSeq == 0) continue;
            var usage = Usage[(int)posting.UsageSeq - 1].Usage;
            if (usage.Labels.Org != org.Org.Id || !state.Counts(usage.Labels, usage.EndUser) || !state.CountsAt(posting.EffectiveAt)) continue;
            var period = state.WindowAt(posting.EffectiveAt);
            var key = new WindowKey(state.No, period.Start, state.IsPerUser ? usage.EndUser : null);
            var window = Book.Window(key) ?? new BudgetWindow(key, period.End);
            window.Posted += posting.Kind == PostingKind.Reversal ? -posting.Amount : posting.Amount;
            Book.Recall(window);
        }
    }
}
