using Tieout.Core;
using Tieout.Core.Attribution.Audit;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Server.Attribution;
using Tieout.Server.Jobs;
using Tieout.Storage;

namespace Tieout.Server.Reconciliation.Lineages;

/// <summary>Audits each hour once when it is over, and records what is settled of it. So the share of whole operations over any range costs as much as its
/// hours, and what is not settled is looked at when somebody asks.</summary>
internal sealed class LineageHours(ILedger ledger, EnvelopeKeys keys)
{
    /// <summary>An hour is audited when it has been over for so long: by then nearly all of its attempts have ended.</summary>
    private static readonly TimeSpan SettlesAfter = TimeSpan.FromHours(1);

    /// <summary>By then batches and responses in the background have ended, too: an hour with unsettled parts is audited once more.</summary>
    private static readonly TimeSpan SettlesAgainAfter = TimeSpan.FromHours(26);

    /// <summary>How far back a ledger's hours are audited that has none audited yet.</summary>
    private static readonly TimeSpan BeginsBefore = TimeSpan.FromDays(35);

    /// <summary>A step has the time at which it was made, and is recorded a little later.</summary>
    private static readonly TimeSpan EarlyMost = TimeSpan.FromMinutes(1);

    /// <summary>Audited hours that lie in a range and still stand, in their order.</summary>
    public async Task<IReadOnlyList<AuditedSpan>> ReadAsync(Instant from, Instant to, CancellationToken cancellationToken)
    {
        if (await ThroughAsync(cancellationToken) is not { } through) return [];
        var hours = await StoredAsync(from, to, cancellationToken);
        var touched = hours.Count == 0 ? [] : await ledger.Read.TouchedAsync(hours, through.Through, cancellationToken);
        return [.. hours.Except(touched, ReferenceEqualityComparer.Instance).Cast<AuditedSpan>()];
    }

    /// <summary>Audits the next hour, and again those that later steps touched.</summary>
    /// <returns>Whether there was an hour to audit.</returns>
    /// <exception cref="StoreUnavailableException">The store is away. What was recorded stands.</exception>
    public async Task<bool> AuditNextAsync(Instant now, CancellationToken cancellationToken)
    {
        // Links could not be checked, and there are few where no envelope is issued.
        if (!keys.CanIssue) return false;
        var known = await ThroughAsync(cancellationToken);
        var from = known?.Next is { } next ? HourName.StartOf(next) : HourName.StartOf(HourName.Of(now - BeginsBefore));

        // Hours without rows are passed at once.
        if (await ledger.Read.FirstRowAsync(from, cancellationToken) is not { } row) return false;
        var first = HourName.StartOf(HourName.Of(row - EarlyMost));
        var hour = first > from ? first : from;
        if (hour + HourName.Length + SettlesAfter > now) return false;

        // The hour comes first: a step that is recorded meanwhile is looked at now and the next time.
        var audited = await AuditAsync(hour, now, cancellationToken);
        if (known is not null)
        {
            var standing = await StoredAsync(hour - BeginsBefore, hour, cancellationToken);
            foreach (var touched in await ledger.Read.TouchedAsync(standing, known.Through, cancellationToken))
            {
                await RecordAsync(await AuditAsync(touched.From, now, cancellationToken), cancellationToken);
            }

            if (standing.FirstOrDefault(span => span.From == hour - SettlesAgainAfter) is { } earlier && earlier.Books.Any(rows => rows.Unsettled.Count > 0))
            {
                await RecordAsync(await AuditAsync(earlier.From, now, cancellationToken), cancellationToken);
            }
        }

        await RecordAsync(audited, cancellationToken);
        var through = new LineageHourBody(
            [], new Dictionary<string, SettledLine>(), audited?.Through ?? known?.Through ?? new Dictionary<int, long>(), HourName.Of(hour + HourName.Length));
        await RecordAsync(HourName.Through, through, cancellationToken);
        return true;
    }

    /// <summary>Null: rows of the hour are in an archive.</summary>
    private async Task<AuditedSpan?> AuditAsync(Instant hour, Instant now, CancellationToken cancellationToken)
    {
        try
        {
            return await ledger.Read.AuditSpanAsync(
                new(Org: null, hour, hour + HourName.Length, keys.Ring, now, new HashSet<AttemptId>()), cancellationToken);
        }
        catch (RowsArchivedException)
        {
            return null;
        }
    }

    /// <summary>An hour without rows needs no record: there is nothing to look at.</summary>
    private async Task RecordAsync(AuditedSpan? span, CancellationToken cancellationToken)
    {
        if (span is { Books.Count: > 0 }) await RecordAsync(HourName.Of(span.From), LineageHourBody.Of(span), cancellationToken);
    }

    private async Task RecordAsync(string name, LineageHourBody body, CancellationToken cancellationToken) =>
        await ledger.SubmitAsync(new Command.AddRecord(RecordKind.LineageHour, "", name, body.ToJson(), Once: false), cancellationToken);

    private async Task<LineageHourBody?> ThroughAsync(CancellationToken cancellationToken) =>
        await ledger.Read.RecordAsync(new(RecordKind.LineageHour, "", HourName.Through), cancellationToken) is { } row ? LineageHourBody.Parse(row) : null;

    private async Task<IReadOnlyList<AuditedSpan>> StoredAsync(Instant from, Instant to, CancellationToken cancellationToken)
    {
        if (from > to - HourName.Length) return [];

        // Whole hours only: the last one is over at the end.
        return await ledger.Read.RecordsBetweenAsync(RecordKind.LineageHour, "", HourName.From(from), HourName.Of(to), cancellationToken)
            .Select(row => LineageHourBody.Parse(row).ToSpan(row.Name)).ToListAsync(cancellationToken);
    }
}
