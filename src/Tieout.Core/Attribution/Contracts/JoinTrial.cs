using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Tieout.Core.Attribution.Contracts;

/// <summary>Tries whether rows of another book find their tenant by some keys, measured against the join by lineage ids, which follow each attempt.</summary>
/// <remarks>Usage is added first, then the rows one by one: they may be more than fit into memory. Costs are in the rows' own unit.</remarks>
public sealed class JoinTrial
{
    /// <summary>Several tenants have usage of this lineage id, so it says nothing.</summary>
    private const int Several = -1;

    private readonly List<string> _tenants = [];
    private readonly Dictionary<string, int> _tenantNo = new(StringComparer.Ordinal);
    private readonly Dictionary<string, KeyUsage> _keys = new(StringComparer.Ordinal);
    private readonly Dictionary<Int128, int> _lineages = [];
    private readonly Dictionary<(int ByKeys, int ByLineage), TrialCount> _wrong = [];

    public long Usage { get; private set; }

    /// <summary>All rows of the other book.</summary>
    public TrialCount Rows { get; private set; }

    /// <summary>Rows whose keys find usage.</summary>
    public TrialCount Matched { get; private set; }

    /// <summary>Of those, the ones whose keys find several usage records.</summary>
    public TrialCount ToMany { get; private set; }

    /// <summary>Of those, the ones whose keys find usage of several tenants: whose they are is a guess.</summary>
    public TrialCount Ambiguous { get; private set; }

    /// <summary>Rows whose lineage id finds usage of one tenant.</summary>
    public TrialCount WithLineage { get; private set; }

    /// <summary>Rows that the keys give to another tenant than their lineage id does.</summary>
    public TrialCount Wrong { get; private set; }

    /// <summary>Usage records that some row's keys found.</summary>
    public long UsageMatched => _keys.Values.Where(key => key.IsFound).Sum(key => key.Records);

    /// <summary>Every row finds usage of one tenant, and none the wrong one.</summary>
    public bool AreKeysEnough => Matched.Rows == Rows.Rows && Ambiguous.Rows == 0 && Wrong.Rows == 0;

    /// <summary>Who would pay for whom, the most expensive first.</summary>
    public IEnumerable<(string ByKeys, string ByLineage, TrialCount Count)> WrongPairs => _wrong
        .Select(pair => (ByKeys: _tenants[pair.Key.ByKeys], ByLineage: _tenants[pair.Key.ByLineage], Count: pair.Value))
        .OrderByDescending(pair => pair.Count.Cost).ThenBy(pair => pair.ByKeys, StringComparer.Ordinal).ThenBy(pair => pair.ByLineage, StringComparer.Ordinal);

    /// <param name="key">The values of the keys, joined.</param>
    /// <param name="lineages">The record's lineage ids, each with its kind.</param>
    public void AddUsage(string tenant, string key, IEnumerable<string> lineages)
    {
        var no = NoOf(tenant);
        Usage++;
        ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(_keys, key, out _);
        (known ??= new(no)).Add(no);
        foreach (var lineage in lineages)
        {
            ref var owner = ref CollectionsMarshal.GetValueRefOrAddDefault(_lineages, HashOf(lineage), out var exists);
            owner = !exists || owner == no ? no : Several;
        }
    }

    /// <param name="tenant">The tenant that the row names among its keys; null: it names none.</param>
    /// <param name="lineages">The row's lineage ids, each with its kind, the surest first.</param>
    public void AddRow(string key, string? tenant, IEnumerable<string> lineages, decimal cost)
    {
        Rows = Rows.And(cost);
        var byKeys = Several;
        if (_keys.TryGetValue(key, out var usage))
        {
            usage.IsFound = true;
            Matched = Matched.And(cost);
            if (usage.Records > 1) ToMany = ToMany.And(cost);
            if (usage.Tenant == Several) Ambiguous = Ambiguous.And(cost);
            byKeys = usage.Tenant;
        }

        // A row that names its tenant is charged to it, whether usage answers to it or not.
        if (tenant is not null) byKeys = NoOf(tenant);
        var byLineage = lineages.Select(lineage => _lineages.TryGetValue(HashOf(lineage), out var owner) ? owner : Several)
            .FirstOrDefault(owner => owner != Several, Several);
        if (byLineage == Several) return;
        WithLineage = WithLineage.And(cost);
        if (byKeys == Several || byKeys == byLineage) return;
        Wrong = Wrong.And(cost);
        ref var pair = ref CollectionsMarshal.GetValueRefOrAddDefault(_wrong, (byKeys, byLineage), out _);
        pair = pair.And(cost);
    }

    private int NoOf(string tenant)
    {
        if (_tenantNo.TryGetValue(tenant, out var no)) return no;
        _tenants.Add(tenant);
        return _tenantNo[tenant] = _tenants.Count - 1;
    }

    // 128 bits: among ten million ids two never meet.
    private static Int128 HashOf(string id)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(id), hash);
        return MemoryMarshal.Read<Int128>(hash);
    }

    /// <summary>Usage that has the same keys.</summary>
    private sealed class KeyUsage(int tenant)
    {
        public int Tenant { get; private set; } = tenant;

        public long Records { get; private set; }

        public bool IsFound { get; set; }

        public void Add(int tenant)
        {
            Records++;
            if (tenant != Tenant) Tenant = Several;
        }
    }
}

/// <param name="Cost">In the rows' own unit.</param>
public readonly record struct TrialCount(long Rows, decimal Cost)
{
    public TrialCount And(decimal cost) => new(Rows + 1, Cost + cost);
}
