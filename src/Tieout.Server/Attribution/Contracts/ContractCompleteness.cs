using System.Collections.Immutable;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core;
using Tieout.Core.Attribution.Contracts;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Attribution.Contracts;

/// <summary>How much of the billable usage of a range has what a contract asks for.</summary>
/// <param name="Org">Null: all orgs of the asset.</param>
/// <param name="Objective">The share that the contract wants.</param>
/// <param name="Items">By the dimensions asked for, the least complete first.</param>
/// <param name="Total">Of the whole range.</param>
/// <param name="Burn">How fast the error budget of the same orgs is used now, whatever the range.</param>
/// <param name="Sql">A query of the database that comes to the same, of one org. Null: all orgs are asked for, whose days begin at different times.</param>
public sealed record CompletenessBody(
    string Contract, string Version, decimal Objective, string? Org, string Asset, string From, string To, IReadOnlyList<string> By,
    IReadOnlyList<CompletenessLineBody> Items, CompletenessLineBody Total, IReadOnlyList<BurnBody> Burn, string? Sql, long AsOf);

/// <param name="Group">The value of each dimension; null: usage that does not have it.</param>
/// <param name="Billable">Records that were charged something.</param>
/// <param name="Complete">Of those, the ones that lack nothing.</param>
/// <param name="Share">Complete of billable, from 0 to 1, rounded down to six decimals.</param>
/// <param name="MeetsObjective">The share is what the contract wants, or more.</param>
/// <param name="BudgetUsed">The part of the error budget that is used, 1 for all of it; null: there is none, and something is missing.</param>
/// <param name="Charge">What the billable records say they cost.</param>
/// <param name="Unattributed">What those say they cost that lack something.</param>
/// <param name="Missing">What is missing. A record that lacks two is in both.</param>
public sealed record CompletenessLineBody(
    IReadOnlyDictionary<string, string?> Group, long Billable, long Complete, decimal Share, bool MeetsObjective, decimal? BudgetUsed, Amount Charge,
    Amount Unattributed, IReadOnlyList<MissingBody> Missing);

/// <param name="Requirement">As the contract says it.</param>
/// <param name="Charge">What the records that lack it say they cost.</param>
public sealed record MissingBody(string Requirement, long Records, Amount Charge);

/// <summary><c>GET /contracts/{contract}/completeness</c>. Read from the follower's lines, so it costs the same however many rows there are.</summary>
internal static class ContractCompleteness
{
    private const int GroupsMax = 10_000;
    private const int DimensionsMax = 3;
    private const string Day = "day";
    private const string OrgDimension = "org";

    private static readonly ImmutableArray<string> Dimensions = [Day, OrgDimension, .. LabelDimension.All.Select(label => label.Name)];

    public static void MapCompleteness(this IEndpointRouteBuilder api) =>
        api.MapGet("/contracts/{contract}/completeness", Read).Allow(Access.EveryRole);

    private static async Task<IResult> Read(string contract, HttpContext context, ILedger ledger, CurrentContracts contracts, TimeProvider time)
    {
        Inputs.OnlyQuery(context, "org", "asset", "from", "to", "by");
        var standing = ContractEndpoints.Standing(contracts, contract).Contract;
        var org = Inputs.Query(context, "org") is { } named ? Inputs.Org(ledger, named) : null;
        var (asset, orgs) = org is null ? Inputs.OrgsOfAsset(context, ledger) : (org.Org.Asset, [org]);
        var by = By(Inputs.Query(context, "by") ?? "source");
        var asOf = ledger.Read.AsOf;
        var now = Instant.From(time.GetUtcNow());
        var month = Month.Of(now, org?.Zone ?? TimeZoneInfo.Utc);
        var (first, end) = (Inputs.Query(context, "from") ?? $"{month}-01", Inputs.Query(context, "to") ?? $"{month.Next}-01");
        var (total, groups) = (new Completeness(standing), new Dictionary<string, (string?[] Values, Completeness Counts)>(StringComparer.Ordinal));
        foreach (var each in orgs)
        {
            var (from, to) = (Inputs.Time(first, each.Zone), Inputs.Time(end, each.Zone));
            if (from >= to) throw Refused($"The range from {Inputs.Shown(first)} to {Inputs.Shown(end)} is empty: 'to' must be later than 'from'.");
            var slot = by.Contains(Day) ? RecountSlot.Day : RecountSlot.Range;
            foreach (var line in await ledger.Read.StatusesAsync(new RecountQuery(each, from, to, slot), context.RequestAborted))
            {
                total.Add(line.Labels, line.Absent, line.Billable, line.Charge);
                Group(groups, by, line, each, standing).Add(line.Labels, line.Absent, line.Billable, line.Charge);
            }
        }

        var burn = (await ContractBurns.ReadAsync([standing], [.. orgs], ledger.Read, now, context.RequestAborted))[0];
        var items = groups.Values.Where(group => group.Counts.Billable > 0).OrderBy(group => group.Counts.Share)
            .ThenByDescending(group => group.Counts.Unattributed.Nanos).ThenBy(group => string.Join('\n', group.Values), StringComparer.Ordinal)
            .Select(group => Line(by, group.Values, group.Counts));
        return Answer.Ok(
            new CompletenessBody(
                standing.Name, standing.Version, standing.Objective, org?.Org.Id, asset, first, end, by, [.. items], Line([], [], total),
                [.. burn.Select(window => BurnBody.Of(window, now))],
                org is null ? null : JoinQuery.Sql(standing, org.Org.Id, Inputs.Time(first, org.Zone), Inputs.Time(end, org.Zone)), asOf),
            ContractJson.Default.CompletenessBody);
    }

    private static Completeness Group(
        Dictionary<string, (string?[] Values, Completeness Counts)> groups, IReadOnlyList<string> by, StatusCount line, OrgState org, JoinContract contract)
    {
        var values = by.Select(name => name switch
        {
            Day => DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(line.Slot.ToDateTimeOffset(), org.Zone).DateTime)
                .ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            OrgDimension => org.Org.Id,
            _ => LabelDimension.All.First(label => label.Name == name).Of(line.Labels),
        }).ToArray();
        var key = string.Join('\n', values.Select(value => value is null ? "" : $"={value}"));
        if (groups.TryGetValue(key, out var known)) return known.Counts;
        if (groups.Count >= GroupsMax) throw Refused($"The range has more than {GroupsMax} groups. Narrow the range, or group by fewer dimensions.");
        var counts = new Completeness(contract);
        groups.Add(key, (values, counts));
        return counts;
    }

    private static CompletenessLineBody Line(IReadOnlyList<string> by, IReadOnlyList<string?> values, Completeness counts) => new(
        by.Zip(values).ToDictionary(pair => pair.First, pair => pair.Second), counts.Billable, counts.Complete, counts.Share, counts.MeetsObjective,
        counts.BudgetUsed, counts.Charge, counts.Unattributed,
        [
            .. counts.Missing.OrderByDescending(missing => missing.Value.Records)
                .Select(missing => new MissingBody(missing.Key, missing.Value.Records, missing.Value.Charge)),
        ]);

    private static string[] By(string text)
    {
        var names = text.Split(',');
        return names.Length <= DimensionsMax && names.Distinct(StringComparer.Ordinal).Count() == names.Length && names.All(name => Dimensions.Contains(name))
            ? names : throw Refused($"'{Inputs.Shown(text)}' is no grouping: name up to {DimensionsMax} of {string.Join(", ", Dimensions)}, separated by commas.");
    }

    private static ApiRefusedException Refused(string detail) => new(ApiError.ParameterInvalid, detail);
}
