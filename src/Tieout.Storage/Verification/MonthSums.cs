using System.Runtime.InteropServices;
using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;

namespace Tieout.Storage.Verification;

/// <summary>What charges of an org and month come to by the usage records, and how far they moved the balance.</summary>
internal sealed class MonthSum(string org, Month month)
{
    public string Org => org;

    public Month Month => month;

    public Amount Charged { get; set; }

    public Amount Moved { get; set; }
}

/// <summary>The sums of all orgs and months.</summary>
internal sealed class MonthSums
{
    private readonly Dictionary<(string Org, Month Month), MonthSum> _sums = [];

    // Rows come nearly in the order of time, and cutting months in a zone is slow.
    private readonly Dictionary<int, (Window Range, MonthSum Sum)> _last = [];

    public IReadOnlyCollection<MonthSum> All => _sums.Values;

    /// <summary>The sum of the month that an instant lies in.</summary>
    public MonthSum At(OrgState org, Instant at)
    {
        ref var last = ref CollectionsMarshal.GetValueRefOrAddDefault(_last, org.FirstAccount, out var isKnown);
        if (!isKnown || !last.Range.Contains(at)) last = Cut(org, at);
        return last.Sum;
    }

    private (Window Range, MonthSum Sum) Cut(OrgState org, Instant at)
    {
        var month = Month.Of(at, org.Zone);
        ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(_sums, (org.Org.Id, month), out _);
        return (new(month.Start(org.Zone), month.End(org.Zone)), sum ??= new(org.Org.Id, month));
    }
}
