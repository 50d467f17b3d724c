using System.Security.Cryptography;
using System.Text;
using Tieout.Core.Metering;
using Tieout.Core.Runtime;

namespace Tieout.Core.Reconciliation.SelfCheck;

/// <summary>The registered app instances and allocations: what usage in their name must say.</summary>
/// <param name="recordId">The usage id of a record of an instance, by the org and the record's own name.</param>
public sealed class Instances(IEnumerable<ActivityLog> logs, Func<string, string, AttemptId> recordId)
{
    public static readonly Instances None = new([], (_, _) => default);

    private readonly Dictionary<(string Org, string Id), ActivityLog> _logs = logs.ToDictionary(log => (log.Instance.Org, log.Instance.Id));

    public IEnumerable<ActivityLog> Logs => _logs.Values;

    /// <summary>Those of some orgs alone.</summary>
    public Instances Where(Func<string, bool> isWanted) => new(_logs.Values.Where(log => isWanted(log.Instance.Org)), recordId);

    public ActivityLog? Find(string org, string? id) => id is null ? null : _logs.GetValueOrDefault((org, id));

    /// <summary>What the labels should say; null: they do, or nothing is known of the instance.</summary>
    public UsageLabels? Right(UsageLabels labels, Instant occurredAt)
    {
        if (labels.Runtime is not { } runtime || Find(labels.Org, runtime.AppInstance) is not { } log) return null;
        var instance = log.Instance;
        var place = Place(instance, runtime.Component);
        var mode = place < 0 ? runtime.OperatingMode : ModeAt(log, place, occurredAt, runtime.OperatingMode);
        var right = new RuntimeLabels(
            instance.Id, runtime.Component, place < 0 ? runtime.IsControlPlane : instance.Components[place].IsControlPlane, mode, instance.ControlPlaneScope,
            instance.Backend);
        var shall = UsageRules.With(labels, labels.Org, instance.Project, instance.Source, right);
        return shall.Equals(labels) ? null : shall;
    }

    /// <summary>The id of the record that stands instead: of an instance's own, the next revision of its interval.</summary>
    public AttemptId NextId(UsageRecord usage, UsageLabels labels)
    {
        if (usage.Labels.Runtime is { AppInstance: { } app, Component: { } component } && Find(labels.Org, app) is not null)
        {
            return recordId(labels.Org, $"{app}/{component}/{usage.OccurredAt.UnixMicros / Instant.MicrosPerSecond}/{usage.AttemptNo + 1}");
        }

        // As ids that are handed in: version 8, and a first byte that sorts before every id of our own.
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"relabel\n{labels.Org}\n{usage.Id}"));
        hash[0] = 0;
        hash[6] = (byte)(0x80 | (hash[6] & 0x0F));
        hash[8] = (byte)(0x80 | (hash[8] & 0x3F));
        return new(new Guid(hash.AsSpan(0, 16), bigEndian: true));
    }

    public static int Place(RuntimeInstance instance, string? component)
    {
        for (var i = 0; i < instance.Components.Length; i++)
        {
            if (string.Equals(instance.Components[i].Name, component, StringComparison.Ordinal)) return i;
        }

        return -1;
    }

    /// <summary>What the activity says; where it says nothing, what the record says.</summary>
    private static string? ModeAt(ActivityLog log, int place, Instant at, string? otherwise)
    {
        var second = at.UnixMicros / Instant.MicrosPerSecond;
        foreach (var stretch in log.Between(second, second + 1))
        {
            if (stretch.Component == place) return stretch.Mode;
        }

        return otherwise;
    }
}
