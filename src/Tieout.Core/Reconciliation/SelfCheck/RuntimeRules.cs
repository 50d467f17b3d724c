using Tieout.Core.Money;
using Tieout.Core.Runtime;

namespace Tieout.Core.Reconciliation.SelfCheck;

/// <summary>What a day of a component stands charged for, in its unit. Days are UTC, as the operations of instances are.</summary>
public readonly record struct ComponentDay(string Org, string Instance, int Component, long Day)
{
    public const long Seconds = 86_400;
}

/// <param name="IsShort">Less stands charged than the component was active for; false: more.</param>
public readonly record struct UnevenDay(ComponentDay Day, bool IsShort);

/// <summary>A stretch of activity that no record stands for, with what it costs; null: no price is known.</summary>
public sealed record Unmetered(Stretch Stretch, Amount? Charge);

/// <summary>Activity against usage, short and beyond. Pure: activity from the events, usage from the records that stand.</summary>
public static class RuntimeRules
{
    /// <summary>The days on which what stands charged for a component is less than its activity, or more.</summary>
    /// <param name="standing">Units that stand charged; a day that is not in it: none.</param>
    /// <param name="due">The first second whose usage need not be there yet.</param>
    /// <param name="now">The first second whose usage cannot be there yet.</param>
    public static IEnumerable<UnevenDay> Uneven(Instances instances, IReadOnlyDictionary<ComponentDay, long> standing, long due, long now)
    {
        var charged = standing.Keys.ToLookup(key => (key.Org, key.Instance), key => key.Day);
        foreach (var log in instances.Logs)
        {
            var instance = log.Instance;
            var days = new SortedSet<long>(charged[(instance.Org, instance.Id)]);
            if (log.Events.Count > 0)
            {
                for (var day = log.Events[0].Second / ComponentDay.Seconds; day * ComponentDay.Seconds < due; day++) days.Add(day);
            }

            foreach (var day in days)
            {
                var (least, most) = (Used(log, day, due), Used(log, day, now));
                for (var i = 0; i < least.Length; i++)
                {
                    var key = new ComponentDay(instance.Org, instance.Id, i, day);
                    if (standing.GetValueOrDefault(key) is var units && (units < least[i] || units > most[i])) yield return new(key, units < least[i]);
                }
            }
        }
    }

    /// <summary>Units by component that a day's activity comes to, up to a second.</summary>
    private static long[] Used(ActivityLog log, long day, long until)
    {
        var used = new long[log.Instance.Components.Length];
        var (from, to) = (day * ComponentDay.Seconds, Math.Min(until, (day + 1) * ComponentDay.Seconds));
        if (to <= from) return used;
        foreach (var stretch in log.Between(from, to))
        {
            used[stretch.Component] += log.Instance.Components[stretch.Component].UnitsIn(stretch.Seconds, stretch.Replicas);
        }

        return used;
    }

    /// <summary>More stands charged on a day than the instance was active for, by component: it stopped earlier, never started, or somebody else charged it
    /// too.</summary>
    /// <param name="components">Those of which too much stands.</param>
    /// <param name="charged">What stands charged for them.</param>
    /// <param name="right">What their activity comes to; null: no price is known.</param>
    public static Finding Surplus(RuntimeInstance instance, long day, IReadOnlyList<string> components, long units, Amount charged, Amount? right)
    {
        var at = new Instant(day * ComponentDay.Seconds * Instant.MicrosPerSecond);
        var names = string.Join(", ", components);
        return new(
            FindingCode.LedgerMismatch,
            Scope(instance, at),
            $"surplus/{instance.Id}/{day}", charged, right,
            $"{units} s of {instance.Id} ({names}) are charged on the day of {at} beyond its active time",
            $"SELECT * FROM usage_records WHERE app_instance_id = '{instance.Id}' AND occurred_at >= '{at}' ORDER BY occurred_at",
            new Repair.MeterAnew(instance.Id, day, right is { } should ? should - charged : null));
    }

    /// <summary>Less stands charged on a day than a component was active for.</summary>
    /// <param name="missing">Not empty: what of the day is to be recorded, and what each costs.</param>
    /// <param name="instead">What stands charged for parts of it, and comes back for it; null: nothing.</param>
    /// <param name="seconds">By how much the records are short.</param>
    public static Finding Missing(RuntimeInstance instance, ComponentDay day, IReadOnlyList<Unmetered> missing, Amount? instead, long seconds)
    {
        var component = instance.Components[day.Component].Name;
        Amount? charge = missing.All(one => one.Charge is not null) ? missing.Sum(one => one.Charge!.Value) : null;
        var at = new Instant(missing[0].Stretch.From * Instant.MicrosPerSecond);
        return new(
            FindingCode.MissingUsage,
            Scope(instance, at),
            $"runtime/{instance.Id}/{component}/{day.Day}", instead, charge,
            $"{instance.Id}/{component} was active for {seconds} s from {at} on without a usage record",
            $"SELECT * FROM usage_records WHERE app_instance_id = '{instance.Id}' AND runtime_component = '{component}' ORDER BY occurred_at",
            new Repair.Meter(instance.Id, component, day.Day, charge is { } all ? all - (instead ?? Amount.Zero) : null));
    }

    private static FindingScope Scope(RuntimeInstance instance, Instant at) =>
        new(instance.Org, instance.Project, instance.Team, instance.Key, instance.Id, CorrelationId: instance.CorrelationId, At: at);
}
