using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Ledger.Sketches;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Metering;

/// <summary>How many tokens the attempts of a range used each, and how many end users made them, by some dimensions.</summary>
/// <param name="Org">Null: all orgs.</param>
/// <param name="TokensErrorPct">A quantile of tokens differs from the exact one by at most this part of it; below 128 tokens it is exact.</param>
/// <param name="EndUsersErrorPct">Standard error of a number of end users that is not exact.</param>
/// <param name="Total">All groups merged: an end user of several groups counts once.</param>
public sealed record DistributionListBody(
    string? Org, string From, string To, IReadOnlyList<string> By, decimal TokensErrorPct, decimal EndUsersErrorPct,
    IReadOnlyList<DistributionBody> Items, DistributionBody Total, long AsOf);

/// <param name="Group">The value of each dimension; null: usage that bears no such label.</param>
/// <param name="Attempts">All attempts.</param>
/// <param name="Measured">Attempts that used tokens: those of the quantiles.</param>
/// <param name="InputTokens">Of an attempt, cached ones included; null: no attempt used tokens.</param>
/// <param name="OutputTokens">Of an attempt, reasoning included; null: no attempt used tokens.</param>
/// <param name="EndUsers">Distinct end users that the attempts name.</param>
/// <param name="EndUsersExact">Up to 500 end users are counted; more are estimated.</param>
public sealed record DistributionBody(
    IReadOnlyDictionary<string, string?> Group, long Attempts, long Measured, TokenQuantilesBody? InputTokens, TokenQuantilesBody? OutputTokens,
    long EndUsers, bool EndUsersExact);

/// <summary>Tokens that 5, 50, 95 and 99 per cent of the attempts have or stay below.</summary>
public sealed record TokenQuantilesBody(long P5, long P50, long P95, long P99);

/// <summary>Distributions of an org, or of all orgs.</summary>
internal static class DistributionEndpoints
{
    private const string ByDefault = "feature,model";

    private const int HoursDefault = 24;

    private const int DaysMax = 93;

    public static void MapDistributions(this IEndpointRouteBuilder api)
    {
        api.MapGet("/orgs/{org}/usage/distributions", One).Allow(Access.Tenant(KeyScope.ReadUsage).OrEveryRole());
        api.MapGet("/usage/distributions", All).Allow(Access.EveryRole);
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
        if (DistributionGrouping.Parse(Inputs.Query(context, "by") ?? ByDefault, out var by) is { } flaw) throw Refused(flaw);
        var zone = org is null ? TimeZoneInfo.Utc : orgs.Single().Zone;
        var (asOf, range) = (ledger.Read.AsOf, Range(context, zone, Instant.From(time.GetUtcNow())));
        var report = new DistributionReport(by);
        foreach (var state in orgs)
        {
            foreach (var piece in Pieces(range, by.Slot))
            {
                var lines = await ledger.Read.SketchesAsync(new RecountQuery(state, piece.Start, piece.End, by.Slot), context.RequestAborted);
                foreach (var line in lines) report.Add(line);
                if (report.Groups > DistributionReport.LinesMax)
                {
                    throw Refused(string.Create(CultureInfo.InvariantCulture,
                        $"The range has more than {DistributionReport.LinesMax} groups. Narrow the range, or group by fewer dimensions."));
                }
            }
        }

        return Answer.Ok(
            new DistributionListBody(
                org, range.Start.ToString(), range.End.ToString(), [.. by.Names],
                Math.Round(100m / TokenBuckets.ErrorDivisor, 2, MidpointRounding.ToPositiveInfinity), DistinctSketch.StandardErrorBasisPoints / 100m,
                [.. report.Lines().Select(line => Body(by.Names.Zip(line.Values), line.Sketch))],
                Body([], report.Total), asOf),
            MeteringJson.Default.DistributionListBody);
    }

    /// <summary>Without <c>?from=</c> and <c>?to=</c>, the last 24 hours and the current one.</summary>
    private static Window Range(HttpContext context, TimeZoneInfo zone, Instant now)
    {
        // What counts a moment ahead of this clock is of the range all the same.
        var hour = TimeSpan.FromHours(1);
        var from = Inputs.Query(context, "from") is { } first ? Inputs.Time(first, zone) : Recount.HourOf(now - HoursDefault * hour);
        var to = Inputs.Query(context, "to") is { } end ? Inputs.Time(end, zone) : Recount.HourOf(now + TimeSpan.FromMinutes(5)) + hour;
        if (from >= to) throw Refused($"The range from {from} to {to} is empty: 'to' must be later than 'from'.");
        return (to - from).TotalDays <= DaysMax ? new(from, to) : throw Refused($"Distributions have at most {DaysMax} days. Narrow the range.");
    }

    /// <summary>By hour, a day at a time, so that only the sketches of one are in memory.</summary>
    private static IEnumerable<Window> Pieces(Window range, RecountSlot slot)
    {
        if (slot == RecountSlot.Range) return [range];
        return Days(range);

        static IEnumerable<Window> Days(Window range)
        {
            for (var start = range.Start; start < range.End;)
            {
                var day = Recount.HourOf(start) + TimeSpan.FromHours(24);
                var end = day < range.End ? day : range.End;
                yield return new(start, end);
                start = end;
            }
        }
    }

    private static DistributionBody Body(IEnumerable<(string Name, string? Value)> group, UsageSketch sketch) => new(
        group.ToDictionary(pair => pair.Name, pair => pair.Value, StringComparer.Ordinal), sketch.Attempts, sketch.InputTokens.Count, Body(sketch.InputTokens),
        Body(sketch.OutputTokens), sketch.EndUsers.Count, sketch.EndUsers.IsExact);

    private static TokenQuantilesBody? Body(QuantileSketch tokens) => tokens.Quantile(5) is { } p5
        ? new(p5, tokens.Quantile(50)!.Value, tokens.Quantile(95)!.Value, tokens.Quantile(99)!.Value) : null;

    private static ApiRefusedException Refused(string detail) => new(ApiError.ParameterInvalid, detail);
}
