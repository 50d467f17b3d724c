using System.Collections.Immutable;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Reconciliation.Journals;

/// <summary>Postings as a journal of plain-text accounting, so that a program that is not ours can arrive at the same balances.</summary>
/// <remarks>Signs are the other way round there: a debit is positive. What the ledger calls a balance of 998.5 is −998.5 in the journal.</remarks>
public abstract class JournalText(OrgState org)
{
    /// <summary>In the order of <see cref="AccountKind"/>.</summary>
    private static readonly ImmutableArray<AccountKind> Kinds = [AccountKind.Customer, AccountKind.Revenue, AccountKind.Funding, AccountKind.Promotion];

    protected OrgState Org => org;

    /// <summary>Once, before everything.</summary>
    public abstract string Header();

    /// <summary>Balances carried forward: what the accounts stood at when the range began. They sum to zero (L1).</summary>
    /// <param name="balances">By account kind, as the ledger signs them.</param>
    public string Opening(Instant from, IReadOnlyDictionary<AccountKind, Amount> balances) =>
        Transaction(Day(from), "opening balances", [], [.. Kinds.Select(kind => (Account(kind), -balances.GetValueOrDefault(kind)))]);

    public string Transaction(in Posting posting)
    {
        var tags = new List<(string, string)> { ("posting", Number(posting.Seq)), ("recorded", posting.RecordedAt.ToString()) };
        if (posting.UsageSeq > 0) tags.Add(("usage", Number(posting.UsageSeq)));
        if (posting.CommandId is { } id) tags.Add(("command", id));
        if (posting.Reverses > 0) tags.Add(("reverses", Number(posting.Reverses)));
        if (posting.Reason is { } reason) tags.Add(("reason", OneLine(reason)));
        return Transaction(
            Day(posting.EffectiveAt), Text(posting.Kind), tags,
            [(Account(org.KindOf(posting.Debit)), posting.Amount), (Account(org.KindOf(posting.Credit)), -posting.Amount)]);
    }

    /// <summary>The name that an account has in the journal.</summary>
    public string Account(AccountKind kind) => Account(kind, org.Org.Billing == BillingMode.Postpaid);

    protected abstract string Account(AccountKind kind, bool isPostpaid);

    protected abstract string Transaction(
        string day, string description, IReadOnlyList<(string Name, string Value)> tags, IReadOnlyList<(string Account, Amount Amount)> entries);

    protected IEnumerable<string> Accounts => Kinds.Select(Account);

    private string Day(Instant at) =>
        LocalTime.DayOf(at, org.Zone).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);

    private static string Text(PostingKind kind) => kind switch
    {
        PostingKind.TopUp => "top-up",
        PostingKind.Grant => "grant",
        PostingKind.GrantExpiry => "grant expired",
        PostingKind.Charge => "charge",
        PostingKind.Reversal => "reversal",
        PostingKind.ReEntry => "re-entry",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "A posting of a kind that no journal knows."),
    };

    private static string Number(long number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static string OneLine(string text) => string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c)).Trim();
}
