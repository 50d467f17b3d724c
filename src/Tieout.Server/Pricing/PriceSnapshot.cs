using System.Collections.Concurrent;
using System.Text;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Core.Tenancy;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Pricing;

/// <summary>Which prices hold for which org, made from the ledger's settings.</summary>
/// <remarks>
/// A <see cref="SettingKind.PriceList"/> or <see cref="SettingKind.PricePolicy"/> of the org "" holds for every org; an org's own outranks it.
/// Lists, once read, are kept from one snapshot to the next: reading one takes milliseconds, and the same list must give the same price instances.
/// </remarks>
internal sealed class PriceSnapshot
{
    private readonly Dictionary<string, OrgPrices> _byOrg = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<long, PriceCatalogue> _read;
    private readonly ConcurrentDictionary<(string Org, int Lists), OrgPrices> _asKnown = new();
    private readonly ILookup<string, SettingRow> _lists;

    /// <exception cref="FormatException">A stored list or policy cannot be read.</exception>
    public PriceSnapshot(IOrgs orgs, PriceSnapshot? before)
    {
        Version = orgs.SettingsVersion;
        var settings = orgs.Settings;
        _read = before?._read ?? new();
        var lists = _lists = settings.Where(row => row.Kind == SettingKind.PriceList).OrderBy(row => row.Seq).ToLookup(row => row.Org, StringComparer.Ordinal);
        var policies = settings.Where(row => row.Kind == SettingKind.PricePolicy).OrderBy(row => row.Seq).ToLookup(row => row.Org, StringComparer.Ordinal);
        var shared = lists[""].Select(Read).Prepend(BuiltinPrices.Catalogue).ToArray();
        Shared = shared.Length == 1 ? PriceBook.Builtin : new(shared);
        foreach (var row in settings)
        {
            if (row.Kind != SettingKind.Org) continue;
            var org = Org.Parse(row.Body);
            var book = lists.Contains(org.Id) ? new PriceBook(shared.Concat(lists[org.Id].Select(Read))) : Shared;
            var policy = (policies[org.Id].LastOrDefault() ?? policies[""].LastOrDefault()) is { } own ? PricePolicy.Parse(own.Body) : PricePolicy.AtCost;
            _byOrg[org.Id] = new(book, policy, new Asset(org.Asset));
        }
    }

    /// <summary>Of the settings that it was made of, or of older ones.</summary>
    public long Version { get; }

    /// <summary>The lists that hold for every org.</summary>
    public PriceBook Shared { get; }

    /// <summary>Null: no such org.</summary>
    public OrgPrices? Of(string org) => _byOrg.GetValueOrDefault(org);

    /// <summary>As <see cref="Of(string)"/>, from the lists that were known at a time. The policy is today's.</summary>
    public OrgPrices? Of(string org, Instant at)
    {
        if (Of(org) is not { } prices) return null;
        SettingRow[] all = [.. _lists[""], .. _lists[org]], known = [.. all.Where(row => row.RecordedAt < at)];
        if (known.Length == all.Length) return prices;
        return _asKnown.GetOrAdd((org, known.Length), _ => new(
            new PriceBook(known.Select(Read).Prepend(BuiltinPrices.Catalogue)), prices.Policy, prices.Asset));
    }

    private PriceCatalogue Read(SettingRow row) => _read.GetOrAdd(row.Seq, static (_, row) => PriceCatalogueJson.Read(Encoding.UTF8.GetBytes(row.Body)), row);
}

/// <summary>The newest <see cref="PriceSnapshot"/>.</summary>
internal sealed class CurrentPrices(IOrgs orgs) : CurrentSettings<PriceSnapshot>(orgs)
{
    /// <summary>Prices of an org; null: no such org.</summary>
    public OrgPrices? Of(string org) => Get().Of(org);

    protected override PriceSnapshot Read(IOrgs orgs, PriceSnapshot? before) => new(orgs, before);

    protected override long VersionOf(PriceSnapshot snapshot) => snapshot.Version;
}
