using System.Collections.Immutable;
using Tieout.Core.Metering;

namespace Tieout.Core.Runtime;

/// <summary>An app instance, or an allocation of GPUs: a resource that costs by the second while it is active.</summary>
/// <param name="Id">Its name within the org.</param>
/// <param name="Source"><see cref="UsageSource.AppRuntime"/> or <see cref="UsageSource.Allocation"/>.</param>
/// <param name="Provider">Whose price list its components are in; null: the one that models of their names belong to.</param>
/// <param name="OperatingMode">The mode it starts in, until an event says another.</param>
/// <param name="HeartbeatSeconds">How long a sign of life proves activity; null: it is active from its start to its stop, heard of or not.</param>
/// <param name="CorrelationId">That of the call that made it: what a diagnosis begins with.</param>
public sealed record RuntimeInstance(
    string Org, string Id, UsageSource Source, string? Project, string? Team, string? Key, string? Provider, string? OperatingMode,
    string? ControlPlaneScope, string? Backend, long? HeartbeatSeconds, string? CorrelationId, ImmutableArray<RuntimeComponent> Components)
{
    public const int ComponentsMax = 32;

    /// <summary>A month: above it, say null.</summary>
    public const long HeartbeatSecondsMax = 31 * 86_400;

    /// <summary>What usage of a component counts for.</summary>
    public RuntimeLabels LabelsOf(RuntimeComponent component, string? mode) =>
        new(Id, component.Name, component.IsControlPlane, mode, ControlPlaneScope, Backend);
}

/// <summary>A part of an instance: its workers, or a scheduler, head or control service.</summary>
/// <param name="Model">What the price list calls it: a GPU model for what has GPUs, else a kind of machine.</param>
/// <param name="Gpus">GPUs of one replica; 0: it is charged for by the replica.</param>
/// <param name="Replicas">How many there are until an event says otherwise.</param>
/// <param name="IsControlPlane">It steers work instead of doing it, and is a line of its own.</param>
public sealed record RuntimeComponent(string Name, string Model, int Gpus, int Replicas, bool IsControlPlane)
{
    public const int GpusMax = 1_024;
    public const int ReplicasMax = 100_000;

    /// <summary>What its time is counted in.</summary>
    public UsageUnit Unit => Gpus > 0 ? UsageUnits.GpuSeconds : UsageUnits.InstanceSeconds;

    /// <summary>How many of <see cref="Unit"/> it uses in so many seconds.</summary>
    public long UnitsIn(long seconds, int replicas) => seconds * replicas * Math.Max(1, Gpus);
}
