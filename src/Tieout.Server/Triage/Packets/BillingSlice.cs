using System.Text;
using Microsoft.AspNetCore.Http;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Server.Metering;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Triage.Packets;

/// <param name="From">The first hour of the period, in UTC.</param>
/// <param name="Rows">Rows of the slice.</param>
/// <param name="LeftOut">The period has more rows than a slice, so the slice has those of the disputed operations alone.</param>
internal sealed record BillingSliceFile(byte[] Csv, Instant From, Instant To, long Rows, bool LeftOut);

/// <summary><c>billing.csv</c>: what the org was charged in the hours of the dispute, as the export of usage writes it in FOCUS.</summary>
internal sealed class BillingSlice(ILedger ledger, IEnumerable<IUsageExport> exports)
{
    /// <summary>Rows of the period.</summary>
    public const int RowsMax = 5_000;

    private const string Format = "focus";

    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    public async Task<BillingSliceFile> OfAsync(Dispute dispute, OtherTenants others, CancellationToken cancellationToken)
    {
        // Corrections count when they were made, so the period reaches to the last of them.
        var times = dispute.Attempts.SelectMany(attempt => attempt.Records.Postings.Select(posting => posting.Row.EffectiveAt)
            .Append(attempt.Usage?.EffectiveAt ?? attempt.At)).ToList();
        var (from, to) = (Recount.HourOf(times.Min()), Recount.HourOf(times.Max()) + Hour);
        var period = new UsageFilter(dispute.Org.Org.Id, from, to);
        var page = await ledger.Read.PageAsync(new(dispute.Org, period, OldestFirst: true, After: null, RowsMax + 1), cancellationToken);
        var leftOut = page.Count > RowsMax;
        UsageFilter[] filters = leftOut
            ? [.. dispute.Operations.Select(id => new UsageFilter(period.Org, Instant.UnixEpoch, Instant.EndOfTime).Where(UsageColumn.Operation, id))]
            : [period];
        var text = new StringBuilder();
        foreach (var filter in filters)
        {
            var csv = await ExportAsync(dispute.Org, filter, cancellationToken);
            var afterHeader = csv.IndexOf('\n', StringComparison.Ordinal) + 1;
            if (text.Length == 0) text.Append(csv, 0, afterHeader);
            text.Append(others.Hidden(csv[afterHeader..]));
        }

        return new(Encoding.UTF8.GetBytes(text.ToString()), from, to, leftOut ? dispute.Attempts.Count : page.Count, leftOut);
    }

    /// <summary>What a person of the platform gets who asks for the same export.</summary>
    private async Task<string> ExportAsync(OrgState org, UsageFilter filter, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        var context = new DefaultHttpContext { RequestAborted = cancellationToken };
        context.Response.Body = bytes;
        Caller.Root.StoreIn(context);
        await exports.First(export => export.Format == Format).WriteAsync(
            context, new(org, filter, OldestFirst: true, After: null, Limit: RowsMax, Format));
        return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }
}
