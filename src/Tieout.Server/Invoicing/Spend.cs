using System.Globalization;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core;
using Tieout.Core.Invoicing;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Invoicing;

/// <summary>What was spent in a range, by some dimensions.</summary>
/// <param name="Org">Null: all orgs of the asset.</param>
/// <param name="TimeZone">In which days and months are cut; for all orgs each one's own, and this null unless they share it.</param>
/// <param name="From">A time; where the orgs' zones differ, a day that begins in each org's zone.</param>
/// <param name="To">As <paramref name="From"/>. Not included.</param>
/// <param name="Groups">Groups that the range has, those within the line <c>other</c> included.</param>
/// <param name="Items">Sum to <paramref name="Total"/> exactly.</param>
public sealed record SpendBody(
    string? Org, string Asset, string? TimeZone, string From, string To, IReadOnlyList<string> By, int Groups, IReadOnlyList<SpendLineBody> Items,
    SpendLineBody Total, long AsOf);

/// <param name="Kind">group, other or total.</param>
/// <param name="Group">The value of each dimension; null: spend that bears no such label.</param>
/// <param name="Charge">Charges plus corrections.</param>
/// <param name="Corrections">Part of <paramref name="Charge"/> that corrections made; below zero: given back.</param>
/// <param name="ProviderCost">What providers take, by the price list; null: a tenant reads.</param>
public sealed record SpendLineBody(
    string Kind, IReadOnlyDictionary<string, string?> Group, long Attempts, long Failures, Int128 InputTokens, Int128 CacheReadTokens,
    Int128 CacheWriteTokens, Int128 OutputTokens, Int128 ReasoningTokens, Amount Charge, Amount Corrections,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Amount? ProviderCost = null);

/// <summary>Spend of an org, or of all orgs of an asset. The same sums as the invoice and <c>costs today</c>, for any range.</summary>
internal static class SpendEndpoints
{
    private const string ByDefault = "model";

    public static void MapSpend(this IEndpointRouteBuilder api)
    {
        api.MapGet("/orgs/{org}/spend", One).Allow(Access.Tenant(KeyScope.ReadBilling).OrEveryRole());
        api.MapGet("/spend", All).Allow(Access.EveryRole);
    }

    private static Task<IResult> One(string org, HttpContext context, ILedger ledger, TimeProvider time)
    {
        Inputs.OnlyQuery(context, "by", "from", "to", "top", "format");
        var state = Inputs.Org(ledger, org);
        return AnswerAsync(state.Org.Id, state.Org.Asset, [state], context, ledger, time);
    }

    private static Task<IResult> All(HttpContext context, ILedger ledger, TimeProvider time)
    {
        Inputs.OnlyQuery(context, "asset", "by", "from", "to", "top", "format");
        var (asset, orgs) = Inputs.OrgsOfAsset(context, ledger);
        return AnswerAsync(null, asset, orgs, context, ledger, time);
    }

    private static async Task<IResult> AnswerAsync(
        string? org, string asset, IReadOnlyList<OrgState> orgs, HttpContext context, ILedger ledger, TimeProvider time)
    {
        if (SpendGrouping.Parse(Inputs.Query(context, "by") ?? ByDefault, out var by) is { } flaw) throw Refused(flaw);
        var format = Inputs.Query(context, "format") ?? "json";
        if (format is not ("json" or "csv")) throw Refused("The format is json or csv.");
        var (top, range, viewer) = (Top(context), SpendRange.Read(context, orgs, Instant.From(time.GetUtcNow())), Caller.Of(context).Viewer);
        var asOf = ledger.Read.AsOf;
        var report = await ReadAsync(by, orgs, range, top is null ? SpendReport.LinesMax : SpendReport.GroupsMax, ledger.Read, context.RequestAborted);
        var items = report.Lines(top ?? SpendReport.LinesMax).Select(line => Body(line.IsOther ? "other" : "group", by, line, viewer));
        var body = new SpendBody(
            org, asset, range.TimeZone, range.From, range.To, [.. by.Names], report.Groups, [.. items],
            Body("total", new([]), new([], IsOther: false, report.Total), viewer), asOf);
        if (format == "json") return Answer.Ok(body, IssuedJson.Default.SpendBody);
        await SpendCsv.WriteAsync(context, body, viewer);
        return TypedResults.Empty;
    }

    private static async Task<SpendReport> ReadAsync(
        SpendGrouping by, IReadOnlyList<OrgState> orgs, SpendRange range, int groupsMax, IRecountReader read, CancellationToken cancellationToken)
    {
        var report = new SpendReport(by);
        foreach (var org in orgs)
        {
            var (from, to) = range.In(org.Zone);
            if ((to - from).TotalDays > by.DaysMax) throw Refused($"A report by {SnakeCase.Of(by.Slot)} has at most {by.DaysMax} days. Narrow the range.");
            foreach (var piece in by.Pieces(from, to, org.Zone))
            {
                var lines = await read.SumsAsync(new RecountQuery(org, piece.Start, piece.End, by.Slot), cancellationToken);
                foreach (var line in lines) report.Add(line, org.Zone);
                if (report.Groups > groupsMax)
                {
                    throw Refused(string.Create(CultureInfo.InvariantCulture,
                        $"The range has more than {groupsMax} groups. Narrow the range, group by fewer dimensions, or send top=100 for the 100 largest."));
                }
            }
        }

        return report;
    }

    private static SpendLineBody Body(string kind, SpendGrouping by, SpendLine line, Viewer viewer)
    {
        var (sums, group) = (line.Sums, by.Names.Zip(line.Values).ToDictionary(pair => pair.First, pair => pair.Second));
        return new(
            kind, group, sums.Attempts, sums.Failures, sums.InputTokens, sums.CacheReadTokens, sums.CacheWriteTokens, sums.OutputTokens, sums.ReasoningTokens,
            sums.Charge, sums.Corrections, viewer == Viewer.Platform ? sums.ProviderCost : null);
    }

    private static int? Top(HttpContext context)
    {
        if (Inputs.Query(context, "top") is not { } text) return null;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var top) && top is >= 1 and <= SpendReport.LinesMax
            ? top
            : throw Refused($"'{Inputs.Shown(text)}' is not a number of groups: write a whole number from 1 to {SpendReport.LinesMax}.");
    }

    private static ApiRefusedException Refused(string detail) => new(ApiError.ParameterInvalid, detail);
}
