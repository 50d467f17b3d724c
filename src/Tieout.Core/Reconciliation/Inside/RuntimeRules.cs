using Tieout.Core.Money;
using Tieout.Core.Runtime;

namespace Tieout.Core.Reconciliation.Inside;

/// <summary>What a day of a component stands charged for, in its unit. Days are UTC, as the operations of instances are.</summary>
public readonly record struct ComponentDay(string Org, string Instance, int Component, long Day)
{
    public const long Seconds = 86_400;
}

/// <summary>A stretch of activity that no record stands for, with what it costs; null: no price is known.</summary>
public sealed record Unmetered(Stretch Stretch, Amount? Charge);

/// <summary>Activity without usage. Pure: activity from the events, usage from the records that stand.</summary>
public static class RuntimeRules
{
    /// <summary>The days on which a component was active for more than stands charged.</summary>
    /// <param name="standing">Units that stand charged; a day that is not in it: none.</param>
    /// <param name="due">The first second whose usage need not be there yet.</param>
    public static IEnumerable<ComponentDay> Short(Instances instances, IReadOnlyDictionary<ComponentDay, long> standing, long due)
    {
        foreach (var log in instances.Logs)
        {
            if (log.Events.Count == 0) continue;
            var instance = log.Instance;
            for (var day = log.Events[0].Second / ComponentDay.Seconds; day * ComponentDay.Seconds < due; day++)
            {
                var used = new long[instance.Components.Length];
                foreach (var stretch in log.Between(day * ComponentDay.Seconds, Math.Min(due, (day + 1) * ComponentDay.Seconds)))
                {
                    used[stretch.Component] += instance.Components[stretch.Component].UnitsIn(stretch.Seconds, stretch.Replicas);
                }

                for (var i = 0; i < used.Length; i++)
                {
                    var key = new ComponentDay(instance.Org, instance.Id, i, day);
                    if (used[i] > standing.GetValueOrDefault(key)) yield return key;
                }
            }
        }
    }

    /// <param name="missing">Not empty: what of the day no record stands for.</param>
    public static Finding Missing(RuntimeInstance instance, ComponentDay day, IReadOnlyList<Unmetered> missing)
    {
        var component = instance.Components[day.Component].Name;
        Amount? charge = missing.All(one => one.Charge is not null) ? missing.Aggregate(Amount.Zero, (sum, one) => sum + one.Charge!.Value) : null;
        var at = new Instant(missing[0].Stretch.From * Instant.MicrosPerSecond);
        var seconds = missing.Sum(one => one.Stretch.Seconds);
        return new(
            FindingCode.MissingUsage,
            new(instance.Org, instance.Project, instance.Team, instance.Key, instance.Id, CorrelationId: instance.CorrelationId, At: at),
            $"runtime/{instance.Id}/{component}/{day.Day}", Left: null, charge,
            $"{instance.Id}/{component} was active for {seconds} s from {at} on that no usage record stands for",
            $"SELECT * FROM usage_records WHERE app_instance_id = '{instance.Id}' AND runtime_component = '{component}' ORDER BY occurred_at",
            new Repair.Meter(instance.Id, component, day.Day, charge));
    }
}
