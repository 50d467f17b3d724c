using Tieout.Core.Money;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Ledger;

/// <summary>An org as the ledger knows it.</summary>
/// <param name="FirstAccount">Number of its <see cref="AccountKind.Customer"/> account; the other kinds follow in order.</param>
/// <param name="OpenFrom">The first instant that no closed period contains.</param>
/// <param name="MeterBudget">Number of the built-in window that counts its spend of the day.</param>
public sealed record OrgState(Org Org, TimeZoneInfo Zone, int FirstAccount, Month? ClosedThrough, Instant OpenFrom, string MeterBudget)
{
    public const int AccountKinds = 4;

    public int AccountNo(AccountKind kind) => FirstAccount + (int)kind;

    public AccountKind KindOf(int accountNo) => (AccountKind)(accountNo - FirstAccount);

    public OrgState Close(Month through) => this with { ClosedThrough = through, OpenFrom = through.End(Zone) };

    /// <summary>The accounts of a new org, all empty.</summary>
    public IEnumerable<Account> NewAccounts()
    {
        var asset = new Asset(Org.Asset);
        yield return new(AccountNo(AccountKind.Customer), Org.Id, AccountKind.Customer, asset) { Floor = Org.Floor };
        yield return new(AccountNo(AccountKind.Revenue), Org.Id, AccountKind.Revenue, asset);
        yield return new(AccountNo(AccountKind.Funding), Org.Id, AccountKind.Funding, asset);
        yield return new(AccountNo(AccountKind.Promotion), Org.Id, AccountKind.Promotion, asset);
    }
}
