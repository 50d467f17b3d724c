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
/// <param name="Unattributed">The part of the total's charge that lacks a label of <paramref name="By"/>: the lines of the kind <c>unattributed</c>.</param>
/// <param name="Other">The part of the total's charge that has no name of its own: the line <c>other</c>, and usage under the label <c>other</c>, which
/// replaces teams, users and other labels that an org has more of than it may have.</param>
public sealed record SpendBody(
    string? Org, string Asset, string? TimeZone, string From, string To, IReadOnlyList<string> By, int Groups, IReadOnlyList<SpendLineBody> Items,
    SpendLineBody Total, Amount Unattributed, Amount Other, long AsOf);

/// <param name="Kind">group, unattributed (it lacks a label of the report), other or total.</param>
/// <param name="Group">The value of each dimension; null: spend that bears no such label. Tables and files name it <c>(unattributed)</c>, which no label can
/// be called.</param>
/// <param name="Groups">The groups that the line stands for.</param>
/// <param name="Charge">Charges plus corrections.</param>
/// <param name="Corrections">Part of <paramref name="Charge"/> that corrections made; below zero: given back.</param>
/// <param name="ProviderCost">What providers take, by the price list; null: a tenant reads.</param>
public sealed record SpendLineBody(
    string Kind, IReadOnlyDictionary<string, string?> Group, int Groups, long Attempts, long Failures, Int128 InputTokens, Int128 CacheReadTokens,
    Int128 CacheWriteTokens, Int128 OutputTokens, Int128 ReasoningTokens, Amount Charge, Amount Corrections,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Amount? ProviderCost = null);

/// <summary>Spend of an org, or of all orgs of an asset. The same sums as the invoice and <c>costs today</c>, for any range.</summary>
internal static class SpendEndpoints
{
    public static void MapSpend(this IEndpointRouteBuilder api)
    {
        api.MapGet("/orgs/{org}/spend", One).Allow(Access.Tenant(KeyScope.ReadBilling).OrEveryRole());
        api.MapGet("/spend", All).Allow(Access.EveryRole);
    }

    private static Task<IResult> One(string org, HttpContext context, ILedger ledger, TimeProvider time)
    {
        Inputs.OnlyQuery(context, [.. SpendRequest.Known]);
        var state = Inputs.Org(ledger, org);
        return AnswerAsync(state.Org.Id, state.Org.Asset, [state], context, ledger, time);
    }

    /// <summary>Of all orgs of an asset, as the query asks.</summary>
    public static Task<IResult> All(HttpContext context, ILedger ledger, TimeProvider time)
    {
        Inputs.OnlyQuery(context, ["asset", .. SpendRequest.Known]);
        var (asset, orgs) = Inputs.OrgsOfAsset(context, ledger);
        return AnswerAsync(null, asset, orgs, context, ledger, time);
    }

    private static async Task<IResult> AnswerAsync(
        string? org, string asset, IReadOnlyList<OrgState> orgs, HttpContext context, ILedger ledger, TimeProvider time)
    {
        var (request, viewer) = (SpendRequest.Read(context, orgs, Instant.From(time.GetUtcNow())), Caller.Of(context).Viewer);
        var body = await ReportAsync(request, org, asset, orgs, viewer, ledger.Read, context.RequestAborted);
        if (request.Format == "json") return Answer.Ok(body, IssuedJson.Default.SpendBody);
        context.Response.ContentType = "text/csv; charset=utf-8";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"spend-{org ?? asset}.csv\"";
        await SpendCsv.WriteAsync(context.Response.Body, body, viewer, context.RequestAborted);
        return TypedResults.Empty;
    }

    /// <summary>The report that API, files and the console show.</summary>
    /// <param name="org">Null: all orgs of the asset.</param>
    public static async Task<SpendBody> ReportAsync(
        SpendRequest request, string? org, string asset, IReadOnlyList<OrgState> orgs, Viewer viewer, ILedgerReader read,
        CancellationToken cancellationToken)
    {
        var asOf = read.AsOf;
        var report = request.IsOfRows
            ? await SpendOfRows.ReadAsync(request, orgs, read, cancellationToken)
            : await ReadAsync(request, orgs, read, cancellationToken);
        var lines = report.Lines(request.Top ?? SpendReport.LinesMax);
        var items = lines.Select(line => Body(line.IsOther ? "other" : line.IsUnattributed ? "unattributed" : "group", request.By, line, viewer));
        return new SpendBody(
            org, asset, request.TimeZone, request.From, request.To, [.. request.By.Names], report.Groups, [.. items],
            Body("total", new([]), new([], IsOther: false, report.Total) { Groups = report.Groups }, viewer),
            report.Unattributed, report.OfOther(lines), asOf);
    }

    private static async Task<SpendReport> ReadAsync(
        SpendRequest request, IReadOnlyList<OrgState> orgs, IRecountReader read, CancellationToken cancellationToken)
    {
        var report = new SpendReport(request.By);
        foreach (var org in orgs)
        {
            var (from, to) = request.In(org.Zone);
            foreach (var piece in request.By.Pieces(from, to, org.Zone))
            {
                var lines = await read.SumsAsync(new RecountQuery(org, piece.Start, piece.End, request.By.Slot), cancellationToken);
                foreach (var line in lines.Where(line => request.Filter(org, from, to).Matches(line.Labels))) report.Add(line, org.Zone);
                request.Validate(report);
            }
        }

        return report;
    }

    private static SpendLineBody Body(string kind, SpendGrouping by, SpendLine line, Viewer viewer)
    {
        var (sums, group) = (line.Sums, by.Names.Zip(line.Values).ToDictionary(pair => pair.First, pair => pair.Second));
        return new(
            kind, group, line.Groups, sums.Attempts, sums.Failures, sums.InputTokens, sums.CacheReadTokens, sums.CacheWriteTokens, sums.OutputTokens,
            sums.ReasoningTokens,
            sums.Charge, sums.Corrections, viewer == Viewer.Platform ? sums.ProviderCost : null);
    }
}
