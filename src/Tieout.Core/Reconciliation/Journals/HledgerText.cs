using System.Text;
using Tieout.Core.Ledger;
using Tieout.Core.Money;

namespace Tieout.Core.Reconciliation.Journals;

/// <summary>hledger's journal format. Accounts begin with its own words for their types, so its balance sheet and income statement work.</summary>
public sealed class HledgerText(OrgState org) : JournalText(org)
{
    private readonly string _commodity = org.Org.Asset.Any(char.IsAsciiDigit) ? $"\"{org.Org.Asset}\"" : org.Org.Asset;

    public override string Header()
    {
        var text = new StringBuilder();
        text.Append($"; {Org.Org.Id}: one transaction a posting, in days of {Org.Org.TimeZone}. A debit is positive.\ndecimal-mark .\n");
        foreach (var account in Accounts) text.Append($"account {account}\n");
        return text.Append('\n').ToString();
    }

    protected override string Account(AccountKind kind, bool isPostpaid) => kind switch
    {
        AccountKind.Customer => isPostpaid ? $"assets:receivable:{Org.Org.Id}" : $"liabilities:prepaid:{Org.Org.Id}",
        AccountKind.Revenue => $"revenues:usage:{Org.Org.Id}",
        AccountKind.Funding => $"assets:received:{Org.Org.Id}",
        _ => $"expenses:promotion:{Org.Org.Id}",
    };

    protected override string Transaction(
        string day, string description, IReadOnlyList<(string Name, string Value)> tags, IReadOnlyList<(string Account, Amount Amount)> entries)
    {
        var text = new StringBuilder($"{day} {description}\n");
        foreach (var (name, value) in tags) text.Append($"    ; {name}: {value}\n");
        foreach (var (account, amount) in entries) text.Append($"    {account}  {amount} {_commodity}\n");
        return text.Append('\n').ToString();
    }
}
