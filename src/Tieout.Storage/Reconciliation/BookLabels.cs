using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Pricing;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Storage.Rows;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Reconciliation;

/// <summary>What governs a run: settings, labels with what is odd about them, prices. All of it fits in memory.</summary>
internal sealed class BookLabels
{
    private readonly List<UsageLabels?> _labels = [null];
    private readonly List<UsageDefects> _defects = [UsageDefects.None];
    private readonly List<ResolvedPrice?> _prices = [null];

    /// <param name="keys">Every key that was ever issued, of whatever org.</param>
    public BookLabels(ILedgerTables tables, Instances instances, IReadOnlySet<string> keys)
    {
        Each(tables, $"SELECT {RowReads.SettingColumns} FROM settings ORDER BY seq", s => Book.Recall(RowReads.Setting(s)));
        Each(tables, $"SELECT {RowReads.LabelsColumns} FROM attributions ORDER BY no", s =>
        {
            var row = RowReads.Labels(s);
            while (_labels.Count < row.No) Add(null, UsageDefects.None);
            Add(row.Labels, IsUnknown(row.Labels, keys, instances) ? UsageDefects.Unattributed : UsageDefects.None);
        });
        Each(tables, $"SELECT {RowReads.PriceColumns} FROM prices ORDER BY no", s =>
        {
            var row = RowReads.Price(s);
            while (_prices.Count < row.No) _prices.Add(null);
            _prices.Add(Parse(row.Json));
        });
    }

    /// <summary>Orgs, budgets and settings; no rows.</summary>
    public Book Book { get; } = new();

    /// <exception cref="StoreCorruptException">There are none.</exception>
    public UsageLabels this[int no] => Find(no) ?? throw new StoreCorruptException($"A row names attribution {no}, which does not exist.");

    public UsageLabels? Find(int no) => no > 0 && no < _labels.Count ? _labels[no] : null;

    public UsageDefects Defects(int no) => no > 0 && no < _defects.Count ? _defects[no] : UsageDefects.None;

    public ResolvedPrice? Price(int no) => no > 0 && no < _prices.Count ? _prices[no] : null;

    /// <exception cref="StoreCorruptException">There is no such account.</exception>
    public string OrgOf(int account) =>
        Book.Accounts.TryGetValue(account, out var known)
            ? known.Org : throw new StoreCorruptException($"A posting names account {account}, which does not exist.");

    private void Add(UsageLabels? labels, UsageDefects defects)
    {
        _labels.Add(labels);
        _defects.Add(defects);
    }

    /// <summary>What comes in through the gateway has one of our keys, though a worker's is another org's; what a runtime used, an instance of ours. Imports
    /// may name what they like.</summary>
    private static bool IsUnknown(UsageLabels labels, IReadOnlySet<string> keys, Instances instances) => labels.Source switch
    {
        UsageSource.Gateway => labels.Key is { } key && !keys.Contains(key),
        UsageSource.AppRuntime or UsageSource.Allocation => labels.Runtime is { } runtime && instances.Find(labels.Org, runtime.AppInstance) is null,
        _ => false,
    };

    private static ResolvedPrice? Parse(string json)
    {
        try
        {
            return ResolvedPrice.Parse(json);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static void Each(ILedgerTables tables, string sql, Action<IRow> take)
    {
        using var rows = tables.Select(sql);
        while (rows.Step()) take(rows);
    }
}
