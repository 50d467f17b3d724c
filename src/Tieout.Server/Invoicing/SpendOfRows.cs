using System.Globalization;
using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Invoicing;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Storage;

namespace Tieout.Server.Invoicing;

/// <summary>Spend by what no line has, such as end users: each usage record of the range is looked at, found in the row index. Rows of other orgs, times and
/// labels are not.</summary>
internal static class SpendOfRows
{
    /// <summary>Usage records and corrections of one report: a few seconds.</summary>
    public const int RowsMax = 1_000_000;

    public static async Task<SpendReport> ReadAsync(
        SpendRequest request, IReadOnlyList<OrgState> orgs, ILedgerReader read, CancellationToken cancellationToken)
    {
        var (report, rows) = (new SpendReport(request.By), 0L);
        foreach (var org in orgs) rows += await CountAsync(request, org, read, cancellationToken);
        Validate(rows);
        rows = 0;
        foreach (var org in orgs)
        {
            var (from, to) = request.In(org.Zone);
            foreach (var piece in request.By.Pieces(from, to, org.Zone))
            {
                var query = new UsageRangeQuery(org, request.Filter(org, piece.Start, piece.End), request.By.Slot);
                var (part, looked) = await read.RangeAsync(query, usage => Report(request, query, usage), cancellationToken);
                report.Add(part);
                request.Validate(report);
                Validate(rows += looked);
            }
        }

        return report;
    }

    private static (SpendReport Report, long Rows) Report(SpendRequest request, UsageRangeQuery query, UsageRange usage)
    {
        var (report, zone, rows) = (new SpendReport(request.By), query.Org.Zone, 0L);
        var slots = new Slots(new(query.Org, query.Filter.From, query.Filter.To, query.Slot));

        // What a filter of single records asks for, postings beside usage cannot have.
        if (query.Filter.IsOfLabels)
        {
            foreach (var line in usage.Lines) report.AddBesideUsage(line, zone);
        }

        foreach (var row in usage.Rows)
        {
            report.Add(row, slots.Of(row.EffectiveAt), zone);
            if (++rows % 1_000 != 0) continue;
            request.Validate(report);
            Validate(rows);
        }

        return (report, rows);
    }

    /// <summary>How many rows will be looked at: lines count them by labels. Of an id, the index finds its own rows alone.</summary>
    private static async Task<long> CountAsync(SpendRequest request, OrgState org, ILedgerReader read, CancellationToken cancellationToken)
    {
        var (from, to) = request.In(org.Zone);
        var filter = request.Filter(org, from, to);
        if (filter.Id is not null) return 0;
        if (filter.NamesTraits)
        {
            return (await read.StatusesAsync(new RecountQuery(org, from, to), cancellationToken))
                .Where(line => filter.Matches(line.Labels) && filter.Matches(line.Traits)).Sum(line => line.Attempts);
        }

        return (await read.SumsAsync(new(org, from, to), cancellationToken)).Where(line => filter.Matches(line.Labels)).Sum(line => line.Sums.Attempts);
    }

    private static void Validate(long rows)
    {
        if (rows <= RowsMax) return;
        throw SpendRequest.Refused(string.Create(CultureInfo.InvariantCulture,
            $"The range has {rows} usage records. By user, workflow, status or basis each is looked at, up to {RowsMax}: narrow the range, or filter, for example team=red."));
    }

    /// <summary>The slots of rows, which come nearly in the order of time.</summary>
    private sealed class Slots(RecountQuery query)
    {
        private Window? _last;

        public Instant Of(Instant at)
        {
            if (_last?.Contains(at) == true) return _last.Start;
            var start = query.SlotOf(at);
            _last = query.Slot switch
            {
                RecountSlot.Range => new(query.From, query.To),
                RecountSlot.Hour => new(start, new(start.UnixMicros + Instant.MicrosPerHour)),
                _ => Window.Of(WindowUnit.Day, at, query.Org.Zone),
            };
            return start;
        }
    }
}
