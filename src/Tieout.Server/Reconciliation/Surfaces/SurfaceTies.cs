using System.Collections.Concurrent;
using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Reconciliation;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Reconciliation.Bills;
using Tieout.Storage;

namespace Tieout.Server.Reconciliation.Surfaces;

/// <summary>How the last comparison with a surface went.</summary>
/// <param name="Tie">Null: it failed.</param>
/// <param name="Failure">Why it failed, in a sentence; null: it did not.</param>
/// <param name="DriftingSince">Since when the drift is above <see cref="AlertOptions.DriftPct"/>, in every comparison; null: it is not.</param>
internal sealed record SurfaceStanding(Instant At, TieBody? Tie, string? Failure, Instant? DriftingSince);

/// <summary>Compares the ledger with configured surfaces, when asked and by schedule.</summary>
internal sealed class SurfaceTies(ServerOptions options, ILedger ledger, TimeProvider time, SurfaceReader reader, BillTies bills)
{
    private readonly ConcurrentDictionary<string, SurfaceStanding> _standings = new(StringComparer.Ordinal);

    public IReadOnlyList<SurfaceOptions> All => options.Surfaces;

    /// <summary>How long a surface drifts before somebody is told.</summary>
    public TimeSpan AlertAfter => options.Alerts.DriftFor;

    /// <exception cref="ApiRefusedException">There is none of that name.</exception>
    public SurfaceOptions Find(string name) => options.Surfaces.FirstOrDefault(surface => surface.Name == name)
        ?? throw new ApiRefusedException(ApiError.SurfaceNotFound, $"The configuration has no surface '{Inputs.Shown(name)}'.");

    /// <summary>Null: it was not compared since the server started.</summary>
    public SurfaceStanding? Standing(string name) => _standings.GetValueOrDefault(name);

    /// <param name="query">For a database whose configuration has none.</param>
    /// <param name="from">Null: as the configuration says.</param>
    /// <param name="lastWrite">When the surface was last written; null: not known.</param>
    /// <param name="keepsFinding">Of a bill: whether what it is off by is kept.</param>
    /// <exception cref="ApiRefusedException">It cannot be reached or read.</exception>
    public async Task<TieBody> TieAsync(
        SurfaceOptions surface, string? query, Instant? from, Instant? to, Instant? lastWrite, bool keepsFinding, CancellationToken cancellationToken)
    {
        var now = Instant.From(time.GetUtcNow());
        TieSpec.Parse(surface.Key, out var spec);
        if (surface.Source is SurfaceSource.InFile { Format: { } format } file && BillFormat.All.TryGetValue(format, out var bill))
        {
            var billed = new TieRequest(surface.Org is { } whose ? Inputs.Org(ledger, whose) : null, spec, format, surface.Provider, surface.Amount, Unit: null,
                from, to, lastWrite, now);
            await using var stream = SurfaceReader.Open(surface, file);
            return await bills.TieAsync(bill, billed, stream, surface.Name, keepsFinding, cancellationToken);
        }

        var org = Inputs.Org(ledger, surface.Org!);

        // Rows that name no day cannot be cut by one: they are all that was ever counted.
        var since = from ?? (spec.Has(TieField.Day) ? DaysBefore(Window.Of(WindowUnit.Day, now, org.Zone).Start, surface.Days, org.Zone) : null as Instant?);
        var request = new TieRequest(org, spec, "csv", Provider: null, surface.Amount, surface.Unit, since, to, lastWrite, now);
        var form = request.Counter(org);
        var rows = new CounterRows(form);
        await reader.ReadAsync(surface, query, [.. form.Columns], rows.Add, cancellationToken);
        return await TieEndpoints.CounterAsync(org, request, rows, ledger, cancellationToken);
    }

    /// <summary>The scheduled comparison; what it finds stands until the next.</summary>
    public async Task<SurfaceStanding> CompareAsync(SurfaceOptions surface, CancellationToken cancellationToken)
    {
        var at = Instant.From(time.GetUtcNow());
        var drifting = Standing(surface.Name)?.DriftingSince;
        try
        {
            drifting = (await DriftEpisode.OfAsync(ledger.Read, surface, cancellationToken))?.Since;
            var tie = await TieAsync(surface, query: null, from: null, to: null, lastWrite: null, keepsFinding: true, cancellationToken);
            return _standings[surface.Name] = new(at, tie with { Rows = [] }, null, tie.DriftPct > options.Alerts.DriftPct ? drifting ?? at : null);
        }
        catch (Exception e) when (e is ApiRefusedException or StoreUnavailableException)
        {
            // What cannot be read says nothing about the drift: neither that it began nor that it ended.
            return _standings[surface.Name] = new(at, null, e is ApiRefusedException refused ? refused.Detail ?? refused.Error.Title : e.Message, drifting);
        }
    }

    private static Instant DaysBefore(Instant day, int days, TimeZoneInfo zone)
    {
        // From the middle of a day, so that no change of the clock leads into another one.
        for (; days > 0; days--) day = Window.Of(WindowUnit.Day, day - TimeSpan.FromHours(12), zone).Start;
        return day;
    }
}
