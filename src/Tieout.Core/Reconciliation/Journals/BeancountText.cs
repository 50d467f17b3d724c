using System.Globalization;
using System.Text;
using Tieout.Core.Ledger;
using Tieout.Core.Money;

namespace Tieout.Core.Reconciliation.Journals;

/// <summary>Beancount's format.</summary>
public sealed class BeancountText(OrgState org) : JournalText(org)
{
    /// <summary>Accounts must be open before they are used, and postings may be of any day.</summary>
    private const string OpenedOn = "1970-01-01";

    /// <summary>A part of an account's name begins with a capital and has letters, digits and dashes: anything else of a name is written as its code, so two
    /// names stay two.</summary>
    private readonly string _name = "Org-"
        + string.Concat(org.Org.Id.Select(c => char.IsAsciiLetterOrDigit(c) ? c.ToString() : string.Create(CultureInfo.InvariantCulture, $"-{(int)c:x2}")));

    public override string Header()
    {
        var text = new StringBuilder();
        text.Append($"option \"operating_currency\" \"{Org.Org.Asset}\"\n");
        foreach (var account in Accounts) text.Append($"{OpenedOn} open {account} {Org.Org.Asset}\n");
        return text.Append('\n').ToString();
    }

    protected override string Account(AccountKind kind, bool isPostpaid) => kind switch
    {
        AccountKind.Customer => isPostpaid ? $"Assets:Receivable:{_name}" : $"Liabilities:Prepaid:{_name}",
        AccountKind.Revenue => $"Income:Usage:{_name}",
        AccountKind.Funding => $"Assets:Received:{_name}",
        _ => $"Expenses:Promotion:{_name}",
    };

    protected override string Transaction(
        string day, string description, IReadOnlyList<(string Name, string Value)> tags, IReadOnlyList<(string Account, Amount Amount)> entries)
    {
        var text = new StringBuilder($"{day} * {Quoted(description)}\n");
        foreach (var (name, value) in tags) text.Append($"  {name}: {Quoted(value)}\n");
        foreach (var (account, amount) in entries) text.Append($"  {account}  {amount} {Org.Org.Asset}\n");
        return text.Append('\n').ToString();
    }

    private static string Quoted(string text) => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
