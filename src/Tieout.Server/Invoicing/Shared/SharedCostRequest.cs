using System.Globalization;
using Tieout.Core;
using Tieout.Core.Invoicing.Shared;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Storage;

namespace Tieout.Server.Invoicing.Shared;

/// <summary>A split as it was asked for, looked at.</summary>
/// <param name="To">Not included.</param>
/// <param name="Orgs">Those of the asset.</param>
/// <param name="Parts">Of a fixed method.</param>
internal sealed record SharedCostRequest(
    string Name, string Window, Instant From, Instant To, SharedCostMethod Method, string Asset, IReadOnlyList<OrgState> Orgs,
    IReadOnlyList<SharedCostItem> Costs, IReadOnlyList<TenantWeight> Parts)
{
    private const int NameMax = 64;
    private const int CostsMax = 1_000;

    /// <exception cref="ApiRefusedException">Something of it cannot be.</exception>
    public static SharedCostRequest Of(SplitSharedCostBody body, ILedger ledger)
    {
        if (Inputs.Name(body.Name, "name") is { Length: > NameMax } || body.Name.Contains('/', StringComparison.Ordinal))
        {
            throw Refused($"'{Inputs.Shown(body.Name)}' is not the name of a shared cost: use at most {NameMax} characters and no slash.");
        }

        if (SharedCostMethod.Find(body.Method) is not { } method)
        {
            throw Refused($"'{Inputs.Shown(body.Method)}' is not a method: use one of {string.Join(", ", SharedCostMethod.All.Select(known => known.Name))}.");
        }

        if (body.Costs.Count is 0 or > CostsMax) throw Refused($"costs has {body.Costs.Count} items: send 1 to {CostsMax}.");
        var (from, to) = WindowOf(body.Window);
        var (asset, orgs) = OrgsOf(body.Asset, ledger);
        var request = new SharedCostRequest(body.Name, body.Window, from, to, method, asset, orgs, [.. body.Costs.Select(Item)], PartsOf(body, method, orgs));
        return SharedCostSplit.Validate(method, request.Costs, request.Parts) is { } flaw ? throw Refused(flaw) : request;
    }

    public static ApiRefusedException Refused(string detail) => new(ApiError.SharedCostInvalid, detail);

    private static (Instant From, Instant To) WindowOf(string window)
    {
        if (Month.TryParse(window, out var month)) return (month.Start(TimeZoneInfo.Utc), month.End(TimeZoneInfo.Utc));
        if (DateOnly.TryParseExact(window, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) && day < DateOnly.MaxValue)
        {
            return (LocalTime.StartOf(day, TimeZoneInfo.Utc), LocalTime.StartOf(day.AddDays(1), TimeZoneInfo.Utc));
        }

        throw Refused($"'{Inputs.Shown(window)}' is not a window: write a month such as 2026-11, or a day such as 2026-11-22.");
    }

    private static (string Asset, IReadOnlyList<OrgState> Orgs) OrgsOf(string? asset, ILedger ledger)
    {
        var orgs = ledger.Read.Orgs.OrderBy(org => org.Org.Id, StringComparer.Ordinal).ToList();
        var assets = orgs.Select(org => org.Org.Asset).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        if (asset is null && assets.Count > 1) throw Refused($"The orgs spend in {string.Join(", ", assets)}: name the asset of the cost.");
        asset ??= assets.FirstOrDefault() ?? Core.Money.Asset.Usd.Code;
        return (asset, [.. orgs.Where(org => org.Org.Asset == asset)]);
    }

    private static SharedCostItem Item(SharedCostItemBody item)
    {
        var kind = item.Kind switch
        {
            "shared" => SharedCostKind.Shared,
            "idle" => SharedCostKind.Idle,
            "unallocated" => SharedCostKind.Unallocated,
            _ => throw Refused($"'{Inputs.Shown(item.Kind)}' is not a kind of cost: use shared, idle or unallocated."),
        };
        if (item.Name.Length is 0 or > 256) throw Refused("The name of a cost has 1 to 256 characters.");
        return item.Cost > Amount.TransferMax || item.Cost < -Amount.TransferMax
            ? throw Refused($"The cost {item.Cost} is too large: at most {Amount.TransferMax}.") : new(kind, item.Name, item.Cost);
    }

    private static List<TenantWeight> PartsOf(SplitSharedCostBody body, SharedCostMethod method, IReadOnlyList<OrgState> orgs)
    {
        if (method != SharedCostMethod.Fixed) return body.Parts is null ? [] : throw Refused("parts belong to the method fixed.");
        if (body.Parts is not { Count: > 0 } parts) throw Refused("The method fixed needs parts: percent by org, for example {\"acme\":\"60\"}.");
        return [.. parts.Select(part => new TenantWeight(Known(part.Key, orgs), Percent(part.Value)))];
    }

    private static string Known(string org, IReadOnlyList<OrgState> orgs) =>
        orgs.Any(known => known.Org.Id == org) ? org : throw Refused($"'{Inputs.Shown(org)}' is not an org of this asset.");

    private static Int128 Percent(string text) =>
        decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent) && percent is > 0 and <= 100
            && percent * 100 == decimal.Truncate(percent * 100)
            ? (Int128)(percent * 100) : throw Refused($"'{Inputs.Shown(text)}' is not a percentage: write a number above 0 up to 100, with at most two decimals.");
}
