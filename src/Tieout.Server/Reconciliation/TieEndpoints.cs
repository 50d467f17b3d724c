using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Tieout.Core;
using Tieout.Core.Money;
using Tieout.Core.Reconciliation;
using Tieout.Server.Api;
using Tieout.Storage;

namespace Tieout.Server.Reconciliation;

/// <summary>Compares the ledger with a file of another book. Nothing is kept of the file, and nothing is changed.</summary>
internal static class TieEndpoints
{
    /// <summary>Files are read as a stream; what is kept is a sum a key.</summary>
    private const long FileBytesMax = 1L << 30;

    public static void MapTies(this IEndpointRouteBuilder api) => api.MapPost("/orgs/{org}/ties", TieAsync);

    private static async Task<IResult> TieAsync(string org, HttpContext context, ILedger ledger, TimeProvider time)
    {
        Inputs.OnlyQuery(context, "key", "amount", "unit", "format", "from", "to", "last_write");
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = FileBytesMax;
        var state = Inputs.Org(ledger, org);
        var request = TieRequest.Read(context, state, Instant.From(time.GetUtcNow()));
        return Answer.Ok(await CounterAsync(request, context, ledger), TieJson.Default.TieBody);
    }

    private static async Task<TieBody> CounterAsync(TieRequest request, HttpContext context, ILedger ledger)
    {
        var form = request.Counter();
        var rows = new CounterRows(form);
        var columns = form.Columns.ToArray();
        await (request.Format == "jsonl"
            ? JsonLinesRows.ReadAsync(context.Request.Body, columns, rows.Add, context.RequestAborted)
            : CsvRows.ReadAsync(context.Request.Body, columns, rows.Add, context.RequestAborted));

        var asOf = ledger.Read.AsOf;
        var tie = await CompareAsync(request, rows.Side, ledger, context.RequestAborted);
        return Body(request, tie, TallyFigure.Charge, rows.Rows, rows.LeftOut, asOf);
    }

    private static async Task<Tie> CompareAsync(TieRequest request, OutsideSide theirs, ILedger ledger, CancellationToken cancellationToken)
    {
        var decimals = Math.Min(9, theirs.Decimals);
        var ours = await LedgerReading.ReadAsync(request, TallyFigure.Charge, request.Org.Zone, decimals, ledger.Read, cancellationToken);
        var keys = ours.Cells.Keys.Union(theirs.Cells.Keys).ToList();

        // Only where something differs, and only where the clocks do: the same charges, with days cut in UTC.
        var byUtcDays = request.Spec.Has(TieField.Day) && (request.Org.Zone.BaseUtcOffset != TimeSpan.Zero || request.Org.Zone.SupportsDaylightSavingTime);
        var utc = byUtcDays && keys.Any(key => (ours.Find(key)?.All.Total ?? Amount.Zero) != (theirs.Find(key)?.Amount ?? Amount.Zero))
            ? await LedgerReading.ReadAsync(request, TallyFigure.Charge, TimeZoneInfo.Utc, decimals, ledger.Read, cancellationToken)
            : null;
        var causes = new CounterCauses(request.Spec, decimals);
        return Tie.Of(
            keys.Select(key => causes.Row(key, ours.Find(key), theirs.Find(key), utc is null ? null : utc.Find(key)?.All.Total ?? Amount.Zero)), request.IsStale);
    }

    private static TieBody Body(TieRequest request, Tie tie, TallyFigure figure, long rightRows, long leftOut, long asOf)
    {
        var fields = request.Spec.Columns.Select(column => TieSpec.Name(column.Field)).ToArray();
        return new(
            request.Org.Org.Id, request.Org.Org.Asset, "ledger", UsageLine.Snake(figure), request.Org.Org.TimeZone, request.FromGiven?.ToString(), request.ToGiven?.ToString(),
            [.. tie.Rows.Select(row => Row(row, fields))], tie.Left, tie.Right, tie.Left - tie.Right, tie.DriftPct, UsageLine.Snake(tie.Severity), tie.Differing, rightRows, leftOut, asOf);
    }

    private static TieRowBody Row(TieRow row, string[] fields)
    {
        var key = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        for (var i = 0; i < fields.Length; i++) key[fields[i]] = JsonSerializer.SerializeToElement(row.Key.Values[i], TieJson.Default.String);
        return new(row.Left, row.Right, row.Difference, row.Cause, [.. row.Parts.Select(part => new CausePartBody(part.Cause, part.Amount, part.Detail))]) { Key = key };
    }
}
