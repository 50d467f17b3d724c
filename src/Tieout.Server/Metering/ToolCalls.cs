using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Ledger.Tools;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Metering;

/// <summary>What tool calls of a range come to.</summary>
/// <param name="Org">Null: all orgs.</param>
public sealed record ToolCallListBody(
    string? Org, string From, string To, IReadOnlyList<string> By, IReadOnlyList<ToolCallBody> Items, ToolCallBody Total, long AsOf);

/// <param name="Group">The value of each dimension; null: calls that name no feature.</param>
/// <param name="Failures">Calls without a usable result.</param>
/// <param name="FailurePct">Failures of 100 calls, with two decimals; null: there are no calls.</param>
/// <param name="Retries">How often calls were tried again.</param>
/// <param name="RetriesPerCall">With four decimals; null: there are no calls.</param>
public sealed record ToolCallBody(
    IReadOnlyDictionary<string, string?> Group, long Calls, long Failures, decimal? FailurePct, long Retries, decimal? RetriesPerCall);

/// <summary><c>GET /tool-calls</c>: calls, failures and retries of tools, of an org or of all orgs.</summary>
internal static class ToolCallEndpoints
{
    private const int HoursDefault = 24;
    private const int DaysMax = 93;
    private const int LinesMax = 2_000;

    private static readonly string[] Dimensions = ["org", "feature", "tool", "hour"];

    public static void MapToolCalls(this IEndpointRouteBuilder api)
    {
        api.MapGet("/orgs/{org}/tool-calls", One).Allow(Access.Tenant(KeyScope.ReadUsage).OrEveryRole());
        api.MapGet("/tool-calls", All).Allow(Access.EveryRole);
    }

    private static Task<IResult> One(string org, HttpContext context, ILedger ledger, TimeProvider time)
    {
        var state = Inputs.Org(ledger, org);
        return AnswerAsync(state.Org.Id, [state], context, ledger, time);
    }

    private static Task<IResult> All(HttpContext context, ILedger ledger, TimeProvider time) => AnswerAsync(null, ledger.Read.Orgs, context, ledger, time);

    private static async Task<IResult> AnswerAsync(
        string? org, IReadOnlyCollection<OrgState> orgs, HttpContext context, ILedger ledger, TimeProvider time)
    {
        Inputs.OnlyQuery(context, "by", "from", "to");
        var by = By(context);
        var zone = org is null ? TimeZoneInfo.Utc : orgs.Single().Zone;
        var (asOf, range) = (ledger.Read.AsOf, Range(context, zone, Instant.From(time.GetUtcNow())));
        var slot = by.Contains("hour") ? RecountSlot.Hour : RecountSlot.Range;
        var (groups, total) = (new Dictionary<string, (string?[] Values, ToolHour Sum)>(StringComparer.Ordinal), new ToolHour(default));
        foreach (var state in orgs)
        {
            foreach (var hour in await ledger.Read.ToolHoursAsync(new RecountQuery(state, range.Start, range.End, slot), context.RequestAborted))
            {
                total.Add(hour);
                string?[] values = [.. by.Select(dimension => Value(dimension, state, hour.Key))];
                var key = string.Join('\u001f', values.Select(value => value ?? "\u001e"));
                if (!groups.TryGetValue(key, out var group)) groups.Add(key, group = (values, new(default)));
                group.Sum.Add(hour);
                if (groups.Count > LinesMax) throw Refused($"The range has more than {LinesMax} groups. Narrow the range, or group by fewer dimensions.");
            }
        }

        var lines = groups.OrderByDescending(group => group.Value.Sum.Calls).ThenBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => Body(by.Zip(group.Value.Values), group.Value.Sum));
        return Answer.Ok(
            new ToolCallListBody(org, range.Start.ToString(), range.End.ToString(), by, [.. lines], Body([], total), asOf),
            MeteringJson.Default.ToolCallListBody);
    }

    private static string? Value(string dimension, OrgState org, ToolHourKey key) => dimension switch
    {
        "org" => org.Org.Id,
        "feature" => key.Feature.Length == 0 ? null : key.Feature,
        "tool" => key.Tool,
        _ => key.Start.ToString(),
    };

    private static string[] By(HttpContext context)
    {
        var by = (Inputs.Query(context, "by") ?? "feature,tool").Split(',', StringSplitOptions.TrimEntries);
        if (by.FirstOrDefault(name => !Dimensions.Contains(name)) is { } other)
        {
            throw Refused($"'{Inputs.Shown(other)}' is not a dimension of tool calls. Use {string.Join(", ", Dimensions)}.");
        }

        return by.Distinct(StringComparer.Ordinal).Count() == by.Length ? by : throw Refused("A dimension is given twice.");
    }

    /// <summary>Without <c>?from=</c> and <c>?to=</c>, the last 24 hours and the current one.</summary>
    private static Window Range(HttpContext context, TimeZoneInfo zone, Instant now)
    {
        var hour = TimeSpan.FromHours(1);
        var from = Inputs.Query(context, "from") is { } first ? Inputs.Time(first, zone) : Recount.HourOf(now - HoursDefault * hour);
        var to = Inputs.Query(context, "to") is { } end ? Inputs.Time(end, zone) : Recount.HourOf(now + TimeSpan.FromMinutes(5)) + hour;
        if (from >= to) throw Refused($"The range from {from} to {to} is empty: 'to' must be later than 'from'.");
        return (to - from).TotalDays <= DaysMax
            ? new(from, to) : throw Refused($"Tool calls are summed over at most {DaysMax} days. Narrow the range.");
    }

    private static ToolCallBody Body(IEnumerable<(string Name, string? Value)> group, ToolHour sum) => new(
        group.ToDictionary(pair => pair.Name, pair => pair.Value, StringComparer.Ordinal), sum.Calls, sum.Failures,
        sum.Calls == 0 ? null : Math.Round(100m * sum.Failures / sum.Calls, 2), sum.Retries,
        sum.Calls == 0 ? null : Math.Round((decimal)sum.Retries / sum.Calls, 4));

    private static ApiRefusedException Refused(string detail) => new(ApiError.ParameterInvalid, detail);
}
