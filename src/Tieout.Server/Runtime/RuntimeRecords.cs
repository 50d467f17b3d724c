using System.Globalization;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Runtime;
using Tieout.Server.Ingest;
using Tieout.Storage;

namespace Tieout.Server.Runtime;

/// <summary>Stretches as usage records, and usage records as stretches: one is the other, so what was billed is read from the ledger and from nowhere else
/// (Q1).</summary>
internal static class RuntimeRecords
{
    /// <summary>An operation is a day of an instance, so that its records are found at once and are never many.</summary>
    private const int DaySuffixLength = 11;

    public const int IdLengthMax = 128 - DaySuffixLength;
    public const long DaySeconds = 86_400;
    private const long HourSeconds = 3_600;

    public static string Operation(string runtime, long second) =>
        $"{runtime}/{At(second).ToDateTimeOffset().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}";

    public static Instant At(long second) => new(second * Instant.MicrosPerSecond);

    /// <summary>Its id follows from what it is, so whoever makes it, and however often, it counts once. Usage that is handed in has a source, so it never takes
    /// such an id.</summary>
    public static UsageItem Item(RuntimeInstance instance, Due due, int index)
    {
        var stretch = due.Stretch;
        var component = instance.Components[stretch.Component];
        return new(index)
        {
            Source = "",
            Id = $"{instance.Id}/{component.Name}/{stretch.From}/{due.Revision}",
            OccurredAt = At(stretch.From),
            Org = instance.Org,
            Project = instance.Project,
            Team = instance.Team,
            Key = instance.Key,
            Provider = instance.Provider,
            Model = component.Model,
            UsageSource = instance.Source,
            OperationId = Operation(instance.Id, stretch.From),
            CorrelationId = instance.CorrelationId,
            AttemptNo = due.Revision,
            DurationMs = checked((int)(stretch.Seconds * 1_000)),
            Units = new(StringComparer.Ordinal) { [component.Unit.Name] = component.UnitsIn(stretch.Seconds, stretch.Replicas) },
            Runtime = instance.LabelsOf(component, stretch.Mode),
        };
    }

    /// <summary>Null: the record is not one of the instance's own, but was handed in under its name.</summary>
    public static Billed? Billed(RuntimeInstance instance, UsageRow row)
    {
        var usage = row.Usage;
        if (usage.Labels.Runtime is not { } labels || usage.Labels.Source != instance.Source) return null;
        var place = instance.Components.ToList().FindIndex(component => component.Name == labels.Component);
        if (place < 0 || !usage.OperationId.StartsWith(instance.Id + "/", StringComparison.Ordinal)) return null;
        var component = instance.Components[place];
        var from = usage.OccurredAt.UnixMicros / Instant.MicrosPerSecond;
        if (usage.Id != ImportedId.Of(instance.Org, "", $"{instance.Id}/{component.Name}/{from}/{usage.AttemptNo}")) return null;
        var seconds = usage.DurationMs / 1_000;
        var units = UnitCounts.Of(usage.Counts)[component.Unit];
        var replicas = seconds == 0 ? 0 : (int)(units / component.UnitsIn(seconds, 1));
        return new(usage.Id, new(place, from, from + seconds, replicas, seconds == 0 ? null : labels.OperatingMode), usage.AttemptNo, row.Charge);
    }

    /// <summary>What is recorded of a UTC day of an instance, with what of it was taken back.</summary>
    /// <param name="second">Any of the day.</param>
    public static async Task<List<Billed>> OfDayAsync(IAttemptsReader read, RuntimeInstance instance, long second, CancellationToken cancellationToken)
    {
        var rows = new List<Billed>();
        foreach (var attempt in await read.OperationAsync(instance.Org, Operation(instance.Id, second), cancellationToken))
        {
            if (attempt.Usage is { } row && Billed(instance, row) is { } billed) rows.Add(billed);
        }

        // Only beside a newer revision can anything be taken back, and every grid divides the hour: so nothing is read for the hours in which all went well.
        var revised = rows.Where(row => row.Revision > 1).Select(row => row.Stretch.From / HourSeconds).ToHashSet();
        for (var i = 0; i < rows.Count; i++)
        {
            if (!rows[i].IsNothing && revised.Contains(rows[i].Stretch.From / HourSeconds))
            {
                rows[i] = rows[i] with { IsTakenBack = await IsTakenBackAsync(read, instance, rows[i], rows, cancellationToken) };
            }
        }

        return rows;
    }

    private static async Task<bool> IsTakenBackAsync(
        IAttemptsReader read, RuntimeInstance instance, Billed row, List<Billed> all, CancellationToken cancellationToken)
    {
        if (await read.AttemptAsync(instance.Org, row.Usage, cancellationToken) is not { Usage: not null } attempt) return false;
        var reversals =
            (await read.RecordsAsync(instance.Org, attempt, cancellationToken)).Postings.Where(posting => posting.Row.Kind == PostingKind.Reversal).ToList();

        // A person may have given a charge back: it is recorded all the same, and not charged again.
        var isOlder = all.Exists(
            other => other.Revision > row.Revision && other.Stretch.From == row.Stretch.From && other.Stretch.Component == row.Stretch.Component);
        return isOlder ? reversals.Count > 0 : reversals.Exists(posting => posting.Row.CommandId == RuntimeRecharge.ReversalOf(row.Usage));
    }
}
