using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Invoicing;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Reconciliation;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Governor;
using Tieout.Server.Http;
using Tieout.Server.Reconciliation.Bills;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Reconciliation;

/// <summary>Compares the ledger with a file of another book. Nothing is kept of the file; what a bill is off by is kept as a finding.</summary>
internal static class TieEndpoints
{
    /// <summary>Files are read as a stream; what is kept is a sum a key.</summary>
    private const long FileBytesMax = 1L << 30;

    public static void MapTies(this IEndpointRouteBuilder api)
    {
        api.MapPost("/orgs/{org}/ties",
            (string org, HttpContext context, ILedger ledger, TimeProvider time,
                BillTies bills) => TieAsync(Inputs.Org(ledger, org), context, ledger, time, bills)).Allow(Access.EveryRole).WithMetadata(FileUploadBody.Mark);
        api.MapPost("/ties", (HttpContext context, ILedger ledger, TimeProvider time, BillTies bills) => TieAsync(null, context, ledger, time, bills))
            .Allow(Access.EveryRole).WithMetadata(FileUploadBody.Mark);
    }

    /// <param name="org">Null: all orgs, as a provider's bill is for.</param>
    private static async Task<IResult> TieAsync(OrgState? org, HttpContext context, ILedger ledger, TimeProvider time, BillTies bills)
    {
        Inputs.OnlyQuery(context, "key", "amount", "unit", "format", "from", "to", "last_write", "provider", "dry_run");
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = FileBytesMax;
        var request = TieRequest.Read(context, org, Instant.From(time.GetUtcNow()));
        try
        {
            var body = BillFormat.All.TryGetValue(request.Format, out var bill)
                ? await bills.TieAsync(bill, request, context.Request.Body, surface: null, KeepsFinding(context), context.RequestAborted)
                : org is null ? throw new ApiRefusedException(ApiError.ParameterInvalid, "A counter is compared with one org: say which.")
                : await CounterAsync(org, request, context, ledger);
            return Answer.Ok(body, TieJson.Default.TieBody);
        }
        catch (OverflowException)
        {
            throw FileRefused.Whole($"Its figures come to more than {Amount.TransferMax}: compare a shorter range or by more fields.");
        }
    }

    /// <summary>Whoever only looks changes nothing: a viewer or operator, or whoever says so.</summary>
    /// <exception cref="ApiRefusedException"><c>dry_run</c> is neither true nor false.</exception>
    internal static bool KeepsFinding(HttpContext context) => Inputs.Query(context, "dry_run") switch
    {
        null or "false" => Caller.Of(context).Role is AdminRole.Admin or AdminRole.Finance,
        "true" => false,
        var other => throw new ApiRefusedException(ApiError.ParameterInvalid, $"'{Inputs.Shown(other)}' is neither true nor false."),
    };

    private static async Task<TieBody> CounterAsync(OrgState org, TieRequest request, HttpContext context, ILedger ledger)
    {
        var form = request.Counter(org);
        var rows = new CounterRows(form);
        var columns = form.Columns.ToArray();
        await (request.Format == "jsonl"
            ? JsonLinesRows.ReadAsync(context.Request.Body, columns, rows.Add, context.RequestAborted)
            : CsvRows.ReadAsync(context.Request.Body, columns, rows.Add, context.RequestAborted));

        return await CounterAsync(org, request, rows, ledger, context.RequestAborted);
    }

    /// <summary>Compares the ledger with a counter whose rows were read.</summary>
    internal static async Task<TieBody> CounterAsync(OrgState org, TieRequest request, CounterRows rows, ILedger ledger, CancellationToken cancellationToken)
    {
        var asOf = ledger.Read.AsOf;
        var tie = await CompareAsync(org, request, rows.Side, ledger, cancellationToken);
        return Body(request, request.Spec, tie, "charge", org.Org.TimeZone, rows.Rows, rows.LeftOut, asOf);
    }

    private static async Task<Tie> CompareAsync(OrgState org, TieRequest request, OutsideSide theirs, ILedger ledger, CancellationToken cancellationToken)
    {
        var range = new Window(request.From, request.To);
        LedgerReading Cut(TimeZoneInfo zone) => new(request.Spec, range, zone, TallyFigure.Charge, _ => true);

        // 1. Totals, from lines. Rows are read only to explain what differs.
        var lines = await Cut(org.Zone).TotalsAsync(org, ledger.Read, cancellationToken);
        var totals = LedgerSide.Of(request.Spec, lines);
        var keys = totals.Cells.Keys.Union(theirs.Cells.Keys).ToList();
        var differing = keys.Where(key => (totals.Find(key)?.All.Total ?? Amount.Zero) != (theirs.Find(key)?.Amount ?? Amount.Zero)).ToHashSet();

        // 2. The same charges with days cut in UTC, only where the clocks differ.
        var byUtcDays = request.Spec.Has(TieField.Day) && (org.Zone.BaseUtcOffset != TimeSpan.Zero || org.Zone.SupportsDaylightSavingTime);
        var utc = byUtcDays && differing.Count > 0
            ? LedgerSide.Of(request.Spec, await Cut(TimeZoneInfo.Utc).TotalsAsync(org, ledger.Read, cancellationToken)) : null;

        // 3. The parts of what differs. A charge that was made since step 1 is in both the figure and its parts.
        var decimals = Math.Min(9, theirs.Decimals);
        var terms = new TallyTerms(TallyFigure.Charge, request.WrittenAt, MinorUnit.Nanos(decimals));
        totals.Replace(
            differing.Where(totals.Cells.ContainsKey),
            LedgerSide.Of(request.Spec, await Cut(org.Zone).PartsAsync(org, lines, differing, terms, ledger.Read, cancellationToken)));
        var causes = new CounterCauses(request.Spec, decimals);
        return Tie.Of(
            keys.Select(key => causes.Row(key, totals.Find(key), theirs.Find(key), utc is null ? null : utc.Find(key)?.All.Total ?? Amount.Zero)),
            request.IsStale);
    }

    internal static TieBody Body(TieRequest request, TieSpec spec, Tie tie, string figure, string zone, long rightRows, long leftOut, long asOf)
    {
        var fields = spec.Columns.Select(column => TieSpec.Name(column.Field)).ToArray();
        return new(
            request.Org?.Org.Id, request.Org?.Org.Asset ?? Asset.Usd.Code, "ledger", figure, zone, request.FromGiven?.ToString(), request.ToGiven?.ToString(),
            [.. tie.Rows.Select(row => Row(row, fields))], tie.Left, tie.Right, tie.Left - tie.Right, tie.DriftPct, SnakeCase.Of(tie.Severity), tie.Differing,
            rightRows, leftOut, asOf);
    }

    private static TieRowBody Row(TieRow row, string[] fields)
    {
        var key = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        for (var i = 0; i < fields.Length; i++) key[fields[i]] = JsonSerializer.SerializeToElement(row.Key.Values[i], TieJson.Default.String);
        return new(row.Left, row.Right, row.Difference, row.Cause,
            [.. row.Parts.Select(part => new CausePartBody(part.Cause, part.Amount, part.Detail))])
        { Key = key };
    }
}
